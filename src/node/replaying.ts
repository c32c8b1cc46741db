/** One replay: what is asked of `python -m jupyter_attest.replay`, and what it answers. */
import path from 'node:path';
import { nameText } from '../journal/names';
import type { ICondensedInput, ICondensedPlace } from '../record/replayable';
import type { IReplayNotebook, IReplayRun } from '../replay/notebook';
import type { ReplayedSubject, Surroundings } from '../replay/types';
import type { IContext } from './context';
import { CliError, EXIT_IMPOSSIBLE } from './errors';
import { hashFile, statOf, writeAtomic } from './files';
import type { IReplayable } from './finding';
import { History } from './history';
import { runModule } from './python';
import { subjectPlaces } from './records';
import { baseFolders } from './surroundings';
import { printable } from './text';

/** Everything about a replay that stays the same however many runs are left out. */
export interface IReplayBase {
  notebook: IReplayNotebook;
  /** The notebook's folder on this computer; null when it isn't known. */
  folder: string | null;
  inputs: { source: string; place: ICondensedPlace; sha256: string }[];
  /** Inputs without a fingerprint that are read where they lie. */
  inputsUnchecked: number;
  /** For each subject the recorded file, where it is here and unchanged. */
  originals: (string | null)[];
  environment: Record<string, string>;
}

/** Why runs can't be run again; the text is half a sentence. */
export class NotPossible extends Error {}

/**
 * Find everything that a replay needs on this computer.
 *
 * @throws NotPossible
 */
export async function findReplayBase(
  context: IContext,
  { record, statement }: IReplayable,
  notebook: IReplayNotebook
): Promise<IReplayBase> {
  const folders = baseFolders(context, statement, record);
  const finder = new InputFinder(context, folders, sessionsOf(statement));
  const { inputs, unchecked } = await finder.all(notebook.metadata.inputs);
  const originals: (string | null)[] = [];
  for (const { name, sha256, ...place } of notebook.metadata.subjects) {
    const places = [...finder.placesOf(place), ...subjectPlaces(record, name)];
    originals.push(await firstWith(places, sha256));
  }
  const { determinism } =
    statement.predicate.buildDefinition.internalParameters.machine;
  return {
    notebook,
    folder: folders['notebook']?.find(isFolder) ?? null,
    inputs,
    inputsUnchecked: unchecked,
    originals,
    environment: determinism ?? {}
  };
}

const isFolder = (name: string) => statOf(name)?.isDirectory() === true;

function sessionsOf(statement: IReplayable['statement']): string[] {
  const { recording } = statement.predicate.buildDefinition.internalParameters;
  return recording.sessions.map(({ sid }) => sid);
}

async function firstWith(
  places: readonly string[],
  sha256: string
): Promise<string | null> {
  for (const place of new Set(places)) {
    if (statOf(place)?.isFile() === true) {
      const hashed = await hashFile(place).catch(() => null);
      if (hashed?.sha256 === sha256) {
        return place;
      }
    }
  }
  return null;
}

/** Where recorded inputs lie on this computer. */
class InputFinder {
  constructor(
    private readonly context: IContext,
    private readonly folders: Record<string, string[]>,
    private readonly sids: readonly string[]
  ) {}

  async all(wanted: readonly ICondensedInput[]): Promise<{
    inputs: IReplayBase['inputs'];
    unchecked: number;
  }> {
    const found = new Map<string, IReplayBase['inputs'][number]>();
    let unchecked = 0;
    for (const input of wanted) {
      const { root, rel, up, sha256 } = input;
      const inPlace =
        up === undefined && root !== 'notebook' && root !== 'home';
      if (sha256 === null && inPlace) {
        unchecked += 1;
        continue;
      }
      if (sha256 === null) {
        throw new NotPossible(
          `of the input ${printable(rel)} no fingerprint was taken, so nobody can tell whether it is still the same`
        );
      }
      const key = `${root}/${up ?? rel}`;
      if ((found.get(key)?.sha256 ?? sha256) !== sha256) {
        throw new NotPossible(
          `the input ${printable(rel)} changed between two reads, and nothing recorded changed it`
        );
      }
      const place = { root, rel, ...(up === undefined ? {} : { up }) };
      const source = await this.sourceOf(input, sha256);
      found.set(key, { source, place, sha256 });
    }
    return { inputs: [...found.values()], unchecked };
  }

