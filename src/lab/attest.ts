/**
 * From the button to the notification: show the dialog, wait for the record,
 * say how it went. One notification per record, and none for a fast one until
 * it is done.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ICreateDone, IErrorReply } from '../api';
import type { CreateOutcome, IAttestClient } from '../tokens';
import { RequestError } from './errors';
import { showAttestDialog } from './dialog/dialog';
import { AttestModel } from './dialog/model';
import { fromNotebook, visible } from './text';
import { errorReason, requestProblem } from './wording';

/** A record that is made within this time shows no "Signing…", in milliseconds. */
const PATIENCE_MS = 400;
const SUCCESS_MS = 5000;

export interface IAttestOptions {
  /** Contents path of the notebook. */
  path: string;
  client: IAttestClient;
  contents: Contents.IManager;
  trans: TranslationBundle;
  /** Open a record in the main area. */
  open: (path: string) => void;
}

/** Show the dialog for a notebook; ends when the record is made or given up. */
export async function attest(options: IAttestOptions): Promise<void> {
  const { path, client, contents, trans } = options;
  const model = new AttestModel({
    client,
    path,
    nearby: () => filesBeside(contents, path)
  });
  await showAttestDialog(model, trans);
  const { outcome } = model;
  model.dispose();
  if (outcome) {
    await report(outcome, options);
  }
}

async function filesBeside(
  contents: Contents.IManager,
  path: string
): Promise<string[]> {
  const folder = await contents.get(PathExt.dirname(path));
  const models: Contents.IModel[] = folder.content ?? [];
  return models.filter(model => model.type === 'file').map(model => model.path);
}

async function report(
  outcome: Promise<CreateOutcome>,
  options: IAttestOptions
): Promise<void> {
  const { trans } = options;
  let id: string | null = null;
  const timer = setTimeout(() => {
    id = Notification.emit(trans.__('Signing…'), 'in-progress', {
      autoClose: false
    });
  }, PATIENCE_MS);
  const reply = await outcome.catch((error: unknown): RequestError =>
    error instanceof RequestError
      ? error
      : new RequestError('failed', { cause: error })
  );
  clearTimeout(timer);
  const notice = noticeOf(reply, options);
  if (id === null) {
    Notification.emit(notice.message, notice.type, notice.options);
  } else {
    Notification.update({ id, ...notice, ...notice.options });
  }
}

interface INotice {
  message: string;
  type: 'default' | 'warning' | 'error';
  options: { autoClose: number | false; actions: Notification.IAction[] };
}

function noticeOf(
  reply: CreateOutcome | RequestError,
  options: IAttestOptions
): INotice {
  const { trans } = options;
  if (reply instanceof RequestError) {
    return failed(requestProblem(trans, reply.code), [], options);
  }
  switch (reply.type) {
    case 'done':
      return saved(reply, options);
    case 'error':
      return failed(
        errorReason(trans, reply),
        [details(reply, options)],
        options
      );
    case 'refused':
      return failed(trans.__('a file has changed meanwhile'), [], options);
  }
}

function saved(done: ICreateDone, options: IAttestOptions): INotice {
  const { trans, open, path } = options;
  const copy = done.copy;
  if (copy === null || copy.problem !== null) {
    return {
      message: trans.__(
        "Record saved in Jupyter's data folder. There is no copy beside the file: %1",
        visible(copy?.problem ?? trans.__('none was made'))
      ),
      type: 'warning',
      options: { autoClose: false, actions: [] }
    };
  }
  return {
    message: trans.__(
      'Record saved: %1',
      visible(fromNotebook(copy.path, path))
    ),
    // A 'success' would come with a tick: nothing was judged here.
    type: 'default',
    options: {
      autoClose: SUCCESS_MS,
      actions: [{ label: trans.__('Open'), callback: () => open(copy.path) }]
    }
  };
}

function failed(
  reason: string,
  more: Notification.IAction[],
  options: IAttestOptions
): INotice {
  const { trans } = options;
  return {
    message: trans.__('Not signed: %1.', reason),
    type: 'error',
    options: {
      autoClose: false,
      actions: [
        ...more,
        {
          label: trans.__('Try again'),
          callback: () => void attest(options)
        }
      ]
    }
  };
}

/** What the server said about a failure: its own sentence, as text. */
function details(
  error: IErrorReply,
  { trans }: IAttestOptions
): Notification.IAction {
  return {
    label: trans.__('Details'),
    callback: () =>
      void showDialog({
        title: trans.__('No record was made'),
        body: visible(error.message),
        buttons: [Dialog.cancelButton({ label: trans.__('Close') })]
      })
  };
}
