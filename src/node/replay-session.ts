/** From a record's runs to an outcome: one replay, a second one where it matters, and minimizing. */
import path from 'node:path';
import type { IReplayReply, ReplayOutcome } from '../api';
import type { Verdict } from '../condense/types';
import { minimize, type IMinimizeState } from '../replay/minimize';
import { isSame, worstRelation } from '../replay/statement';
import type {
  Relation,
  ReplayedSubject,
  RunName,
  Surroundings
} from '../replay/types';
import type { IContext } from './context';
import { CliError } from './errors';
import {
  makePrivateFolder,
  readLimited,
  removeFolder,
  sha256,
  writeAtomic
} from './files';
import { replayOnce, type IReplayBase, type Replayed } from './replaying';
import { VERSION } from './version';

export interface IReplayWish {
  uuid: string;
  base: IReplayBase;
  /** Bytes of the condensed notebook. */
  notebook: Buffer;
  minimize: boolean;
  /** Time for all tries together; null for no limit. */
  budgetMs: number | null;
  json: boolean;
}

/** What a statement says of it. */
export interface IReplayMade {
  subjects: ReplayedSubject[];
  surroundings: Surroundings;
}

export interface IReplayResult {
  outcome: ReplayOutcome;
  reason: string | null;
  run: number | null;
  subjects: ReplayedSubject[];
  runs: IReplayReply['runs'];
  minimized: { dropped: RunName[]; minimal: boolean } | null;
  replays: number;
  surroundings: Surroundings | null;
  /** Null where nothing was made again that a statement could be about. */
  statement: IReplayMade | null;
}

/**
 * Replay a record's runs.
 *
 * @throws CliError `cancelled` after Ctrl+C; what was tried is kept.
 */
export async function replayRecord(
  context: IContext,
  wish: IReplayWish
): Promise<IReplayResult> {
  const session = new ReplaySession(context, wish);
  const interrupt = (): void => session.interrupt();
  process.on('SIGINT', interrupt);
  try {
    const result = await session.run();
    if (result.minimized?.minimal !== false) {
      session.forget();
    }
    return result;
  } finally {
    process.off('SIGINT', interrupt);
    session.stop();
  }
}

/** What is written down between two tries, so that a later command goes on from there. */
interface IProgressFile {
  version: string;
  notebook: string;
  replays: number;
  made: IReplayMade;
  search: IMinimizeState;
}

const STATE_LIMIT_BYTES = 64 * 1024 * 1024;

class ReplaySession {
  private readonly folder: string;
  private readonly kept: string;
  private readonly startedMs = Date.now();
  private readonly digest: string;
  private replays = 0;
  private lastMs = 0;
  private interrupted = false;
  private readonly bar;
  private label = 'Replaying';

  constructor(
    private readonly context: IContext,
    private readonly wish: IReplayWish
  ) {
    this.folder = path.join(context.places.home, 'replays', wish.uuid);
    this.kept = path.join(this.folder, 'kept');
    makePrivateFolder(path.dirname(this.folder));
    makePrivateFolder(this.folder);
    makePrivateFolder(this.kept);
    this.digest = sha256(wish.notebook);
    this.bar = context.terminal.progress(this.label, 1, 'runs');
  }

  async run(): Promise<IReplayResult> {
    const { wish } = this;
    const resumed = wish.minimize ? this.readState() : null;
    if (resumed !== null) {
      this.replays = resumed.replays;
      return this.minimize(resumed);
    }
    const first = await this.replay([], { keep: this.kept, earlier: null });
    if (first.kind !== 'done') {
      return this.ended(first);
    }
    const same = isSame(worstRelation(first.subjects));
    if (same && !wish.minimize) {
      return this.made(first, null);
    }
    const second = await this.replay([], { keep: null, earlier: this.kept });
    if (second.kind !== 'done') {
      return this.ended(second);
    }
    const repeats = (second.again ?? []).every(each => isSame(each.relation));
    if (!repeats) {
      return this.notDeterministic(first.subjects, second);
    }
    if (!same) {
      return this.made(first, null);
    }
    const { subjects, surroundings } = first;
    return this.minimize({
      version: VERSION,
      notebook: this.digest,
      replays: this.replays,
      made: { subjects, surroundings },
      search: { dropped: [], failed: [] }
    });
  }

