/** A replay's statement, signed and kept beside the record that it is about. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { signBundle, signerFromPem } from '../envelope/sign';
import { runKey, withoutRuns } from '../replay/notebook';
import { replayStatement } from '../replay/statement';
import { ReplayFailure } from '../replay/types';
import { PROGRAM } from './attest';
import type { IContext } from './context';
import { makePrivateFolder, sha256, writeAtomic } from './files';
import type { IReplayable } from './finding';
import { ensureSigningKey } from './keys';
import { payloadOf } from './records';
import type { IReplayMade, IReplayResult } from './replay-session';
import type { IReplayBase } from './replaying';
import { FAILURE_NAME } from './replays';

export interface IKeepReplay {
  replayable: IReplayable;
  base: IReplayBase;
  result: IReplayResult & { statement: IReplayMade };
  startedAt: Date;
  sign: 'local' | 'none';
  /** Where one more copy goes. */
  output: string | null;
}

export interface IKeptReplay {
  signed: boolean;
  record: string;
  /** The notebook without the runs left out; null where none was. */
  notebook: string | null;
}

/** Make the statement, sign it as asked, write it into the record's folders. */
export async function keepReplay(
  context: IContext,
  wish: IKeepReplay
): Promise<IKeptReplay> {
  const id = randomUUID();
  const minimized = minimizedNotebook(wish);
  const notebookName = `replay-${id}.ipynb`;
  const bytes = statementBytes(context, wish, id, minimized, notebookName);
  const key =
    wish.sign === 'local' ? ensureSigningKey(context.places.keys) : null;
  const record =
    key === null
      ? bytes
      : await signBundle(bytes, await signerFromPem(key.privatePem));
  const name = `replay-${id}.${key === null ? 'intoto' : 'sigstore'}.json`;
  const folders = foldersOf(context, wish.replayable);
  for (const folder of folders) {
    writeAtomic(path.join(folder, name), record, { mode: 0o600 });
    if (minimized !== null) {
      writeAtomic(path.join(folder, notebookName), minimized, { mode: 0o600 });
    }
  }
  if (wish.output !== null) {
    writeAtomic(wish.output, record);
  }
  const shown = folders[folders.length - 1] as string;
  return {
    signed: key !== null,
    record: wish.output ?? path.join(shown, name),
    notebook: minimized === null ? null : path.join(shown, notebookName)
  };
}

/** Note that a replay made nothing that a statement could be about, in place of an earlier note. */
export function noteFailure(
  context: IContext,
  replayable: IReplayable,
  { outcome, reason, run, runs }: IReplayResult
): void {
  const note = ReplayFailure.parse({
    version: 1,
    record: recordName(replayable),
    deriver: PROGRAM,
    at: toSeconds(context.now()),
    ...{ outcome, reason, run, runs }
  });
  for (const folder of foldersOf(context, replayable)) {
    const file = path.join(folder, FAILURE_NAME);
    writeAtomic(file, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  }
}

/** The record whose runs were run again, by its id and the digest of what is signed. */
function recordName({ record, statement }: IReplayable): {
  invocationId: string;
  sha256: string;
} {
  return {
    invocationId: statement.predicate.runDetails.metadata.invocationId,
    sha256: sha256(Buffer.from(payloadOf(record.bytes) ?? '', 'utf8'))
  };
}

/** The record's folder in the journal home, and the one beside the notebook. */
function foldersOf(context: IContext, { record, uuid }: IReplayable): string[] {
  const records = path.join(context.places.home, 'records');
  const home = path.join(records, uuid);
  makePrivateFolder(records);
  makePrivateFolder(home);
  const beside = path.dirname(record.file);
  const isFolder = path.basename(beside) === uuid && beside !== home;
  return [home, ...(isFolder ? [beside] : [])];
}

function minimizedNotebook({ replayable, result }: IKeepReplay): Buffer | null {
  const dropped = result.minimized?.dropped ?? [];
  return dropped.length === 0 || replayable.notebook === null
    ? null
    : Buffer.from(
        withoutRuns(
          replayable.notebook.bytes.toString('utf8'),
          new Set(dropped.map(runKey))
        )
      );
}

function statementBytes(
  context: IContext,
  { replayable, base, result, startedAt }: IKeepReplay,
  id: string,
  minimized: Buffer | null,
  notebookName: string
): Uint8Array {
  const { notebook } = replayable;
  return replayStatement({
    invocationId: `urn:uuid:${id}`,
    startedOn: toSeconds(startedAt),
    finishedOn: toSeconds(context.now()),
    deriver: PROGRAM,
    record: recordName(replayable),
    notebookSha256: sha256(notebook?.bytes ?? Buffer.alloc(0)),
    inputs: base.inputs.map(({ place, sha256: digest }) => ({
      name: place.up ?? place.rel,
      sha256: digest
    })),
    inputsUnchecked: base.inputsUnchecked,
    subjects: result.statement.subjects,
    runs: result.runs,
    minimized: result.minimized,
    replays: result.replays,
    surroundings: result.statement.surroundings,
    byproducts:
      minimized === null
        ? []
        : [{ name: notebookName, sha256: sha256(minimized) }]
  }).bytes;
}

/** RFC 3339 to the second: some readers of statements refuse more digits. */
function toSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
