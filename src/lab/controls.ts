/** What the user can do about recording: pause, resume, forget. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { ISessionSummary } from '../api';
import type { IAttestClient, IRecording } from '../tokens';
import { requestCode } from './errors';
import { visible } from './text';
import { requestProblem, sessionTitle } from './wording';

export interface IControlOptions {
  recording: IRecording;
  client: IAttestClient;
  trans: TranslationBundle;
}

/** Say what couldn't be done; the user asked for it, so it stays until closed. */
function complain(
  trans: TranslationBundle,
  message: (why: string) => string,
  error: unknown
): void {
  Notification.error(message(requestProblem(trans, requestCode(error))), {
    autoClose: false
  });
}

export async function setPaused(
  { recording, client, trans }: IControlOptions,
  paused: boolean
): Promise<void> {
  const sid = recording.status?.sid;
  if (typeof sid !== 'string') {
    return;
  }
  try {
    await (paused ? client.pause(sid) : client.resume(sid));
  } catch (error) {
    complain(
      trans,
      why => trans.__('Recording could not be changed: %1.', why),
      error
    );
  }
  await recording.refresh();
}

/** Which of a notebook's sessions to delete. */
class ForgetBody extends Widget implements Dialog.IBodyWidget<string[]> {
  constructor(sessions: ISessionSummary[], trans: TranslationBundle) {
    super();
    this.addClass('jp-Attest-forget');
    const text = document.createElement('p');
    text.textContent = trans.__(
      "The list of runs and the code that ran are deleted from this server's log and from the folders of saved records. Signed records stay as they are. This can't be undone."
    );
    this.node.append(text);
    this._boxes = sessions.map((session, index) =>
      this._box(session, index === 0, trans)
    );
  }

  /** Ids of the ticked sessions. */
  getValue(): string[] {
    return this._boxes.filter(box => box.checked).map(box => box.value);
  }

  private _box(
    session: ISessionSummary,
    checked: boolean,
    trans: TranslationBundle
  ): HTMLInputElement {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.value = session.sid;
    box.checked = checked;
    const label = document.createElement('label');
    label.append(
      box,
      ' ',
      sessionTitle(trans, session),
      ', ',
      trans._n('%1 run', '%1 runs', session.runs)
    );
    this.node.append(label);
    return box;
  }

  private _boxes: HTMLInputElement[];
}

export async function forget(options: IControlOptions): Promise<void> {
  const { recording, client, trans } = options;
  const path = recording.path;
  if (path === null) {
    return;
  }
  const failed = (why: string): string =>
    trans.__('Nothing was deleted: %1.', why);
  try {
    const { sessions } = await client.sessions(path);
    for (const session of await choose(sessions, path, trans)) {
      await client.forget({ session });
    }
  } catch (error) {
    complain(trans, failed, error);
  }
  await recording.refresh();
}

/** Ids of the sessions to delete; none when cancelled. */
async function choose(
  sessions: ISessionSummary[],
  path: string,
  trans: TranslationBundle
): Promise<string[]> {
  const title = trans.__('Forget what was recorded for %1?', visible(path));
  if (sessions.length === 0) {
    await showDialog({
      title,
      body: trans.__('Nothing has been recorded for this notebook.'),
      buttons: [Dialog.cancelButton({ label: trans.__('Close') })]
    });
    return [];
  }
  const dialog = new Dialog({
    title,
    body: new ForgetBody(sessions, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Forget') })
    ],
    defaultButton: 0
  });
  dialog.node.ariaLabel = title;
  const { button, value } = await dialog.launch();
  return button.accept ? (value ?? []) : [];
}
