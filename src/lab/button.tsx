/**
 * The notebook toolbar's button. Without anything to attest it stays
 * reachable by keyboard and says why it does nothing, which a disabled
 * button could not.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import type { IRecording } from '../tokens';
import { CommandIDs } from './commands';
import { attestIcon } from './icons';

export interface IAttestButtonOptions {
  commands: JupyterFrontEnd['commands'];
  recording: IRecording;
  trans: TranslationBundle;
  /** Why no record can be made now, or null. */
  why: () => string | null;
}

export class AttestButton extends ReactWidget {
  constructor(private _options: IAttestButtonOptions) {
    super();
    this.addClass('jp-ToolbarButton');
    this.addClass('jp-Attest-toolbarButton');
    _options.recording.changed.connect(this._onChanged, this);
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { commands, trans, why } = this._options;
    const reason = why();
    return (
      <Available
        yes={reason === null}
        label={
          reason === null
            ? trans.__('Attest…')
            : trans.__('Attest… (%1)', reason)
        }
      >
        <ToolbarButtonComponent
          icon={attestIcon}
          label={trans.__('Attest…')}
          tooltip={reason ?? trans.__('Create a record of how a file was made')}
          onClick={() => {
            if (why() === null) {
              void commands.execute(CommandIDs.attest);
            }
          }}
        />
      </Available>
    );
  }

  private _onChanged(): void {
    this.update();
  }
}

/**
 * JupyterLab's button takes no `aria-disabled` of its own, and its tooltip
 * isn't read out: set both on the element.
 */
function Available(props: {
  yes: boolean;
  label: string;
  children: React.ReactNode;
}): JSX.Element {
  const place = React.useRef<HTMLSpanElement>(null);
  React.useLayoutEffect(() => {
    const button = place.current?.firstElementChild;
    button?.setAttribute('aria-disabled', String(!props.yes));
    button?.setAttribute('aria-label', props.label);
  });
  return (
    <span className="jp-Attest-available" ref={place}>
      {props.children}
    </span>
  );
}
