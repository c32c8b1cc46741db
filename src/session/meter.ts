/**
 * The byte meter: what a run's system calls moved, minus what the files seen explain.
 * The meter counts the whole process and the children that it reaped.
 */
import type { EventOf } from '../journal/events';
import { eventsOf, type ISessionLog } from './log';
import type { IFile, IRun } from './types';

/**
 * Bytes of a run that need no explanation: IPython's history, the loader's look at
 * libraries, terminals and pipes stay below (docs/bench.md).
 */
export const ALLOWANCE = 1024 * 1024;

export interface IUnexplained {
  /** Id of the run. */
  run: string;
  /** Bytes beyond those explained; 0 within the allowance. */
  read: number;
  written: number;
  /** Both in words, and whether child programs are in it. */
  amount: string;
  /** Loaded libraries that open files on their own and aren't watched in full. */
  libraries: string[];
}

/** Runs that moved more bytes than the files seen explain. */
export function unexplained(
  log: ISessionLog,
  runs: readonly IRun[],
  files: readonly IFile[]
): IUnexplained[] {
  const numbers = new Map(runs.map(run => [run.id, run.number]));
  const children = childReads(log);
  const starts = runsWithPrograms(log);
  const found = scannedBytes(files, runs.length);
  return log.probes
    .flatMap(({ events }) => [...eventsOf(events, 'run.ended')])
    .flatMap(({ run, meter }) => {
      const number = numbers.get(run ?? '');
      if (run === null || number === undefined || meter?.openedRead == null) {
        return [];
      }
      const own = beyond(meter);
      const read = allowed(own.read - (children.get(run) ?? 0));
      const written = allowed(own.written - found[number]!);
      const amount = inWords(read, written, starts.has(run));
      const libraries = suspects(meter);
      return read + written > 0
        ? [{ run, read, written, amount, libraries }]
        : [];
    });
}

/** By run number: the bytes of files that only a scan found, and which the run may have written. */
function scannedBytes(files: readonly IFile[], runs: number): Float64Array {
  const bytes = new Float64Array(runs + 2);
  for (const { writers, stat, seenBy } of files.flatMap(f => f.versions)) {
    if (writers !== null && stat !== null && isScanned(seenBy)) {
      bytes[writers[0]]! += Number(stat.size);
      bytes[writers[1] + 1]! -= Number(stat.size);
    }
  }
  for (let number = 1; number < bytes.length; number++) {
    bytes[number]! += bytes[number - 1]!;
  }
  return bytes;
}

type Meter = NonNullable<EventOf<'run.ended'>['meter']>;

function beyond(meter: Meter): { read: number; written: number } {
  const n = (text: string | null | undefined) => Number(text ?? 0);
  const nameless = n(meter.nameless);
  return {
    read:
      n(meter.read) - n(meter.openedRead) - n(meter.filteredRead) - nameless,
    written: n(meter.written) - n(meter.keptWritten) - nameless
  };
}

const allowed = (bytes: number) => (bytes > ALLOWANCE ? bytes : 0);

/** Written by nobody that a probe saw: the scan's word is the only one. */
const isScanned = (seenBy: readonly string[]) =>
  seenBy.includes('scan') && !seenBy.includes('probe');

function suspects(meter: Meter): string[] {
  return (meter.native ?? [])
    .filter(({ state }) => state !== 'on')
    .map(({ library }) => library);
}

/** Sizes of what probed children opened for reading, by the run that started them. */
function childReads(log: ISessionLog): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { hello, events } of log.probes) {
    if (hello?.install !== 'child') {
      continue;
    }
    for (const { run, ops, stat } of eventsOf(events, 'file.opened')) {
      if (run !== null && ops.includes('read')) {
        sums.set(run, (sums.get(run) ?? 0) + Number(stat?.size ?? 0));
      }
    }
  }
  return sums;
}

function runsWithPrograms(log: ISessionLog): Set<string> {
  const starts = log.probes.flatMap(p => [
    ...eventsOf(p.events, 'process.started')
  ]);
  return new Set(starts.flatMap(({ run }) => (run === null ? [] : [run])));
}

function inWords(read: number, written: number, programs: boolean): string {
  const parts = [
    ...(read > 0 ? [`${read} bytes read`] : []),
    ...(written > 0 ? [`${written} bytes written`] : [])
  ];
  return parts.join(', ') + (programs ? ', with programs started' : '');
}
