/**
 * Files mapped into memory for writing. While a map lasts, its file's bytes can change
 * with no event, and after the first change without moving the file's times.
 */
import type { Stat } from '../journal/events';
import { eventsOf, type ISessionLog } from './log';

/** An interval of monotonic time, ns. */
interface ISpan {
  from: number;
  to: number;
}

export class WritableMaps {
  /** By inode, in order, none overlapping. */
  private readonly spans = new Map<string, ISpan[]>();

  constructor(log: ISessionLog) {
    const kernelEnd = kernelEnded(log);
    for (const { at, inode, begins } of boundaries(log)) {
      const spans = this.spans.get(inode) ?? [];
      const last = spans.at(-1);
      const isOpen = last !== undefined && last.to === kernelEnd;
      if (begins && !isOpen) {
        spans.push({ from: at, to: kernelEnd });
        this.spans.set(inode, spans);
      } else if (!begins && isOpen) {
        last.to = at;
      }
    }
  }

  /** How many maps of this file had begun by then; its bytes count as others each time. */
  epoch(stat: Stat, at: number): number {
    const spans = this.spans.get(inodeOf(stat)) ?? [];
    return spans.filter(({ from }) => from <= at).length;
  }

  /** Whether a map lasted at that time. */
  isMapped(stat: Stat, at: number): boolean {
    const spans = this.spans.get(inodeOf(stat)) ?? [];
    return spans.some(({ from, to }) => from <= at && at < to);
  }
}

interface IBoundary {
  at: number;
  inode: string;
  begins: boolean;
}

/** Begins of maps, and the ends of runs at which a file was seen not to be mapped any more. */
function boundaries(log: ISessionLog): IBoundary[] {
  const found: IBoundary[] = [];
  const add = (
    event: { mono: string; stat?: Stat | null },
    begins: boolean
  ) => {
    if (event.stat) {
      const inode = inodeOf(event.stat);
      found.push({ at: Number(event.mono), inode, begins });
    }
  };
  for (const { events } of log.probes) {
    for (const event of eventsOf(events, 'file.mapped')) {
      if (event.writable) {
        add(event, true);
      }
    }
    for (const event of eventsOf(events, 'file.settled')) {
      if (event.mapped === false) {
        add(event, false);
      }
    }
  }
  return found.sort((a, b) => a.at - b.at);
}

/** No map outlives its kernel. */
function kernelEnded({ recorder }: ISessionLog): number {
  const end = recorder.find(
    ({ type }) =>
      type === 'kernel.ended' ||
      type === 'kernel.died' ||
      type === 'kernel.restarted'
  );
  return end === undefined ? Number.POSITIVE_INFINITY : Number(end.mono);
}

const inodeOf = ({ dev, ino }: Stat) => `${dev}:${ino}`;
