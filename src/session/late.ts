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
  /** Of each span and those before it. */
  private readonly latest: { to: number; number: number }[] = [];
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
    let before = { to: -Infinity, number: 0 };
    for (const { to, number } of this.spans) {
      before = {
        to: Math.max(before.to, to),
        number: Math.max(before.number, number)
      };
      this.latest.push(before);
    }
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
    return this.latest[this.begunAt(Number(mono)) - 1]?.number ?? 0;
  }

  private openAt(at: number, but: string | null): ISpan[] {
    const open: ISpan[] = [];
    let place = this.begunAt(at) - 1;
    while (place >= 0 && this.latest[place]!.to >= at) {
      const span = this.spans[place]!;
      if (span.to >= at && span.id !== but) {
        open.unshift(span);
      }
      place -= 1;
    }
    return open;
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
