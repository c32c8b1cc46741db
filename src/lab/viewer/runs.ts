/**
 * The list of runs beside a record. It isn't signed itself: the record has its
 * fingerprint, and each run has the fingerprint of its code. Nothing of it is
 * shown that doesn't match.
 */
import { sha256 } from '../../journal/sha256';
import { parseRunList, type IListedRun } from '../../record/runlist';
import type { IDetail } from '../../record/words';

/** A run as the viewer shows it. */
export interface IShownRun {
  /** Unique in the record. */
  key: string;
  number: number;
  /** `s1` … */
  session: string;
  kind: string;
  status: string;
  executionCount: number | null;
  client: string | null;
  notebook: string | null;
  startedAt: string | null;
  endedAt: string | null;
  codeSha256: string | null;
  /** The code, if it is there and is the code that ran; null otherwise. */
  code: string | null;
  reads: IFileOfRun[];
  writes: IFileOfRun[];
  verdict: string;
  reason: string;
  /** Why, in detail; what it made and who reads it, or what stands in the way. */
  because: readonly IDetail[];
}

export interface IFileOfRun {
  name: string;
  sha256: string | null;
}

/** What stands between the record and its list of runs. */
export type RunList =
  | { type: 'reading' }
  | { type: 'absent' }
  | { type: 'different' }
  | { type: 'unreadable' }
  | { type: 'list'; runs: IShownRun[] };

/**
 * True when SHA-256(salt ‖ text) is the fingerprint that the list has. A text without its
 * secrets has no salt: it is the list's own, which the record names by its digest.
 */
function matches(
  code: { sha256: string; salt?: string | undefined; cut?: true | undefined },
  text: string
): boolean {
  if (code.salt === undefined) {
    return code.cut === true;
  }
  let salt: Uint8Array;
  try {
    salt = Uint8Array.from(atob(code.salt), c => c.charCodeAt(0));
  } catch {
    return false;
  }
  const bytes = new TextEncoder().encode(text);
  const salted = new Uint8Array(salt.length + bytes.length);
  salted.set(salt);
  salted.set(bytes, salt.length);
  return sha256(salted) === code.sha256;
}

function shown(run: IListedRun): IShownRun {
  const code = run.code?.text ?? null;
  return {
    key: `${run.sid} ${run.id}`,
    number: run.number,
    session: run.session,
    kind: run.kind,
    status: run.status,
    executionCount: run.executionCount,
    client: run.client?.label ?? null,
    notebook: run.notebook,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    codeSha256: run.code?.sha256 ?? null,
    code: run.code && code !== null && matches(run.code, code) ? code : null,
    reads: run.reads,
    writes: run.writes,
    verdict: run.verdict,
    reason: run.reason,
    because: run.because ?? []
  };
}

/** True when the text is the one that the record names by fingerprint. */
export function isNamed(text: string, expected: string): boolean {
  return sha256(new TextEncoder().encode(text)) === expected;
}

/**
 * Read a list of runs.
 * @param text of `runs.json`, null when there is none
 * @param expected fingerprint that the record has of it
 */
export function readRuns(text: string | null, expected: string): RunList {
  if (text === null) {
    return { type: 'absent' };
  }
  if (!isNamed(text, expected)) {
    return { type: 'different' };
  }
  const runs = parseRunList(text);
  return runs === null
    ? { type: 'unreadable' }
    : { type: 'list', runs: runs.map(shown) };
}

/** One step of how a file was made: runs in a row, what they read, what the last one wrote. */
export interface IStep {
  first: IShownRun;
  last: IShownRun;
  reads: string[];
  writes: string[];
}

/** Cut the kept runs of each session after each run that wrote a file. */
export function stepsOf(runs: readonly IShownRun[]): IStep[] {
  const steps: IStep[] = [];
  let open: IStep | null = null;
  for (const run of runs) {
    if (isLeftOut(run)) {
      continue;
    }
    if (open && open.last.session !== run.session) {
      open = null;
    }
    open ??= { first: run, last: run, reads: [], writes: [] };
    open.last = run;
    open.reads = union(open.reads, run.reads);
    if (run.writes.length > 0) {
      open.writes = union([], run.writes);
      steps.push(open);
      open = null;
    }
  }
  return steps;
}

function union(names: string[], files: IFileOfRun[]): string[] {
  return [...new Set([...names, ...files.map(({ name }) => name)])];
}

export function isLeftOut(run: IShownRun): boolean {
  return run.verdict.startsWith('dropped') || run.verdict === 'after-subject';
}

/** The runs of each session, in the record's order. */
export function bySession(
  runs: readonly IShownRun[]
): { session: string; runs: IShownRun[] }[] {
  const sessions = new Map<string, IShownRun[]>();
  for (const run of runs) {
    const others = sessions.get(run.session);
    if (others) {
      others.push(run);
    } else {
      sessions.set(run.session, [run]);
    }
  }
  return [...sessions].map(([session, own]) => ({ session, runs: own }));
}

/** The last run that wrote these bytes under this name, or null. */
export function writerOf(
  runs: readonly IShownRun[],
  file: IFileOfRun
): IShownRun | null {
  const writers = runs.filter(run =>
    run.writes.some(({ name }) => name === file.name)
  );
  const exact = writers.filter(run =>
    run.writes.some(({ sha256 }) => sha256 === file.sha256)
  );
  return exact.pop() ?? writers.pop() ?? null;
}
