/** What "Export provenance file" downloads. */
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAttestClient, IRecordFile } from '../tokens';
import { requestCode } from './errors';
import { saveText } from './download';
import { errorReason, requestProblem } from './wording';

const WARNING_MS = 5000;

/** The newest saved record of a notebook, signed or not; null when there is none. */
export async function newestRecord(
  client: IAttestClient,
  path: string
): Promise<IRecordFile | null> {
  const { records } = await client.records(path);
  for (const record of records) {
    const ending = record.signed ? 'sigstore.json' : 'intoto.json';
    const text = await client.member(record.invocation, `record.${ending}`);
    if (text !== null) {
      return { name: `${nameOf(record.subjects, path)}.${ending}`, text };
    }
  }
  return null;
}

/** Named after its one subject, or after the notebook. */
function nameOf(subjects: string[], path: string): string {
  const [only, ...more] = subjects;
  return only !== undefined && more.length === 0
    ? PathExt.basename(only)
    : PathExt.basename(path);
}

/** The statement that a record of all unchanged written files would hold; or why there is none. */
async function unsigned(
  client: IAttestClient,
  path: string,
  trans: TranslationBundle
): Promise<IRecordFile | string> {
  const { sessions } = await client.sessions(path);
  const newest = sessions.find(({ written }) =>
    written.some(({ state }) => state !== 'changed' && state !== 'gone')
  );
  if (!newest) {
    return trans.__(
      'this notebook has written no file that is still as it was'
    );
  }
  const reply = await client.create({
    for: newest.written
      .filter(({ state }) => state !== 'changed' && state !== 'gone')
      .map(file => file.path),
    session: newest.sid,
    notebook: path,
    sign: 'none',
    dryRun: true
  });
  switch (reply.type) {
    case 'done':
      return { name: `${nameOf([], path)}.intoto.json`, text: reply.statement };
    case 'refused':
      return trans.__('a file has changed since it was written');
    case 'error':
      return errorReason(trans, reply);
  }
}

export async function exportProvenance(
  client: IAttestClient,
  path: string,
  trans: TranslationBundle
): Promise<void> {
  const found = await (async () =>
    (await newestRecord(client, path)) ??
    (await unsigned(client, path, trans)))().catch((error: unknown) =>
    requestProblem(trans, requestCode(error))
  );
  if (typeof found === 'string') {
    Notification.warning(trans.__('Nothing to export: %1.', found), {
      autoClose: WARNING_MS
    });
    return;
  }
  saveText(found.name, found.text);
}
