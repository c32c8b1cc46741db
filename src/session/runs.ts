/**
 * Runs: the recorder's `run.input` and the probe's `run.started` of one message are
 * one run. Order is that of `run.input`; without a recorder, the probe's.
 */
import type { EventOf, JournalEvent } from '../journal/events';
import { actsOf, eventsOf, mainProbe, type ISessionLog } from './log';
import type { ISession, IRun, RunKind, RunStatus } from './types';

/** What one run's observers said, before it has a place. */
interface IDraft {
  id: string;
  requested: EventOf<'run.requested'> | null;
  input: EventOf<'run.input'> | null;
  errored: EventOf<'run.errored'> | null;
  idle: EventOf<'run.idle'> | null;
  started: EventOf<'run.started'> | null;
  code: EventOf<'run.code'> | null;
  ended: EventOf<'run.ended'> | null;
  names: EventOf<'names.changed'> | null;
  state: EventOf<'state.changed'> | null;
  disturbed: boolean;
  acts: Set<string>;
}

/** How the session's end bears on runs that have none. */
export interface IRunContext {
  hasRecorder: boolean;
  /** A tap listened to every websocket of the kernel. */
  tapped: boolean;
  /** The kernel is known to be gone. */
  gone: boolean;
  forgotten: ReadonlySet<string>;
}

export interface IRuns {
  runs: IRun[];
  byId: Map<string, IRun>;
  withoutRun: ISession['withoutRun'];
  /** Runs with an input that the probe should have seen and didn't. */
  probeSilent: number;
  /** Inputs before the probe's first run, where it started late. */
  beforeProbe: number;
}

export function joinRuns(log: ISessionLog, context: IRunContext): IRuns {
  const drafts = collectDrafts(log);
  const ordered = orderDrafts(log, drafts);
  const runs = ordered.map((draft, i) => toRun(draft, i + 1, context));
  const byId = new Map(runs.map(run => [run.id, run]));
  markOverlaps(log, byId);
  markOutlived(log, byId);
  return {
    runs,
    byId,
    withoutRun: requestsWithoutRun(log, drafts, context),
    ...unseenByProbe(log, ordered, byId)
  };
}

/* -------------------------------------------------------------- collecting */

function collectDrafts(log: ISessionLog): Map<string, IDraft> {
  const drafts = new Map<string, IDraft>();
  const draft = (id: string): IDraft => {
    let found = drafts.get(id);
    if (found === undefined) {
      found = {
        id,
        requested: null,
        input: null,
        errored: null,
        idle: null,
        started: null,
        code: null,
        ended: null,
        names: null,
        state: null,
        disturbed: false,
        acts: new Set()
      };
      drafts.set(id, found);
    }
    return found;
  };
  for (const event of eventsOf(log.recorder, 'run.input')) {
    draft(`${event.msgId}/0`).input ??= event;
  }
  for (const { events } of log.probes) {
    takeCourse(events, draft);
    takeActs(events, draft);
    takeChanges(events, draft);
  }
  for (const event of silentRequests(log)) {
    draft(`${event.msgId}/0`);
  }
  const answers = ['run.requested', 'run.errored', 'run.idle'] as const;
  for (const event of eventsOf(log.recorder, ...answers)) {
    const found = drafts.get(`${event.msgId}/0`);
    if (found === undefined) {
      continue;
    }
    switch (event.type) {
      case 'run.requested':
        found.requested ??= event;
        break;
      case 'run.errored':
        found.errored ??= event;
        break;
      case 'run.idle':
        found.idle ??= event;
        break;
    }
  }
  return drafts;
}

/**
 * Silent requests that were carried out where no probe tells of runs: the tap has
 * their code, and their end is all that the kernel says of them.
 */
function silentRequests(log: ISessionLog): EventOf<'run.requested'>[] {
  if (mainProbe(log) !== null) {
    return [];
  }
  const idle = new Set(
    [...eventsOf(log.recorder, 'run.idle')].map(({ msgId }) => msgId)
  );
  return [...eventsOf(log.recorder, 'run.requested')].filter(
    request => request.silent && !isEmpty(request) && idle.has(request.msgId)
  );
}

/** A request that asks for nothing to be run, as front ends send to see whether a kernel is there. */
const isEmpty = ({ code, expressions }: EventOf<'run.requested'>) =>
  code.bytes === 0 && (expressions ?? 0) === 0;

