/** Replays of a record that lie in its folder. */
import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import type { IReplayNote } from '../api';
import { ReplayStatement } from '../replay/types';
import { verifyRecord } from '../verify/verify';
import { expected } from './checking';
import type { IContext } from './context';
import { statOf } from './files';
import { invocationUuid } from './finding';
import { isBundle, payloadOf, readRecord, type IRecordFile } from './records';
import type { Statement } from '../record/types';
import { formatTime, plural } from './text';

const REPLAY_NAME = /^replay-[0-9a-f-]{36}\.(sigstore|intoto)\.json$/;

/** The statement of a replay; null for anything else. */
export function parseReplay(record: IRecordFile): ReplayStatement | null {
  try {
    const payload: unknown = JSON.parse(payloadOf(record.bytes) ?? '');
    const parsed = z.safeParse(ReplayStatement, payload);
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Replays of this record, oldest first; those whose signature doesn't hold are left out. */
export async function findReplays(
  context: IContext,
  statement: Statement,
  record: IRecordFile
): Promise<IReplayNote[]> {
  const uuid = invocationUuid(statement);
  const folders = [
    ...(uuid === null ? [] : [path.join(context.places.home, 'records', uuid)]),
    path.dirname(record.file)
  ];
  const found = new Map<string, IReplayNote>();
  for (const folder of folders) {
    for (const name of namesIn(folder).filter(each => REPLAY_NAME.test(each))) {
      const note = await noteOf(context, statement, path.join(folder, name));
      if (note !== null) {
        found.set(name, note);
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}

function namesIn(folder: string): string[] {
  return statOf(folder)?.isDirectory() === true ? fs.readdirSync(folder) : [];
}

async function noteOf(
  context: IContext,
  { predicate }: Statement,
  file: string
): Promise<IReplayNote | null> {
  const record = readRecord(file);
  const replay = typeof record === 'string' ? null : parseReplay(record);
  if (typeof record === 'string' || replay === null) {
    return null;
  }
  const { buildDefinition, runDetails } = replay.predicate;
  const { externalParameters, internalParameters } = buildDefinition;
  const { invocationId } = predicate.runDetails.metadata;
  if (externalParameters.record.invocationId !== invocationId) {
    return null;
  }
  const signed = isBundle(record.bytes);
  if (signed && !(await holds(context, record, replay))) {
    return null;
  }
  return {
    at: runDetails.metadata.finishedOn,
    outcome: internalParameters.outcome,
    runs: internalParameters.runs,
    minimal: internalParameters.minimal ?? null,
    signed,
    file
  };
}

async function holds(
  context: IContext,
  record: IRecordFile,
  replay: ReplayStatement
): Promise<boolean> {
  const { status } = await verifyRecord({
    file: record.file,
    sha256: replay.subject[0]?.digest.sha256 ?? '',
    record: record.file,
    bytes: record.bytes,
    expectation: expected(context, {}).expectation
  });
  return status === 'ok';
}

const OUTCOME_WORDS: Record<IReplayNote['outcome'], string> = {
  'same-digest': 'gave the same bytes',
  'same-content': 'gave the same content in other bytes',
  close: 'gave numbers that are close, not the same',
  different: 'gave something else'
};

/** The newest replay in one sentence; null without one. */
export function replaySentence(replays: readonly IReplayNote[]): string | null {
  const last = replays[replays.length - 1];
  if (last === undefined) {
    return null;
  }
  const { kept, replayed } = last.runs;
  const of =
    kept === replayed
      ? plural(kept, 'run')
      : `${replayed} of its ${plural(kept, 'run')}`;
  const unsigned = last.signed ? '' : ' (unsigned)';
  return `Run again on ${formatTime(last.at)}${unsigned}: ${of} ${OUTCOME_WORDS[last.outcome]}.`;
}
