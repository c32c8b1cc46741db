/**
 * Lateness: what a thread, a task or a child does when the run that started it is over.
 * Told by monotonic times, which all processes of one machine share.
 */
import { eventsOf, mainProbe, type ISessionLog } from './log';
import type { ILate, IRun } from './types';

/** What an event says of when it was and whose doing it is. */
interface IAct {
  run: string | null;
  mono: string;
  attribution: string;
}

interface ISpan {
  id: string;
  number: number;
  from: number;
  /** Infinity for a run whose end nobody saw. */
  to: number;
}

export class Lateness {
  /** By begin; nested runs are part of the run around them. */
  private readonly spans: ISpan[] = [];
  private readonly ends = new Map<string, number>();

  constructor(
    log: ISessionLog,
    private readonly runs: ReadonlyMap<string, IRun>
  ) {
    const events = mainProbe(log)?.events ?? [];
    for (const { run, mono } of eventsOf(events, 'run.ended')) {
      // The end of expressions is told when they begin: nothing tells when they are over.
      if (runs.get(run ?? '')?.kind !== 'expression') {
        this.ends.set(run ?? '', Number(mono));
      }
    }
    for (const { run, mono, kind } of eventsOf(events, 'run.started')) {
      const known = runs.get(run ?? '');
      if (known !== undefined && kind !== 'nested' && kind !== 'expression') {
        const { id, number } = known;
        const to = this.ends.get(id) ?? Infinity;
        this.spans.push({ id, number, from: Number(mono), to });
      }
    }
    this.spans.sort((a, b) => a.from - b.from);
  }

  /** How late an event was; null where it was in time or is nobody's. */
  of(event: IAct): ILate | null {
    const run = this.runs.get(event.run ?? '');
    const ended = this.ends.get(event.run ?? '');
    const at = Number(event.mono);
    if (run === undefined || ended === undefined || at <= ended) {
      return null;
    }
    return {
      run: run.number,
      during: this.openAt(at, run.id).map(({ number }) => number),
      shared: event.attribution !== 'context'
    };
  }

  /** Ids of the runs that a late thing may have been done for, beside its own. */
  sharers(event: IAct, late: ILate | null): string[] {
    return late?.shared === true
      ? this.openAt(Number(event.mono), event.run).map(({ id }) => id)
      : [];
  }

  /** Number of the last run that began before an event. */
  lastBefore({ mono }: { mono: string }): number {
    const begun = this.spans.slice(0, this.begunAt(Number(mono)));
    return begun.reduce((last, { number }) => Math.max(last, number), 0);
  }

  private openAt(at: number, but: string | null): ISpan[] {
    return this.spans
      .slice(0, this.begunAt(at))
      .filter(({ id, to }) => to >= at && id !== but);
  }

  /** How many runs had begun at a time. */
  private begunAt(at: number): number {
    let low = 0;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.spans[middle]!.from <= at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
