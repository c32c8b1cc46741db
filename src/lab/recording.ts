/**
 * Follows the notebook in front and asks the server whether it is recorded.
 * Nothing here reads the notebook's content: the work per run is one request,
 * whatever the notebook's size.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents, Kernel } from '@jupyterlab/services';
import { Debouncer, Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IStatusReply } from '../api';
import type { IAttestClient, IRecording } from '../tokens';

/** Between two questions while nothing happens, in milliseconds. */
const POLL_MS = 10_000;
const POLL_MAX_MS = 120_000;
/** A burst of runs asks once, after it, in milliseconds. */
const SETTLE_MS = 400;

export interface IRecordingOptions {
  tracker: INotebookTracker;
  shell: JupyterFrontEnd.IShell;
  contents: Contents.IManager;
  client: IAttestClient;
}

/** Drives whose files the server sees under the same path. */
const LOCAL_DRIVES = ['', 'RTC'];

export class Recording implements IRecording {
  constructor(private _options: IRecordingOptions) {
    const { tracker, shell } = _options;
    this._poll = new Poll({
      name: 'jupyter-attest:status',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: POLL_MS, backoff: true, max: POLL_MAX_MS },
      standby: () => (this._panel && !document.hidden ? 'never' : true)
    });
    this._soon = new Debouncer(() => this.refresh(), SETTLE_MS);
    tracker.currentChanged.connect(this._follow, this);
    shell.currentChanged?.connect(this._follow, this);
    this._follow();
    void this._poll.start();
  }

  get path(): string | null {
    return this._path;
  }

  get status(): IStatusReply | null {
    return this._status;
  }

  get unreachable(): boolean {
    return this._unreachable;
  }

  get changed(): ISignal<IRecording, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._poll.dispose();
    this._soon.dispose();
    Signal.clearData(this);
  }

  async refresh(): Promise<void> {
    if (!this._isDisposed) {
      await this._poll.refresh();
      await this._poll.tick;
    }
  }

  /** Take the notebook in front, or none when something else is in front. */
  private _follow(): void {
    const { tracker, shell } = this._options;
    const current = tracker.currentWidget;
    const front = shell.currentWidget;
    this._watch(current && front && current === front ? current : null);
  }

  private _watch(panel: NotebookPanel | null): void {
    if (panel === this._panel) {
      return;
    }
    if (this._panel) {
      this._disconnect(this._panel);
    }
    this._panel = panel;
    if (panel) {
      panel.context.pathChanged.connect(this._moved, this);
      panel.context.saveState.connect(this._onSaveState, this);
      panel.sessionContext.statusChanged.connect(this._onKernelStatus, this);
      panel.disposed.connect(this._onPanelDisposed, this);
    }
    this._moved();
  }

  private _disconnect(panel: NotebookPanel): void {
    panel.disposed.disconnect(this._onPanelDisposed, this);
    panel.context?.pathChanged.disconnect(this._moved, this);
    panel.context?.saveState.disconnect(this._onSaveState, this);
    panel.sessionContext?.statusChanged.disconnect(this._onKernelStatus, this);
  }

  private _onPanelDisposed(): void {
    this._panel = null;
    this._moved();
  }

  private _moved(): void {
    const { contents } = this._options;
    const place = this._panel?.context.path;
    const known =
      place !== undefined && LOCAL_DRIVES.includes(contents.driveName(place));
    this._path = known ? contents.localPath(place) : null;
    this._status = null;
    this._unreachable = false;
    this._changed.emit();
    if (this._path !== null) {
      void this.refresh();
    }
  }

  private _onSaveState(
    _: DocumentRegistry.Context,
    state: DocumentRegistry.SaveState
  ): void {
    if (state.startsWith('completed')) {
      this._later();
    }
  }

  private _onKernelStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status !== 'busy') {
      this._later();
    }
  }

  private _later(): void {
    // Rejected when it is disposed of meanwhile: nobody waits for it then.
    this._soon.invoke().catch(() => undefined);
  }

  private async _ask(): Promise<void> {
    const path = this._path;
    if (path === null) {
      return;
    }
    const [status, problem] = await this._options.client.status(path).then(
      answer => [answer, undefined] as const,
      (error: unknown) => [null, error] as const
    );
    if (path !== this._path || this._isDisposed) {
      return;
    }
    this._status = status ?? this._status;
    this._unreachable = status === null;
    this._changed.emit();
    if (problem !== undefined) {
      // The poll backs off when its factory rejects.
      throw problem;
    }
  }

  private _poll: Poll;
  private _soon: Debouncer;
  private _panel: NotebookPanel | null = null;
  private _path: string | null = null;
  private _status: IStatusReply | null = null;
  private _unreachable = false;
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