  /** Where these bytes lie: at the input's own place, or wherever they were seen to lie. */
  private async sourceOf(
    input: ICondensedInput,
    sha256: string
  ): Promise<string> {
    const places = [...this.placesOf(input), ...this.fromJournal(sha256)];
    const there = [...new Set(places)].filter(
      place => statOf(place)?.isFile() === true
    );
    const [only] = there;
    if (only === undefined) {
      throw new NotPossible(
        places.length === 0
          ? `where the input ${printable(input.rel)} lay isn't known here`
          : `the input ${printable(input.rel)} isn't here any more`
      );
    }
    // Whether a file is the very one is seen when it is copied, unless there is a choice.
    return there.length === 1
      ? only
      : ((await firstWith(there, sha256)) ?? only);
  }

  placesOf({ root, rel, up }: ICondensedPlace): string[] {
    const bases = this.folders['notebook'] ?? [];
    return up === undefined
      ? (this.folders[root] ?? []).map(base => path.resolve(base, rel))
      : bases.map(base => path.resolve(base, up));
  }

  /** A record holds no absolute path; this computer's own journal does. */
  private fromJournal(sha256: string): string[] {
    this.history ??= new History(this.context.places.home);
    return this.sids
      .map(sid => this.history?.peek(sid))
      .flatMap(recorded => recorded?.session.files ?? [])
      .filter(file => file.versions.some(each => each.sha256 === sha256))
      .map(file => nameText(file.path));
  }

  private history: History | undefined;
}

/* ----------------------------------------------------------------- one replay */

/** The last line of the Python side. */
interface IReplayEnd {
  type: 'done';
  status: 'done' | 'failed' | 'not-possible' | 'cancelled';
  reason: string | null;
  run: number | null;
  subjects: {
    name: string;
    sha256: string | null;
    comparisons: IComparison[];
  }[];
  surroundings: Surroundings;
  seconds: number;
}

type IComparison = Pick<
  ReplayedSubject,
  'relation' | 'format' | 'canonical' | 'maxAbs' | 'maxRel' | 'why'
>;

type ReplayLine =
  IReplayEnd | { type: 'run'; done: number; total: number; run: number };

/** How one replay went. */
export type Replayed =
  | { kind: 'failed'; reason: string; run: number | null }
  | { kind: 'not-possible'; reason: string }
  | { kind: 'cancelled' }
  | {
      kind: 'done';
      subjects: ReplayedSubject[];
      /** Against the files that an earlier replay left, when asked for. */
      again: IComparison[] | null;
      surroundings: Surroundings;
      seconds: number;
    };

export interface IReplayAsk {
  base: IReplayBase;
  runs: readonly IReplayRun[];
  /** Private folder for the plan. */
  folder: string;
  /** Where the written files are left as `0`, `1` …, null for nowhere. */
  keep: string | null;
  /** Files that an earlier replay left so. */
  earlier: string | null;
  onRun(done: number, total: number): void;
}

/** Run these runs once more. */
export async function replayOnce(
  context: IContext,
  ask: IReplayAsk
): Promise<Replayed> {
  const file = path.join(ask.folder, 'plan.json');
  writeAtomic(file, JSON.stringify(planOf(ask)), { mode: 0o600 });
  const ends: IReplayEnd[] = [];
  const { stderr, code } = await runModule(
    context,
    'jupyter_attest.replay',
    [file],
    text => {
      const line = parseLine(text);
      if (line?.type === 'run') {
        ask.onRun(line.done, line.total);
      } else if (line?.type === 'done') {
        ends.push(line);
      }
    }
  );
  const [end] = ends;
  if (end === undefined && code === INTERRUPTED) {
    return { kind: 'cancelled' };
  }
  if (end === undefined) {
    const words = printable(stderr.trim().split('\n').pop() ?? '', 300);
    throw new CliError(
      'execution',
      `The replay could not be started: ${words || 'it gave no reason'}.`,
      { exitCode: EXIT_IMPOSSIBLE }
    );
  }
  return conclude(ask, end);
}

