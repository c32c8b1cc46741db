/**
 * The events of one session, sorted by who wrote them: what the fold's steps
 * work on. Files are kept apart, so that how they interleaved can't matter.
 */
import type { EventOf, EventType, JournalEvent } from '../journal/events';
import type { IReadProblem } from '../journal/read';

/** Events of one probe's file, or a tracer's, in its own order. */
export interface IProbeLog {
  file: string;
  hello: EventOf<'probe.hello'> | null;
  events: readonly JournalEvent[];
}

export interface ISessionLog {
  sid: string;
  /** Recorder's and helper's events, in the order of each file. */
  recorder: readonly JournalEvent[];
  /** The kernel's own probe first, then children, by name; a tracer last. */
  probes: IProbeLog[];
  problems: IReadProblem[];
}

/** All events of a type, whoever wrote them. */
export function eventsOf<T extends EventType>(
  events: readonly JournalEvent[],
  type: T
): readonly EventOf<T>[] {
  let sorted = byType.get(events);
  if (sorted === undefined) {
    sorted = sortByType(events);
    byType.set(events, sorted);
  }
  return (sorted.get(type) ?? []) as readonly EventOf<T>[];
}

/** A log is asked for one type after another, and never changes. */
const byType = new WeakMap<readonly JournalEvent[], EventsByType>();

type EventsByType = ReadonlyMap<EventType, readonly JournalEvent[]>;

function sortByType(events: readonly JournalEvent[]): EventsByType {
  const sorted = new Map<EventType, JournalEvent[]>();
  for (const event of events) {
    const list = sorted.get(event.type);
    if (list === undefined) {
      sorted.set(event.type, [event]);
    } else {
      list.push(event);
    }
  }
  return sorted;
}

export function lastOf<T extends EventType>(
  events: readonly JournalEvent[],
  type: T
): EventOf<T> | null {
  return eventsOf(events, type).at(-1) ?? null;
}

/** A journal file's part in the log. */
export interface ILogFile {
  file: string;
  events: readonly JournalEvent[];
  problems: readonly IReadProblem[];
}

const isProbe = (event: JournalEvent) =>
  event.type === 'probe.hello' || event.type === 'run.started';

export function sortLog(sid: string, files: readonly ILogFile[]): ISessionLog {
  const named = [...files].sort((a, b) => (a.file < b.file ? -1 : 1));
  const probes: IProbeLog[] = [];
  let recorder: JournalEvent[] = [];
  for (const { file, events } of named) {
    if (/^(probe-|tracer\.)/.test(file) || events.some(isProbe)) {
      const [hello = null] = eventsOf(events, 'probe.hello');
      probes.push({ file, hello, events });
    } else {
      recorder = recorder.concat(events);
    }
  }
  probes.sort((a, b) => probeRank(a) - probeRank(b));
  return {
    sid,
    recorder,
    probes,
    problems: named.flatMap(file => [...file.problems])
  };
}

/** The probe loaded at launch first, a late one, then children and unknown ones. */
function probeRank(probe: IProbeLog): number {
  return ['launch', 'late', 'child', undefined].indexOf(probe.hello?.install);
}

/** The kernel's own probe; null when there are only children or none. */
export function mainProbe(log: ISessionLog): IProbeLog | null {
  const [first] = log.probes;
  return first?.hello && first.hello.install !== 'child' ? first : null;
}
