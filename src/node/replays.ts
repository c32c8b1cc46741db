/** Replays of a record that lie in its folder. */
import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import type { IReplayNote } from '../api';
import {
  ReplayFailure,
  ReplayStatement,
  type ReplayedSubject
} from '../replay/types';
import { outcomeWords } from '../replay/words';
import { verifyRecord } from '../verify/verify';
import { expected } from './checking';
import type { IContext } from './context';
import { readLimited, statOf } from './files';
import { invocationUuid } from './finding';
import { isBundle, payloadOf, readRecord, type IRecordFile } from './records';
import type { Statement } from '../record/types';
import { ENGLISH } from './run-words';
import { formatCount, formatTime, plural, printable, wrap } from './text';

/** Name of the note of the last replay that made no statement. */
export const FAILURE_NAME = 'replay-without-result.json';

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
    for (const name of namesIn(folder).filter(isReplayName)) {
      const file = path.join(folder, name);
      const note =
        name === FAILURE_NAME
          ? failureOf(statement, file)
          : await noteOf(context, statement, file);
      if (note !== null) {
        found.set(name, note);
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}

const isReplayName = (name: string): boolean =>
  name === FAILURE_NAME || REPLAY_NAME.test(name);

const FAILURE_LIMIT_BYTES = 64 * 1024;

/** The note of a replay of this record that made nothing; null for any other. */
function failureOf({ predicate }: Statement, file: string): IReplayNote | null {
  const bytes = readLimited(file, FAILURE_LIMIT_BYTES);
  if (!(bytes instanceof Buffer)) {
    return null;
  }
  const { invocationId } = predicate.runDetails.metadata;
  try {
    const { record, at, outcome, reason, run, runs } = ReplayFailure.parse(
      JSON.parse(bytes.toString('utf8'))
    );
    return record.invocationId !== invocationId
      ? null
      : {
          ...{ at, outcome, reason, run, runs, file },
          minimal: null,
          difference: null,
          signed: false,
          keyName: null,
          keyHint: null
        };
  } catch {
    return null;
  }
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
  const signer = isBundle(record.bytes)
    ? await signerOf(context, record, replay)
    : UNSIGNED;
  return signer === null
    ? null
    : {
        at: runDetails.metadata.finishedOn,
        outcome: internalParameters.outcome,
        reason: null,
        run: null,
        runs: internalParameters.runs,
        minimal: internalParameters.minimal ?? null,
        difference: largestDifference(internalParameters.subjects),
        ...signer,
        file
      };
}

function largestDifference(
  subjects: readonly ReplayedSubject[]
): IReplayNote['difference'] {
  const compared = subjects.filter(({ maxAbs }) => maxAbs !== undefined);
  return compared.length === 0
    ? null
    : {
        maxAbs: Math.max(...compared.map(({ maxAbs }) => maxAbs ?? 0)),
        maxRel: Math.max(...compared.map(({ maxRel }) => maxRel ?? 0))
      };
}

type Signer = Pick<IReplayNote, 'signed' | 'keyName' | 'keyHint'>;

const UNSIGNED: Signer = { signed: false, keyName: null, keyHint: null };

/** The known key whose signature holds; null when none does. */
async function signerOf(
  context: IContext,
  record: IRecordFile,
  replay: ReplayStatement
): Promise<Signer | null> {
  const { status, keyName, keyHint } = await verifyRecord({
    file: record.file,
    sha256: replay.subject[0]?.digest.sha256 ?? '',
    record: record.file,
    bytes: record.bytes,
    expectation: expected(context, {}).expectation
  });
  return status === 'ok' ? { signed: true, keyName, keyHint } : null;
}

/** The newest replay in one sentence; null without one. */
export function replaySentence(replays: readonly IReplayNote[]): string | null {
  const last = replays[replays.length - 1];
  return last === undefined
    ? null
    : `Run again on ${formatTime(last.at)}${byWhom(last)}: ${whatItGave(last)}`;
}

/** Every replay, a paragraph each. */
export function replayLines(replays: readonly IReplayNote[]): string[] {
  return replays.length === 0
    ? ['No replay of it lies on this computer.']
    : replays.map(note =>
        wrap(
          `${formatTime(note.at)}${byWhom(note)}: ${whatItGave(note)}`,
          '- ',
          '  '
        )
      );
}

function byWhom({ signed, keyName }: IReplayNote): string {
  if (!signed) {
    return ' (unsigned)';
  }
  return keyName === null ? '' : ` (signed with “${printable(keyName, 64)}”)`;
}

function whatItGave(note: IReplayNote): string {
  const { runs, outcome, reason, run, difference } = note;
  const { kept, replayed } = runs;
  const of =
    kept === 0
      ? 'its runs'
      : kept === replayed
        ? plural(kept, 'run')
        : `${formatCount(replayed)} of its ${plural(kept, 'run')}`;
  const numbers =
    outcome === 'close' && difference !== null
      ? `; the largest difference is ${difference.maxAbs.toPrecision(3)}`
      : '';
  const why = reason === null ? '' : `: ${printable(reason, 300)}`;
  const where = run === null ? '' : ` (run ${formatCount(run)})`;
  return `${of} ${outcomeWords(ENGLISH, outcome)}${numbers}${why}${where}.`;
}
