/**
 * The window around the form: JupyterLab's own dialog, with its place in the
 * queue of dialogs, its scrim and its Escape. Its own buttons are left out,
 * because ours can be unavailable for a reason that is said.
 */
import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AttestModel } from './model';
import { AttestForm } from './view';

const FOCUSABLE =
  'button, input:not([disabled]), [tabindex="0"], select, textarea, a[href]';

/** Tab goes round inside the dialog and never behind it. */
class AttestDialog extends Dialog<unknown> {
  override handleEvent(event: Event): void {
    if (event.type === 'keydown' && (event as KeyboardEvent).key === 'Tab') {
      this._goRound(event as KeyboardEvent);
      return;
    }
    if (event.type === 'focus' && !this.node.contains(event.target as Node)) {
      event.stopImmediatePropagation();
      this.node.querySelector<HTMLElement>('[data-attest-first]')?.focus();
      return;
    }
    super.handleEvent(event);
  }

  private _goRound(event: KeyboardEvent): void {
    const all = [...this.node.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
      node => node.offsetParent !== null
    );
    const leaving = event.shiftKey ? all[0] : all[all.length - 1];
    const entering = event.shiftKey ? all[all.length - 1] : all[0];
    if (document.activeElement === leaving) {
      event.preventDefault();
      event.stopPropagation();
      entering?.focus();
    }
  }
}

/**
 * Show the dialog until it is cancelled, or until the record is being made.
 * Afterwards `model.outcome` says which; the focus is back where it was.
 */
export async function showAttestDialog(
  model: AttestModel,
  trans: TranslationBundle
): Promise<void> {
  const title = trans.__('Create a record');
  const dialog = new AttestDialog({
    title,
    body: new AttestForm(model, trans, () => dialog.reject()),
    buttons: [],
    focusNodeSelector: '[data-attest-first]'
  });
  dialog.addClass('jp-Attest-dialog');
  dialog.node.ariaLabel = title;
  const widen = (): void => {
    dialog.toggleClass('jp-Attest-mod-preview', model.previewOpen);
  };
  model.stateChanged.connect(widen);
  void model.load();
  await dialog.launch();
  model.stateChanged.disconnect(widen);
}
