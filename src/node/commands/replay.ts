/** `replay`: run the runs of a record again and compare what they write. */
import type { IReplayReply, IReplaysReply } from '../../api';
import { readCondensed, type IReplayNotebook } from '../../replay/notebook';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { CliError, EXIT_IMPOSSIBLE, EXIT_NO } from '../errors';
import { findReplayable, type IReplayable } from '../finding';
import { keepReplay, noteFailure, type IKeptReplay } from '../kept-replay';
import { replayRecord, type IReplayResult } from '../replay-session';
import { findReplayBase, NotPossible, type IReplayBase } from '../replaying';
import { formatReplay } from '../replay-words';
import { findReplays, replayLines } from '../replays';

export interface IReplayOptions extends ICommonOptions {
  record?: string;
  minimize?: boolean;
  time?: string;
  output?: string;
  sign?: 'local' | 'none';
  /** Only tell which replays there are. */
  list?: boolean;
}

export async function runReplay(
  context: IContext,
  name: string,
  options: IReplayOptions
): Promise<number> {
  const startedAt = context.now();
  const budgetMs = options.time === undefined ? null : parseTime(options.time);
  const replayable = await findReplayable(context, options, name);
  if (options.list === true) {
    return list(context, options, replayable);
  }
  const ready = await prepare(context, replayable);
  if (typeof ready === 'string') {
    const result = notPossible(ready);
    noteFailure(context, replayable, result);
    return answer(context, options, replayable, result, null);
  }
  const result = await replayRecord(context, {
    uuid: replayable.uuid,
    base: ready,
    notebook: replayable.notebook?.bytes ?? Buffer.alloc(0),
    minimize: options.minimize === true,
    budgetMs,
    json: options.json === true
  });
  if (result.statement === null) {
    noteFailure(context, replayable, result);
  }
  const kept =
    result.statement === null
      ? null
      : await keepReplay(context, {
          replayable,
          base: ready,
          result: { ...result, statement: result.statement },
          startedAt,
          sign: options.sign ?? 'local',
          output:
            options.output === undefined
              ? null
              : resolveName(context, options, options.output)
        });
  return answer(context, options, replayable, result, kept);
}

/** The replays that lie in the record's folder; nothing is run. */
async function list(
  context: IContext,
  options: IReplayOptions,
  { statement, record }: IReplayable
): Promise<number> {
  const replays = await findReplays(context, statement, record);
  const reply: IReplaysReply = {
    replays: replays.map(note => ({
      ...note,
      file: showPath(context, options, note.file)
    }))
  };
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : `${replayLines(replays).join('\n')}\n`
  );
  return 0;
}

/** What is needed, or half a sentence why it isn't there. */
async function prepare(
  context: IContext,
  replayable: IReplayable
): Promise<IReplayBase | string> {
  if (replayable.notebook === null) {
    return (replayable.reason ?? '').replace(/^I/, 'i');
  }
  const text = replayable.notebook.bytes.toString('utf8');
  const notebook: IReplayNotebook | null = readCondensed(text);
  if (notebook === null) {
    return 'its condensed notebook isn’t one that this version can read';
  }
  try {
    return await findReplayBase(context, replayable, notebook);
  } catch (error) {
    if (error instanceof NotPossible) {
      return error.message;
    }
    throw error;
  }
}

function notPossible(reason: string): IReplayResult {
  return {
    outcome: 'not-possible',
    reason,
    run: null,
    subjects: [],
    runs: { kept: 0, replayed: 0 },
    minimized: null,
    replays: 0,
    surroundings: null,
    statement: null
  };
}

function answer(
  context: IContext,
  options: ICommonOptions,
  { record }: IReplayable,
  result: IReplayResult,
  kept: IKeptReplay | null
): number {
  const show = (file: string) => showPath(context, options, file);
  const reply: IReplayReply = {
    type: 'done',
    outcome: result.outcome,
    reason: result.reason,
    run: result.run,
    about: show(record.file),
    subjects: result.subjects,
    runs: result.runs,
    dropped: result.minimized?.dropped ?? [],
    minimal: result.minimized?.minimal ?? null,
    replays: result.replays,
    surroundings: result.surroundings,
    signed: kept?.signed ?? false,
    record: kept === null ? null : show(kept.record),
    notebook:
      kept === null || kept.notebook === null ? null : show(kept.notebook)
  };
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : `${formatReplay(reply)}\n`
  );
  switch (result.outcome) {
    case 'same-digest':
    case 'same-content':
      return 0;
    case 'not-possible':
      return EXIT_IMPOSSIBLE;
    case 'close':
    case 'different':
    case 'failed':
    case 'refused':
      return EXIT_NO;
  }
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `10m`, `1h`; a bare number is seconds. */
function parseTime(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([smh]?)$/.exec(text.trim());
  if (found === null) {
    throw new CliError('usage', 'Write a time as: --time 90s, 10m or 1h');
  }
  return Number(found[1]) * (UNITS[found[2] || 's'] ?? 1000);
}
