/**
 * The status item: icon and words, no colour. It always says whether recording
 * is on; a click opens the menu with what can be done about it.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Throttler } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { Menu } from '@lumino/widgets';
import * as React from 'react';
import type { IRecording } from '../tokens';
import { SIGNS } from './icons';
import { Icon } from './parts';
import { statusWords } from './wording';

/** Changes of state are spoken at most this often, in milliseconds. */
const SPEAK_MS = 5000;

export interface IStatusItemOptions {
  recording: IRecording;
  trans: TranslationBundle;
  commands: JupyterFrontEnd['commands'];
  /** Commands of the menu, in order. */
  entries: string[];
}

export class StatusItem extends ReactWidget {
  constructor(private _options: IStatusItemOptions) {
    super();
    this.addClass('jp-Attest-status');
    const { recording, commands, entries, trans } = _options;
    this._menu = new Menu({ commands });
    this._menu.title.label = trans.__('Provenance');
    entries.forEach(command => this._menu.addItem({ command }));
    this._speak = new Throttler(() => {
      this._spoken = this._words().text;
      this.update();
    }, SPEAK_MS);
    recording.changed.connect(this._onChanged, this);
  }

  /** Emitted when a notebook comes to the front or leaves it. */
  get activeStateChanged(): ISignal<this, void> {
    return this._activeStateChanged;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.clearData(this);
    this._speak.dispose();
    this._menu.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { icon, text, tooltip } = this._words();
    return (
      <>
        <button
          type="button"
          className="jp-Attest-statusButton"
          title={tooltip}
          aria-haspopup="menu"
          onClick={event => this._open(event.currentTarget)}
        >
          <Icon icon={SIGNS[icon]} />
          <span>{text}</span>
        </button>
        <span className="jp-Attest-spoken" role="status">
          {this._spoken}
        </span>
      </>
    );
  }

  private _words(): ReturnType<typeof statusWords> {
    const { recording, trans } = this._options;
    return statusWords(trans, recording.status, recording.unreachable);
  }

  private _open(button: HTMLElement): void {
    const box = button.getBoundingClientRect();
    // No room below: the menu places itself above.
    this._menu.open(box.left, box.top);
  }

  private _onChanged(): void {
    const { path, status, unreachable } = this._options.recording;
    if ((path !== null) !== this._active) {
      this._active = path !== null;
      this._activeStateChanged.emit();
    }
    const state = unreachable ? 'stopped' : (status?.state ?? null);
    if (state !== null && state !== this._state) {
      const first = this._state === null;
      this._state = state;
      // What was already so when the notebook was opened is no change.
      if (!first) {
        this._speak.invoke().catch(() => undefined);
      }
    }
    this.update();
  }

  private _menu: Menu;
  private _speak: Throttler;
  private _spoken = '';
  private _state: string | null = null;
  private _active = false;
  private _activeStateChanged = new Signal<this, void>(this);
}
