/** What a tracer around the kernel adds: runs that it saw to their end, and where it didn't. */
import type { IGap, IRun } from './types';
import { eventsOf, lastOf, type ISessionLog } from './log';

/** Ids of the runs whose every file, program and connection a tracer saw. */
export function coveredRuns(log: ISessionLog): ReadonlySet<string> {
  return new Set(
    log.probes.flatMap(({ events }) =>
      [...eventsOf(events, 'trace.covered')].map(({ run }) => run)
    )
  );
}

/** Gaps about what the kernel's own probe can't see into: a tracer closes them. */
export const CLOSED_BY_TRACER: ReadonlySet<IGap['code']> = new Set<
  IGap['code']
>(['child-process', 'native-io', 'unattributed-bytes', 'wrapper-off']);

/** Gaps that are left where a tracer saw their run, or every run of a session. */
export function leftByTracer(
  gaps: readonly IGap[],
  runs: readonly IRun[],
  covered: ReadonlySet<string>
): IGap[] {
  const whole = covered.size > 0 && uncovered(runs, covered).length === 0;
  return gaps.filter(
    ({ code, run }) =>
      !CLOSED_BY_TRACER.has(code) || !(run === null ? whole : covered.has(run))
  );
}

/** How many runs a tracer that was asked for missed, and why; null when it missed none. */
export function missedByTracer(
  log: ISessionLog,
  runs: readonly IRun[],
  covered: ReadonlySet<string>
): { count: number; detail: string } | null {
  const asked = lastOf(log.recorder, 'kernel.started')?.tracer ?? null;
  const count = uncovered(runs, covered).length;
  if (asked === null || count === 0) {
    return null;
  }
  const [said] = log.probes
    .flatMap(({ events }) => [...eventsOf(events, 'gap')])
    .filter(({ code }) => code === 'tracer-stopped');
  const why = said?.covers.reason ?? 'its log was not read to the end';
  return { count, detail: asked === 'expected' ? why : asked };
}

/** Runs that have ended; what is under way will be told. */
function uncovered(
  runs: readonly IRun[],
  covered: ReadonlySet<string>
): readonly IRun[] {
  return runs.filter(
    ({ id, status, kind }) =>
      status !== 'running' && kind !== 'callback' && !covered.has(id)
  );
}
