/**
 * What flows from run to run within one session: names, plots, and what only opaque
 * runs can reach. Versions of a name form a chain, so that a read is one edge however
 * many runs may have written it; the whole is linear in what the runs name.
 */
import type { NameChange } from '../journal/events';
import type { IFileVersion, IRun, ISession } from '../session/types';
import {
  isHistory,
  leavesReach,
  namesRead,
  namesReadLater,
  namesRewritten,
  reachesByText
} from './facts';
import { callsNamed, draws, Knowledge, objections } from './harmless';
import type { IReason } from './types';

/** A state of a resource: one run's write over the states that may have lived on. */
interface IState {
  writer: number;
  before: IState | null;
}

interface IRead {
  resource: string;
  state: IState;
  /** False when only code that it may call would read it. */
  sure: boolean;
}

/** What is known of one run, before it is decided which are kept. */
interface IRunFlow {
  reads: IRead[];
  /** Why nobody can tell what it reads; null when the text and the observers tell. */
  opaque: string | null;
  objections: IReason[];
}

/** What was drawn in figures that pyplot still holds. */
const PLOTS = 'plots';

/** What was drawn in any figure: a name may stand for it. */
const FIGURES = 'figures';

/** Every name that some function, lambda or generator made so far may read when it runs. */
const FUNCTIONS = 'functions';

export class SessionFlow {
  /** By run number, from 1. */
  private readonly flows: IRunFlow[] = [];

  /** @param isDropped whether the author leaves a run out: then it hides no earlier write. */
  constructor(session: ISession, isDropped: (run: IRun) => boolean) {
    const mayWrite = intervals(session);
    const builder = new FlowBuilder(hasUnseenRuns(session));
    for (const run of session.runs) {
      this.flows[run.number] = builder.pass(run, {
        mayHaveWritten: mayWrite[run.number] === 1,
        hides: !isDropped(run)
      });
    }
  }

  /** Nothing but names differs after it, and those only a reader can notice. */
  isHarmless(number: number): boolean {
    return this.flows[number]!.objections.length === 0;
  }

  objections(number: number): readonly IReason[] {
    return this.flows[number]!.objections;
  }

  reads(number: number): readonly IRead[] {
    return this.flows[number]!.reads;
  }

  opaque(number: number): string | null {
    return this.flows[number]!.opaque;
  }
}

class FlowBuilder {
  private readonly knowledge: Knowledge;
  private readonly states = new Map<string, IState>();
  /** Names of what may be, or hold, a figure: it shows what was drawn since it was made. */
  private readonly holders = new Set<string>();
  /** Names behind `FUNCTIONS`. */
  private readonly later = new Set<string>();
  /** Something was drawn, or pyplot was loaded. */
  private plots = false;
  /** Pyplot may hold figures: the next run may draw in them, show or save them. */
  private figuresOpen = true;
  /** Functions may look up names by text: from then on nobody can tell what they read. */
  private functionsReach: boolean;

  /** @param unseen whether runs went by that nobody saw: they may have left anything behind. */
  constructor(unseen: boolean) {
    this.knowledge = new Knowledge(!unseen);
    this.functionsReach = unseen;
  }

  pass(
    run: IRun,
    { mayHaveWritten, hides }: { mayHaveWritten: boolean; hides: boolean }
  ): IRunFlow {
    const byText = run.facts === null ? null : reachesByText(run.facts);
    const found = objections(run, this.knowledge, byText);
    if (mayHaveWritten) {
      found.push({ code: 'acted', resource: 'may have written' });
    }
    const harmless = found.length === 0;
    const opaque = this.opaqueness(run, harmless, byText);
    this.plots ||= draws(run) || run.state?.figures !== undefined;
    const drew = draws(run) || (this.plots && callsNamed(run));
    const reads = this.readsOf(run, harmless, drew);
    this.write(run, hides);
    if (drew) {
      this.draw(run, harmless);
    }
    this.figuresOpen = this.leavesOpen(run);
    if (!this.figuresOpen) {
      this.states.delete(PLOTS);
    }
    this.knowledge.pass(run);
    return { reads, opaque, objections: found };
  }

  private opaqueness(
    run: IRun,
    harmless: boolean,
    byText: string | null
  ): string | null {
    const { facts } = run;
    if (facts === null) {
      this.functionsReach = true;
      return 'its code was not seen';
    }
    this.functionsReach ||=
      leavesReach(facts, byText) || (run.state?.modules?.own.length ?? 0) > 0;
    if (byText !== null) {
      return byText;
    }
    if (run.overlapped || run.outlived || run.disturbed) {
      return 'something ran beside it';
    }
    if (run.names === null || facts.partial === true) {
      return 'what it changed was not seen';
    }
    if (this.functionsReach && !harmless) {
      return 'functions that look up names by text';
    }
    return namesRead(facts).find(isHistory) ?? null;
  }

