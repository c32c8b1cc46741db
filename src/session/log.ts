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

/** All events of some types, in their order. */
export function eventsOf<T extends EventType>(
  events: readonly JournalEvent[],
  ...types: readonly T[]
): readonly EventOf<T>[] {
  const { places, found } = indexOf(events);
  const key = types.join();
  let list = found.get(key);
  if (list === undefined) {
    const all = types.flatMap(type => places.get(type) ?? []);
    list = Array.from(Uint32Array.from(all).sort(), place => events[place]!);
    found.set(key, list);
  }
  return list as readonly EventOf<T>[];
}

/**
 * What every run writes of itself, whatever it does. All else tells of something that was
 * done, and is little in most sessions.
 */
const COURSE: ReadonlySet<EventType> = new Set<EventType>([
  'run.started',
  'run.code',
  'run.ended',
  'names.changed',
  'state.changed'
]);

/** A probe's events beside those that every run writes, in their order. */
export function actsOf(
  events: readonly JournalEvent[]
): readonly JournalEvent[] {
  const types = [...indexOf(events).places.keys()];
  return eventsOf(events, ...types.filter(type => !COURSE.has(type)));
}

/** First and last of the wall clocks; empty where there is no event. */
export function clockOf(events: readonly JournalEvent[]): {
  first: string;
  last: string;
} {
  return indexOf(events);
}

/** What is asked of a log again and again; a log never changes. */
interface IIndex {
  /** Where the events of each type stand. */
  places: ReadonlyMap<EventType, readonly number[]>;
  /** Lists given before, by their types. */
  found: Map<string, readonly JournalEvent[]>;
  first: string;
  last: string;
}

const indices = new WeakMap<readonly JournalEvent[], IIndex>();

function indexOf(events: readonly JournalEvent[]): IIndex {
  let index = indices.get(events);
  if (index === undefined) {
    index = makeIndex(events);
    indices.set(events, index);
  }
  return index;
}

function makeIndex(events: readonly JournalEvent[]): IIndex {
  const places = new Map<EventType, number[]>();
  let [first, last] = ['', ''];
  events.forEach(({ type, t }, place) => {
    const list = places.get(type);
    if (list === undefined) {
      places.set(type, [place]);
    } else {
      list.push(place);
    }
    if (t > last) {
      last = t;
    }
    if (first === '' || t < first) {
      first = t;
    }
  });
  return { places, found: new Map(), first, last };
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