  /** Ctrl+C: the replay under way ends by itself, and no other is begun. */
  interrupt(): void {
    this.interrupted = true;
  }

  stop(): void {
    this.bar.stop();
  }

  /** Nothing is left to go on from. */
  forget(): void {
    removeFolder(this.folder);
  }

  private async replay(
    dropped: readonly number[],
    { keep, earlier }: { keep: string | null; earlier: string | null }
  ): Promise<Replayed> {
    const { base } = this.wish;
    const runs = base.notebook.runs.filter((_, i) => !dropped.includes(i));
    const startedMs = Date.now();
    const replayed = await replayOnce(this.context, {
      base,
      runs,
      folder: this.folder,
      keep,
      earlier,
      onRun: (done, total) => this.bar.update(done, total, this.label)
    });
    this.lastMs = Date.now() - startedMs;
    if (replayed.kind === 'cancelled' || this.interrupted) {
      this.stop();
      throw new CliError(
        'cancelled',
        this.wish.minimize
          ? 'Stopped; no kernel is left. What was tried is kept: give the same command to go on from there.'
          : 'Stopped; no kernel is left, and nothing was written.',
        { exitCode: CANCELLED }
      );
    }
    this.replays += 1;
    return replayed;
  }

  private async minimize(state: IProgressFile): Promise<IReplayResult> {
    const { base, budgetMs } = this.wish;
    const { runs } = base.notebook;
    const of = (wanted: Verdict) =>
      runs.flatMap(({ verdict }, index) => (verdict === wanted ? [index] : []));
    // A needed run has an edge to the subject; that it was written through isn't shown by it.
    const groups = [of('kept-undecided'), of('needed')];
    let { made } = state;
    this.label = 'Leaving out runs';
    this.writeState(state);
    const result = await minimize(groups, {
      state: state.search,
      test: async dropped => {
        const replayed = await this.replay(dropped, {
          keep: null,
          earlier: this.kept
        });
        if (!isEqualTo(replayed)) {
          return false;
        }
        const { subjects, surroundings } = replayed;
        made = { subjects: asFirst(state.made, subjects), surroundings };
        return true;
      },
      mayGoOn: () =>
        budgetMs === null ||
        Date.now() - this.startedMs + this.lastMs <= budgetMs,
      onTry: (search, left) => {
        this.writeState({ ...state, replays: this.replays, made, search });
        this.tell(search, left);
      }
    });
    const gone = new Set(result.dropped);
    return this.made(made, {
      dropped: runs
        .filter((_, index) => gone.has(index))
        .map(({ session, run }) => ({ session, run })),
      minimal: result.minimal
    });
  }

  private tell(search: IMinimizeState, left: number): void {
    const { json } = this.wish;
    if (json) {
      const line = {
        type: 'progress',
        replays: this.replays,
        dropped: search.dropped.length,
        left
      };
      this.context.terminal.out(`${JSON.stringify(line)}\n`);
    } else if (!this.context.terminal.interactive) {
      this.context.terminal.err(
        `Replay ${this.replays}: ${search.dropped.length} runs left out so far\n`
      );
    }
  }

  private readState(): IProgressFile | null {
    const bytes = readLimited(this.stateFile, STATE_LIMIT_BYTES);
    if (!(bytes instanceof Buffer)) {
      return null;
    }
    try {
      const state = JSON.parse(bytes.toString('utf8')) as IProgressFile;
      const own = state.version === VERSION && state.notebook === this.digest;
      return own ? state : null;
    } catch {
      return null;
    }
  }

  private writeState(state: IProgressFile): void {
    writeAtomic(this.stateFile, JSON.stringify(state), { mode: 0o600 });
  }

  private get stateFile(): string {
    return path.join(this.folder, 'state.json');
  }

  /* ------------------------------------------------------------------ results */