function parseLine(text: string): ReplayLine | null {
  try {
    return JSON.parse(text) as ReplayLine;
  } catch {
    return null;
  }
}

/** Ended by Ctrl+C before it could say so. */
const INTERRUPTED = 130;

/** A run may take this many times as long as it did, and at least so long, in s. */
const PATIENCE = 20;
const LEAST_PATIENCE_S = 120;

function planOf({ base, runs, keep, earlier }: IReplayAsk): object {
  const { metadata, kernelName } = base.notebook;
  const place = ({ root, rel, up }: ICondensedPlace) => ({
    root,
    rel,
    up: up ?? null
  });
  const longest = Math.max(0, ...runs.map(run => run.durationMs ?? 0));
  return {
    kernel_name: kernelName,
    folder: place(metadata.folder),
    base: base.folder,
    environment: base.environment,
    kernels: metadata.kernels.map(kernel => ({
      session: kernel.session,
      hash_seed: kernel.hashSeed,
      cwd: kernel.cwd === null ? null : place(kernel.cwd),
      killed: kernel.killed,
      follows: kernel.follows
    })),
    steps: runs.map(run => ({
      session: run.session,
      run: run.run,
      code: run.code,
      silent: run.kind === 'silent',
      execution_count: run.executionCount,
      status: run.status,
      ename: run.ename,
      duration_ms: run.durationMs
    })),
    inputs: base.inputs.map(input => ({
      source: input.source,
      place: place(input.place),
      sha256: input.sha256
    })),
    subjects: metadata.subjects.map((subject, index) => ({
      name: subject.name,
      place: place(subject),
      sha256: subject.sha256,
      against: againstOf(base, earlier, index)
    })),
    keep,
    timeout_s: Math.max(LEAST_PATIENCE_S, (longest / 1000) * PATIENCE)
  };
}

/** The recorded file first, then what an earlier replay left. */
function againstOf(
  { originals }: IReplayBase,
  earlier: string | null,
  index: number
): string[] {
  const original = originals[index] ?? null;
  return [
    ...(original === null ? [] : [original]),
    ...(earlier === null ? [] : [path.join(earlier, String(index))])
  ];
}

const NO_ORIGINAL =
  'the recorded file isn’t here, so only its fingerprint was compared';

function conclude({ base, earlier }: IReplayAsk, end: IReplayEnd): Replayed {
  const reason = printable(end.reason ?? '', 300);
  switch (end.status) {
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'not-possible':
      return { kind: 'not-possible', reason };
    case 'failed':
      return { kind: 'failed', reason, run: end.run };
    case 'done':
      break;
  }
  const missing = end.subjects.find(({ sha256 }) => sha256 === null);
  if (missing !== undefined) {
    const name = printable(missing.name, 100);
    return { kind: 'failed', reason: `${name} wasn’t written`, run: null };
  }
  const wanted = base.notebook.metadata.subjects;
  const subjects = end.subjects.map((subject, index): ReplayedSubject => {
    const recordedSha256 = wanted[index]?.sha256 ?? '';
    const sha256 = subject.sha256 ?? '';
    const known = (base.originals[index] ?? null) !== null;
    const compared: IComparison =
      sha256 === recordedSha256
        ? { relation: 'same-digest' }
        : known
          ? (subject.comparisons[0] ?? { relation: 'different' })
          : { relation: 'different', why: NO_ORIGINAL };
    return { name: subject.name, recordedSha256, sha256, ...compared };
  });
  const again =
    earlier === null
      ? null
      : end.subjects.map(
          ({ comparisons }): IComparison =>
            comparisons.at(-1) ?? { relation: 'same-digest' }
        );
  const { surroundings, seconds } = end;
  return { kind: 'done', subjects, again, surroundings, seconds };
}
