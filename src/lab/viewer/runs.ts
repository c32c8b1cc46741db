/**
 * The list of runs beside a record. It isn't signed itself: the record has its
 * fingerprint, and each run has the fingerprint of its code. Nothing of it is
 * shown that doesn't match.
 */
import * as z from 'zod/mini';
import { Sha256 } from '../../journal/events';
import { sha256 } from '../../journal/sha256';

const FileOfRun = z.union([
  z.string(),
  z.looseObject({
    name: z.string(),
    sha256: z.optional(z.nullable(z.string()))
  })
]);

const Run = z.looseObject({
  number: z.int(),
  id: z.string(),
  session: z.optional(z.string()),
  kind: z.string(),
  status: z.string(),
  cellId: z.optional(z.nullable(z.string())),
  executionCount: z.optional(z.nullable(z.int())),
  client: z.optional(
    z.nullable(z.looseObject({ label: z.nullable(z.string()) }))
  ),
  notebook: z.optional(z.nullable(z.string())),
  startedAt: z.nullable(z.string()),
  endedAt: z.nullable(z.string()),
  code: z.nullable(
    z.looseObject({
      sha256: Sha256,
      salt: z.string(),
      bytes: z.number(),
      text: z.optional(z.nullable(z.string()))
    })
  ),
  reads: z.array(FileOfRun),
  writes: z.array(FileOfRun),
  verdict: z.string(),
  reason: z.nullable(z.string())
});

/** A run as the viewer shows it. */
export interface IShownRun {
  id: string;
  number: number;
  /** `s1` … where the record has several sessions, else null. */
  session: string | null;
  kind: string;
  status: string;
  executionCount: number | null;
  client: string | null;
  startedAt: string | null;
  endedAt: string | null;
  codeSha256: string | null;
  /** The code, if it is there and is the code that ran; null otherwise. */
  code: string | null;
  reads: string[];
  writes: string[];
  verdict: string;
  reason: string | null;
}

/** What stands between the record and its list of runs. */
export type RunList =
  | { type: 'reading' }
  | { type: 'absent' }
  | { type: 'different' }
  | { type: 'unreadable' }
  | { type: 'list'; runs: IShownRun[] };

const nameOf = (file: z.infer<typeof FileOfRun>): string =>
  typeof file === 'string' ? file : file.name;

/** True when SHA-256(salt ‖ text) is the fingerprint that the list has. */
function matches(
  code: { sha256: string; salt: string },
  text: string
): boolean {
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

function shown(run: z.infer<typeof Run>): IShownRun {
  const text = run.code?.text ?? null;
  return {
    id: run.id,
    number: run.number,
    session: run.session ?? null,
    kind: run.kind,
    status: run.status,
    executionCount: run.executionCount ?? null,
    client: run.client?.label ?? null,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    codeSha256: run.code?.sha256 ?? null,
    code:
      run.code !== null && text !== null && matches(run.code, text)
        ? text
        : null,
    reads: run.reads.map(nameOf),
    writes: run.writes.map(nameOf),
    verdict: run.verdict,
    reason: run.reason
  };
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
  if (sha256(new TextEncoder().encode(text)) !== expected) {
    return { type: 'different' };
  }
  try {
    const data: unknown = JSON.parse(text);
    const list = Array.isArray(data)
      ? data
      : (data as { runs?: unknown } | null)?.runs;
    return { type: 'list', runs: z.array(Run).parse(list).map(shown) };
  } catch {
    return { type: 'unreadable' };
  }
}

/** One step of how a file was made: runs in a row, what they read, what the last one wrote. */
export interface IStep {
  first: IShownRun;
  last: IShownRun;
  reads: string[];
  writes: string[];
}

/** Cut the kept runs after each run that wrote a file. */
export function stepsOf(runs: readonly IShownRun[]): IStep[] {
  const steps: IStep[] = [];
  let open: IStep | null = null;
  for (const run of runs) {
    if (isLeftOut(run)) {
      continue;
    }
    open ??= { first: run, last: run, reads: [], writes: [] };
    open.last = run;
    open.reads.push(...run.reads.filter(name => !open?.reads.includes(name)));
    if (run.writes.length > 0) {
      open.writes = run.writes;
      steps.push(open);
      open = null;
    }
  }
  return steps;
}

export function isLeftOut(run: IShownRun): boolean {
  return run.verdict.startsWith('dropped') || run.verdict === 'after-subject';
}

/** The last run that wrote a file of this name, or null. */
export function writerOf(
  runs: readonly IShownRun[],
  name: string
): IShownRun | null {
  return runs.filter(run => run.writes.includes(name)).pop() ?? null;
}