function takeCourse(
  events: readonly JournalEvent[],
  draft: (id: string) => IDraft
): void {
  const course = ['run.started', 'run.code', 'run.ended'] as const;
  for (const event of eventsOf(events, ...course)) {
    if (event.run === null) {
      continue;
    }
    const found = draft(event.run);
    switch (event.type) {
      case 'run.started':
        found.started ??= event;
        break;
      case 'run.code':
        // A long run says `partial` what is known of its code, and all of it at its end.
        found.code = event;
        break;
      case 'run.ended':
        found.ended = event;
        break;
    }
  }
}

function takeActs(
  events: readonly JournalEvent[],
  draft: (id: string) => IDraft
): void {
  for (const event of actsOf(events)) {
    const act = typeof event['run'] === 'string' ? actOf(event) : null;
    if (act !== null) {
      draft(event['run'] as string).acts.add(act);
    }
  }
}

/**
 * Changes of names and state. Those found at a run's start happened in between: they
 * disturb the run that found them, or the next one to start.
 */
function takeChanges(
  events: readonly JournalEvent[],
  draft: (id: string) => IDraft
): void {
  let waiting = false;
  const types = ['run.started', 'names.changed', 'state.changed'] as const;
  for (const event of eventsOf(events, ...types)) {
    if (event.type === 'run.started' && event.run !== null) {
      draft(event.run).disturbed ||= waiting;
      waiting = false;
    } else if (event.type === 'names.changed' && event.phase === 'run') {
      if (event.run !== null) {
        draft(event.run).names = event;
      }
    } else if (event.type === 'state.changed' && event.phase !== 'between') {
      if (event.run !== null) {
        draft(event.run).state = event;
      }
    } else if (
      event.type === 'state.changed' ||
      (event.type === 'names.changed' && event.names.length > 0)
    ) {
      if (event.run === null) {
        waiting = true;
      } else {
        draft(event.run).disturbed = true;
      }
    }
  }
}

/** What an event of the probe shows a run to have done beyond computing and reading files. */
function actOf(event: JournalEvent): string | null {
  switch (event.type) {
    case 'file.opened':
      return event.outcome !== 'failed' && event.ops.some(op => op !== 'read')
        ? 'wrote'
        : null;
    case 'file.mapped':
      return event.writable ? event.type : null;
    case 'file.renamed':
    case 'file.linked':
    case 'file.removed':
    case 'folder.made':
    case 'folder.renamed':
    case 'object.written':
    case 'cwd.changed':
    case 'process.started':
    case 'net.connected':
    case 'http.requested':
    case 'remote.read':
    case 'db.queried':
    case 'gap':
      return event.type;
    default: // reads, and what says nothing of an act
      return null;
  }
}

/* ---------------------------------------------------------------- ordering */

/**
 * Inputs in the recorder's order; a run that only the probe saw stands right after
 * the run that came before it in the probe's own order. What it saw before any
 * input it knows stands before that input.
 */
function orderDrafts(
  log: ISessionLog,
  drafts: ReadonlyMap<string, IDraft>
): IDraft[] {
  const after = new Map<string, IDraft[]>();
  const before = new Map<string, IDraft[]>();
  let leading: IDraft[] = [];
  let anchor: string | null = null;
  const seen = new Set<string>();
  for (const draft of kernelOrder(log, drafts)) {
    if (draft.input !== null) {
      anchor = draft.id;
      before.set(draft.id, [...(before.get(draft.id) ?? []), ...leading]);
      leading = [];
    } else if (anchor !== null) {
      const list = after.get(anchor) ?? [];
      list.push(draft);
      after.set(anchor, list);
    } else {
      leading.push(draft);
    }
    seen.add(draft.id);
  }
  const inputs = [...drafts.values()].filter(d => d.input !== null);
  const ordered = inputs.flatMap(d => [
    ...(before.get(d.id) ?? []),
    d,
    ...(after.get(d.id) ?? [])
  ]);
  return [...ordered, ...leading];
}

/**
 * Drafts in the order in which they ran: of a probe's `run.started`; without one, that
 * of the kernel's idle messages.
 */
function* kernelOrder(
  log: ISessionLog,
  drafts: ReadonlyMap<string, IDraft>
): Generator<IDraft> {
  if (mainProbe(log) === null) {
    for (const { msgId } of eventsOf(log.recorder, 'run.idle')) {
      const draft = drafts.get(`${msgId}/0`);
      if (draft !== undefined && draft.started === null) {
        yield draft;
      }
    }
  }
  for (const { events } of log.probes) {
    for (const event of eventsOf(events, 'run.started')) {
      const draft = drafts.get(event.run ?? '');
      if (draft?.started === event) {
        yield draft;
      }
    }
  }
}

/* ----------------------------------------------------------------- joining */