  private readsOf(run: IRun, harmless: boolean, drew: boolean): IRead[] {
    const { facts } = run;
    if (facts === null) {
      return [];
    }
    const names = namesRead(facts).map(name => `var:${name}`);
    const reaches = !harmless && this.functionsReach;
    const shows = drew || !harmless;
    const holds =
      reaches ||
      (!harmless && namesRead(facts).some(name => this.holders.has(name)));
    const found = [
      ...names,
      ...(shows ? [PLOTS] : []),
      ...(holds ? [FIGURES] : []),
      FUNCTIONS
    ];
    return found.flatMap(resource => {
      const state = this.states.get(resource);
      const sure = resource !== FUNCTIONS;
      return state === undefined || (harmless && !sure)
        ? []
        : [{ resource, state, sure }];
    });
  }

  private write(run: IRun, hides: boolean): void {
    const rewritten = hides ? namesRewritten(run) : new Set<string>();
    const names = new Set([
      ...(run.facts?.stores ?? []),
      ...(run.facts?.deletes ?? []),
      ...(run.names?.names.map(({ name }) => name) ?? [])
    ]);
    for (const name of names) {
      this.add(`var:${name}`, run.number, rewritten.has(name));
      if (this.later.has(name)) {
        this.add(FUNCTIONS, run.number, false);
      }
    }
    for (const change of run.names?.names ?? []) {
      if (mayHoldFigure(change)) {
        this.holders.add(change.name);
      } else {
        this.holders.delete(change.name);
      }
    }
    if (run.facts !== null) {
      namesReadLater(run.facts).forEach(name => this.readLater(name));
    }
  }

  /** What it drew is found later in open figures, or by a name; its own names are others' to follow. */
  private draw(run: IRun, harmless: boolean): void {
    const alone = harmless && !this.figuresOpen && !this.leavesOpen(run);
    if (!alone) {
      this.add(PLOTS, run.number, false);
      this.add(FIGURES, run.number, false);
    }
  }

  /** Whether pyplot may hold figures when the run has ended. */
  private leavesOpen({ names, state }: IRun): boolean {
    if (names === null) {
      return true; // nobody looked
    }
    return state?.figures === undefined
      ? this.figuresOpen
      : state.figures !== 0;
  }

  /** From now on a name may be read by whatever calls a function. */
  private readLater(name: string): void {
    if (this.later.has(name)) {
      return;
    }
    this.later.add(name);
    let at = this.states.get(`var:${name}`) ?? null;
    for (; at !== null; at = at.before) {
      this.add(FUNCTIONS, at.writer, false);
    }
  }

  private add(resource: string, writer: number, kills: boolean): void {
    const before = kills ? null : (this.states.get(resource) ?? null);
    this.states.set(resource, { writer, before });
  }
}

/** Whatever isn't wholly known, or has code, may hold one. */
function mayHoldFigure({ type, after, code }: NameChange): boolean {
  if (after === 'absent') {
    return false;
  }
  const unknown = code === true || !('digest' in after);
  return unknown || /^(matplotlib|mpl_toolkits)\./.test(type ?? '');
}

/** Recording began late, within a run of which not everything was seen, or was paused. */
function hasUnseenRuns({ install, runsMissed, gaps }: ISession): boolean {
  return (
    install === 'late' ||
    runsMissed > 0 ||
    gaps.some(({ code }) => code === 'paused')
  );
}

/** By run number: 1 where the run is one of several that may have written a file. */
function intervals({ files, runs }: ISession): Uint8Array {
  const steps = new Int32Array(runs.length + 3);
  const mark = ({ writers, certainty }: IFileVersion) => {
    if (certainty === 'may' && writers !== null) {
      steps[writers[0]]! += 1;
      steps[writers[1] + 1]! -= 1;
    }
  };
  files.forEach(file => file.versions.forEach(mark));
  const inside = new Uint8Array(runs.length + 2);
  let open = 0;
  for (let number = 1; number <= runs.length; number++) {
    open += steps[number]!;
    inside[number] = open > 0 ? 1 : 0;
  }
  return inside;
}

/** Follows chains of states backwards; each state is visited once per reach. */
export class Walker {
  private readonly visited = new Set<IState>();

  /** Every run that may have written what was read and wasn't found before. */
  writers({ state }: IRead): number[] {
    const found: number[] = [];
    for (
      let at: IState | null = state;
      at !== null && !this.visited.has(at);
      at = at.before
    ) {
      this.visited.add(at);
      found.push(at.writer);
    }
    return found;
  }
}