  private made(
    { subjects, surroundings }: IReplayMade,
    minimized: IReplayResult['minimized']
  ): IReplayResult {
    const relation = worstRelation(subjects);
    const reason = isSame(relation) ? null : this.otherwise();
    return {
      ...this.result(relation, reason, null),
      subjects,
      runs: this.counts(minimized?.dropped.length ?? 0),
      minimized,
      surroundings,
      statement: { subjects, surroundings }
    };
  }

  private ended(
    end:
      Exclude<Replayed, { kind: 'done' | 'cancelled' }> | { kind: 'cancelled' }
  ): IReplayResult {
    switch (end.kind) {
      case 'failed': {
        const known = this.otherwise();
        const reason = end.reason + (known === null ? '' : `; ${known}`);
        return this.result('failed', reason, end.run);
      }
      case 'not-possible':
        return this.result('not-possible', end.reason, null);
      case 'cancelled':
        return this.result('failed', 'it was stopped', null);
    }
  }

  /** What is known beforehand to be otherwise in a replay; null when nothing is. */
  private otherwise(): string | null {
    const { runs, metadata } = this.wish.base.notebook;
    const listed = runs.find(run => run.listed);
    const overlapped = runs.find(run => run.overlapped);
    const callback = metadata.notCells.find(({ kind }) => kind === 'callback');
    const known = [
      ...(listed === undefined
        ? []
        : [
            `run ${listed.run} asked which files a folder holds, and a replay’s holds only those that were read`
          ]),
      ...(overlapped === undefined
        ? []
        : [
            `run ${overlapped.run} ran beside another one, and a replay runs one after the other`
          ]),
      ...(callback === undefined
        ? []
        : [`run ${callback.run}, a widget’s callback, can’t be run again`])
    ];
    return known.length === 0 ? null : known.join('; ');
  }

  /** Two full replays differ: what numbers there are is said, and nothing is concluded. */
  private notDeterministic(
    first: ReplayedSubject[],
    { subjects, surroundings }: Extract<Replayed, { kind: 'done' }>
  ): IReplayResult {
    const both = [worstRelation(first), worstRelation(subjects)];
    const close = both.every(each => isSame(each) || each === 'close');
    const why = 'Two full replays differ: the runs aren’t deterministic';
    return close
      ? {
          ...this.made(
            { subjects: worseOf(first, subjects), surroundings },
            null
          ),
          outcome: 'close',
          reason: why
        }
      : {
          ...this.result('refused', why, null),
          subjects: worseOf(first, subjects),
          surroundings
        };
  }

  private counts(dropped: number): IReplayReply['runs'] {
    const kept = this.wish.base.notebook.runs.length;
    return { kept, replayed: kept - dropped };
  }

  private result(
    outcome: ReplayOutcome,
    reason: string | null,
    run: number | null
  ): IReplayResult {
    return {
      outcome,
      reason,
      run,
      subjects: [],
      runs: this.counts(0),
      minimized: null,
      replays: this.replays,
      surroundings: null,
      statement: null
    };
  }
}

const CANCELLED = 130;

type Done = Extract<Replayed, { kind: 'done' }>;

/** Equal to what the full replay left, which was equal to the recorded files. */
function isEqualTo(replayed: Replayed): replayed is Done {
  return (
    replayed.kind === 'done' &&
    (replayed.again ?? []).every(each => isSame(each.relation))
  );
}

/** The new fingerprints, with how the full replay's content compared with the record. */
function asFirst(
  { subjects: full }: IReplayMade,
  now: readonly ReplayedSubject[]
): ReplayedSubject[] {
  return now.map((subject, index) => {
    const known = full[index];
    return isSame(subject.relation) || known === undefined
      ? subject
      : { ...known, sha256: subject.sha256 };
  });
}

const RANK: Record<Relation, number> = {
  'same-digest': 0,
  'same-content': 1,
  close: 2,
  different: 3
};

function worseOf(
  a: readonly ReplayedSubject[],
  b: readonly ReplayedSubject[]
): ReplayedSubject[] {
  return a.map((subject, index) => {
    const other = b[index] ?? subject;
    return RANK[other.relation] > RANK[subject.relation] ||
      (other.maxAbs ?? 0) > (subject.maxAbs ?? 0)
      ? other
      : subject;
  });
}