function toRun(draft: IDraft, number: number, context: IRunContext): IRun {
  const { requested, input, started, ended, idle } = draft;
  const code = input?.code ?? started?.code ?? requested?.code ?? null;
  return {
    id: draft.id,
    number,
    kind: kindOf(draft, context),
    status: statusOf(draft, context),
    ename: ended?.ename ?? draft.errored?.ename ?? null,
    parent: started?.parentRun ?? null,
    client:
      input?.client ??
      started?.client ??
      requested?.client ??
      idle?.client ??
      null,
    asked: askedOf(draft, context),
    docId: null,
    cellId: started?.cellId ?? requested?.cellId ?? null,
    executionCount: input?.executionCount ?? started?.executionCount ?? null,
    subshell: input?.subshell ?? null,
    code,
    textForgotten: code !== null && context.forgotten.has(code.sha256),
    startedAt: started?.t ?? input?.t ?? null,
    endedAt: ended?.t ?? idle?.t ?? null,
    durationNs: ended?.durationNs ?? null,
    seenBy: [
      ...(requested ? ['tap'] : []),
      ...(input || idle ? ['server'] : []),
      ...(started || ended ? ['probe'] : [])
    ],
    facts: draft.code,
    names: draft.names,
    state: draft.state,
    disturbed: draft.disturbed,
    acts: [...draft.acts].sort(),
    reads: [],
    writes: [],
    notOpened: [],
    listed: [],
    lastBeforeEnd: number,
    overlapped: false,
    outlived: (ended?.threadsAlive.length ?? 0) > 0 || !!ended?.tasksPending
  };
}

/** How a run's request came; known only where a tap listens. */
function askedOf(
  { id, requested, input }: IDraft,
  { tapped }: IRunContext
): IRun['asked'] {
  if (requested !== null) {
    return 'through-server';
  }
  return tapped && input !== null && id.endsWith('/0') ? 'past-server' : null;
}

/** A request without input that ran all the same is silent, whatever it calls itself. */
function kindOf(draft: IDraft, context: IRunContext): RunKind {
  const own =
    draft.started?.kind ?? (draft.requested?.silent ? 'silent' : 'cell');
  return own === 'cell' && draft.input === null && context.hasRecorder
    ? 'silent'
    : own;
}

function statusOf(draft: IDraft, context: IRunContext): RunStatus {
  if (draft.ended !== null) {
    return draft.ended.status;
  }
  if (draft.errored !== null) {
    return 'error';
  }
  if (draft.idle !== null) {
    return 'ok';
  }
  if (context.gone) {
    return 'killed';
  }
  return context.hasRecorder ? 'running' : 'unknown';
}

/* ---------------------------------------------------------------- overlaps */

/** Nested runs and expressions belong to the run around them. */
const isInner = (run: IRun) =>
  run.kind === 'nested' || run.kind === 'expression';

/** What had started when a run ended, in one file's order of starts and ends. */
class Sweep {
  private started = 0;
  private highest = 0;
  private readonly startedAt = new Map<string, number>();
  private readonly open = new Set<IRun>();

  take(run: IRun | undefined, starts: boolean): void {
    if (run === undefined) {
      return;
    }
    if (starts) {
      this.start(run);
    } else {
      this.end(run);
    }
  }

  private start(run: IRun): void {
    this.highest = Math.max(this.highest, run.number);
    if (!isInner(run)) {
      this.started += 1;
      this.open.add(run);
    }
    this.startedAt.set(run.id, this.started);
  }

  private end(run: IRun): void {
    const startedAt = this.startedAt.get(run.id);
    if (startedAt === undefined) {
      return;
    }
    this.open.delete(run);
    run.lastBeforeEnd = Math.max(run.lastBeforeEnd, this.highest);
    run.overlapped ||= !isInner(run) && this.started > startedAt;
  }

  /** Runs whose end nobody saw may have gone on to the end of the session. */
  finish(isOpen: (run: IRun) => boolean): void {
    for (const run of this.open) {
      if (isOpen(run)) {
        run.lastBeforeEnd = Math.max(run.lastBeforeEnd, this.highest);
      }
    }
  }
}

function markOverlaps(log: ISessionLog, byId: ReadonlyMap<string, IRun>): void {
  const open = (run: IRun) =>
    run.endedAt === null &&
    (run.status === 'running' ||
      run.status === 'killed' ||
      run.status === 'unknown');
  const requests = new Sweep();
  for (const event of eventsOf(log.recorder, 'run.input', 'run.idle')) {
    const run = byId.get(`${event.msgId}/0`);
    requests.take(run, event.type === 'run.input');
  }
  requests.finish(open);
  for (const { events } of log.probes) {
    const sweep = new Sweep();
    for (const event of eventsOf(events, 'run.started', 'run.ended')) {
      sweep.take(byId.get(event.run ?? ''), event.type === 'run.started');
    }
    sweep.finish(open);
  }
}

