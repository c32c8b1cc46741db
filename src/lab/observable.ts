import { Signal } from '@lumino/signaling';
import type { VDomRenderer } from '@jupyterlab/ui-components';

/** A model that says when it changed; views draw themselves anew then. */
export class Observable implements VDomRenderer.IModel {
  /** Emitted after every change. */
  readonly stateChanged = new Signal<this, void>(this);

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _isDisposed = false;
}