/** A thread or task that did something while a later run was open outlived its own. */
function markOutlived(log: ISessionLog, byId: ReadonlyMap<string, IRun>): void {
  for (const event of log.probes.flatMap(p => [...actsOf(p.events)])) {
    const later = 'during' in event && event.during != null;
    const run = later ? byId.get((event['run'] as string | null) ?? '') : null;
    if (run != null && event['attribution'] !== 'process') {
      run.outlived = true;
    }
  }
}

/* ------------------------------------------------------------------ absent */

/**
 * Execute requests that never showed an input. Aborted: the tap saw one that had to
 * show its code and it went idle without, or the kernel is gone and never began it;
 * or the probe was listening and saw no run either. A request that asks for nothing
 * is none.
 */
function requestsWithoutRun(
  log: ISessionLog,
  drafts: ReadonlyMap<string, IDraft>,
  { gone }: IRunContext
): ISession['withoutRun'] {
  const probe = mainProbe(log);
  const late = probe?.hello?.install === 'late';
  const requests = new Map(
    [...eventsOf(log.recorder, 'run.requested')].map(e => [e.msgId, e] as const)
  );
  const idle = new Set<string>();
  let probed = probe !== null && !late;
  let paused = false;
  const result: ISession['withoutRun'] = [];
  const types = ['run.input', 'recording.paused', 'run.idle'] as const;
  for (const event of eventsOf(log.recorder, ...types)) {
    if (event.type === 'run.input') {
      probed ||=
        probe !== null && drafts.get(`${event.msgId}/0`)?.started != null;
    } else if (event.type === 'recording.paused') {
      paused = true;
    } else if (
      event.type === 'run.idle' &&
      event.request === 'execute_request' &&
      !idle.has(event.msgId)
    ) {
      idle.add(event.msgId);
      const request = requests.get(event.msgId) ?? null;
      const nothing = request !== null && isEmpty(request);
      if (!drafts.has(`${event.msgId}/0`) && !nothing) {
        const told = request !== null && !request.silent;
        result.push({
          msgId: event.msgId,
          client: event.client,
          verdict: probed || told ? 'aborted' : 'unknown',
          ...requestOf(request)
        });
      }
    }
  }
  // What began in a pause was left out: nothing tells it from what never began.
  const never = [...requests.values()].filter(
    ({ msgId }) => gone && !idle.has(msgId) && !drafts.has(`${msgId}/0`)
  );
  return [
    ...result,
    ...never.map(request => ({
      msgId: request.msgId,
      client: request.client,
      verdict: paused ? ('unknown' as const) : ('aborted' as const),
      ...requestOf(request)
    }))
  ];
}

function requestOf(request: EventOf<'run.requested'> | null) {
  return { cellId: request?.cellId ?? null, code: request?.code ?? null };
}

/**
 * Runs that the probe didn't see to their end: before it came, or while it should have.
 * One that was cut short has a gap of its own.
 */
function unseenByProbe(
  log: ISessionLog,
  ordered: readonly IDraft[],
  byId: ReadonlyMap<string, IRun>
): { probeSilent: number; beforeProbe: number } {
  const probe = mainProbe(log);
  if (probe === null) {
    return { probeSilent: 0, beforeProbe: 0 };
  }
  const first = ordered.findIndex(d => d.started !== null);
  const late = probe.hello?.install === 'late';
  const unseen = (list: readonly IDraft[]) =>
    list.filter(d => {
      const status = byId.get(d.id)?.status;
      return d.started === null
        ? status !== 'running'
        : d.ended === null && status !== 'running' && status !== 'killed';
    }).length;
  const start = late ? (first < 0 ? ordered.length : first) : 0;
  return {
    beforeProbe: unseen(ordered.slice(0, start)),
    probeSilent: unseen(ordered.slice(start))
  };
}

/** Texts that were removed on request, of this session. */
export function forgottenTexts(
  events: readonly JournalEvent[],
  sid: string
): Set<string> {
  const texts = new Set<string>();
  for (const event of eventsOf(events, 'forgotten')) {
    const { session, text } = event.what;
    if (text !== undefined && (session === undefined || session === sid)) {
      texts.add(text);
    }
  }
  return texts;
}
