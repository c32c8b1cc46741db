/**
 * The fold: events of all files of one session → what the session was. Files are
 * joined by ids, never by the order of arrival, so it doesn't matter how they
 * interleave or in which pieces they come. Linear in events.
 */
import type { EventOf, JournalEvent } from '../journal/events';
import type { IJournalFile, IReadProblem } from '../journal/read';
import {
  assignDocuments,
  documentPaths,
  readClients,
  readDocuments
} from './documents';
import { identity } from './digests';
import { readFiles } from './files';
import { digestGaps, findGaps } from './gaps';
import {
  clockOf,
  eventsOf,
  lastOf,
  mainProbe,
  sortLog,
  type ISessionLog
} from './log';
import { queriesOf } from './queries';
import { forgottenTexts, joinRuns, type IRuns } from './runs';
import type {
  IExecution,
  IFileVersion,
  IMachine,
  IRemoteRead,
  ISession,
  ISessionObserver,
  SessionState
} from './types';

export interface IFoldOptions {
  /** Digests taken for a record, from the attests file. */
  hashed?: readonly EventOf<'file.hashed'>[];
  /** Tombstones, from `forgotten.jsonl`. */
  forgotten?: readonly JournalEvent[];
}

interface IFoldContext extends IFoldOptions {
  /** Identities of files that another session is known to have written. */
  elsewhere?: ReadonlySet<string> | null;
}

/** A session that was folded before, by itself and with no options. */
export interface IFolded {
  session: ISession;
  /** All that it was folded from, tombstones too. */
  sources: readonly IJournalFile[];
}

/** Takes a session's events as they come; says at any time what they amount to. */
export class SessionFold {
  private readonly files = new Map<string, IFoldFile>();

  constructor(
    readonly sid: string,
    private readonly options: IFoldOptions = {}
  ) {}

  /** Add events of one file, in the order in which they stand there. */
  add(
    file: string,
    events: readonly JournalEvent[],
    problems: readonly IReadProblem[] = []
  ): void {
    const known = this.files.get(file) ?? { file, events: [], problems: [] };
    this.files.set(file, {
      file,
      events: known.events.concat(events),
      problems: known.problems.concat(problems)
    });
  }

  session(): ISession {
    return foldLog(sortLog(this.sid, [...this.files.values()]), this.options);
  }
}

interface IFoldFile {
  file: string;
  events: JournalEvent[];
  problems: IReadProblem[];
}

/**
 * Fold every session of a set of journal files; the key is the session's id.
 *
 * @param folded sessions folded before; one is taken as it is where folding it again
 * would give the same.
 */
export function foldSessions(
  files: readonly IJournalFile[],
  options: IFoldOptions = {},
  folded: readonly IFolded[] = []
): Map<string, ISession> {
  const buried = files.filter(f => f.file === 'forgotten.jsonl');
  const tombstones = buried.flatMap(f => f.events);
  const forgotten = [...tombstones, ...(options.forgotten ?? [])];
  const usable = isEmpty(options) ? folded : [];
  const bySid = new Map<string, IJournalFile[]>();
  for (const file of files) {
    if (file.sid !== '' && file.file !== 'forgotten.jsonl') {
      bySid.set(file.sid, [...(bySid.get(file.sid) ?? []), file]);
    }
  }
  const fold = (sid: string, elsewhere: ReadonlySet<string> | null) =>
    foldLog(sortLog(sid, bySid.get(sid)!), {
      ...options,
      forgotten,
      elsewhere
    });
  const alone = [...bySid].map(([sid, own]) => {
    const known = usable.find(
      ({ session, sources }) =>
        session.sid === sid && isSame(sources, [...own, ...buried])
    );
    return known?.session ?? fold(sid, null);
  });
  return new Map(
    alone.map(session => {
      const elsewhere = writtenElsewhere(session, alone);
      const { sid } = session;
      return [sid, elsewhere === null ? session : fold(sid, elsewhere)];
    })
  );
}

/**
 * What one session only found changed and another is known to have written: two
 * notebooks at work in one folder. Null when there is none.
 */
function writtenElsewhere(
  session: ISession,
  all: readonly ISession[]
): ReadonlySet<string> | null {
  const found = new Set(
    foundChanged(session).map(({ stat }) => identity(stat!))
  );
  const theirs = all
    .filter(other => other !== session && found.size > 0)
    .flatMap(({ files }) => files)
    .flatMap(({ versions }) => versions)
    .filter(isSurelyWritten)
    .map(({ stat }) => identity(stat!))
    .filter(id => found.has(id));
  return theirs.length === 0 ? null : new Set(theirs);
}

/** Versions of which nothing but a change on disk was seen. */
export function foundChanged({ files }: ISession): IFileVersion[] {
  return files
    .flatMap(({ versions }) => versions)
    .filter(
      ({ origin, certainty, stat, seenBy }) =>
        origin === 'run' &&
        certainty === 'may' &&
        stat !== null &&
        seenBy.every(by => by === 'scan')
    );
}

export const isSurelyWritten = (version: IFileVersion): boolean =>
  version.origin === 'run' &&
  version.certainty === 'sure' &&
  version.stat !== null;

const isEmpty = ({ hashed = [], forgotten = [] }: IFoldOptions) =>
  hashed.length === 0 && forgotten.length === 0;

/** The very same files, however ordered. */
function isSame<T>(some: readonly T[], others: readonly T[]): boolean {
  const all = new Set(others);
  return some.length === all.size && some.every(each => all.has(each));
}

function foldLog(log: ISessionLog, options: IFoldContext): ISession {
  const state = stateOf(log.recorder);
  const hasRecorder =
    eventsOf(log.recorder, 'kernel.started', 'run.input').length > 0;
  const tapped = isTapped(log.recorder);
  const runs = joinRuns(log, {
    hasRecorder,
    tapped,
    gone: state.state !== 'running',
    forgotten: forgottenTexts(options.forgotten ?? [], log.sid)
  });
  const documents = readDocuments(log.recorder);
  const clients = readClients(log.recorder, runs.runs);
  assignDocuments(runs.runs, documents, clients);
  const files = readFiles(log, {
    runs: runs.byId,
    documents: documentPaths(log.recorder),
    hashed: options.hashed ?? [],
    elsewhere: options.elsewhere ?? new Set()
  });
  const session = {
    sid: log.sid,
    ...kernelOf(log.recorder),
    ...state,
    ...times(log),
    hasRecorder,
    tapped,
    ...startOf(log, runs),
    scan: scanOf(log.recorder),
    lastLook: lastOf(log.recorder, 'scan.done')?.t ?? null,
    observers: observersOf(log),
    documents: [...documents.values()],
    clients: [...clients.values()],
    runs: runs.runs,
    withoutRun: runs.withoutRun,
    files: files.files,
    reads: files.reads,
    remotes: remotesOf(log, runs),
    queries: queriesOf(log, runs),
    execution: executionOf(log.recorder),
    machine: machineOf(log)
  };
  const noise = new Set(
    session.files.filter(f => f.classification.noise).map(f => f.key)
  );
  const gaps = [
    ...findGaps({ log, session, runs, files, documents }),
    ...digestGaps(session.reads, noise)
  ];
  return { ...session, gaps };
}

function kernelOf(events: readonly JournalEvent[]) {
  const started = lastOf(events, 'kernel.started');
  return {
    kernelId: started?.kernelId ?? null,
    previousSid: started?.previousSid ?? null,
    kernelName: started?.kernelName ?? null,
    language: started?.language ?? null,
    provisioner: started?.provisioner ?? null,
    startSeen: started !== null
  };
}

function stateOf(events: readonly JournalEvent[]): {
  state: SessionState;
  endedAt: string | null;
  paused: boolean;
} {
  let state: SessionState = 'running';
  let endedAt: string | null = null;
  let paused = false;
  for (const event of eventsOf(events, ...STATES)) {
    switch (event.type) {
      case 'kernel.died':
        [state, endedAt] = ['died', event.t];
        break;
      case 'kernel.restarted':
        [state, endedAt] = ['restarted', event.t];
        break;
      case 'kernel.ended':
        state = state === 'running' ? 'ended' : state;
        endedAt ??= event.t;
        break;
      case 'recording.paused':
        paused = true;
        break;
      case 'recording.resumed':
        paused = false;
        break;
    }
  }
  return { state, endedAt, paused };
}

/** Events that say something of a session's state. */
const STATES = [
  'kernel.died',
  'kernel.restarted',
  'kernel.ended',
  'recording.paused',
  'recording.resumed'
] as const;

/** Wall clocks of the session's own files; good for showing, never for joining. */
function times(log: ISessionLog): { startedAt: string; lastAt: string } {
  const clocks = [log.recorder, ...log.probes.map(p => p.events)]
    .map(clockOf)
    .filter(({ last }) => last !== '');
  return {
    startedAt: clocks.map(({ first }) => first).sort()[0] ?? '',
    lastAt:
      clocks
        .map(({ last }) => last)
        .sort()
        .at(-1) ?? ''
  };
}

function startOf(log: ISessionLog, runs: IRuns) {
  const hello = mainProbe(log)?.hello ?? null;
  const install = hello?.install === 'late' ? 'late' : 'launch';
  return {
    install:
      hello === null ? ('none' as const) : (install as 'late' | 'launch'),
    runsMissed: Math.max(hello?.runsMissed ?? 0, runs.beforeProbe)
  };
}

/** A tap joined and never left while runs could come. */
function isTapped(events: readonly JournalEvent[]): boolean {
  let tapped = false;
  for (const event of eventsOf(events, 'observer.joined', 'observer.left')) {
    if (event.type === 'observer.left') {
      if (event.observer === 'tap') {
        return false;
      }
    } else if (event.observer.kind === 'tap') {
      tapped = true;
    }
  }
  return tapped;
}

function scanOf(events: readonly JournalEvent[]): ISession['scan'] {
  const done = eventsOf(events, 'scan.done');
  if (done.length === 0) {
    return 'none';
  }
  return done.every(e => e.complete) ? 'complete' : 'incomplete';
}

function observersOf(log: ISessionLog): ISessionObserver[] {
  const found = new Map<string, ISessionObserver>();
  for (const events of [log.recorder, ...log.probes.map(p => p.events)]) {
    for (const { observer } of eventsOf(events, 'observer.joined')) {
      const { kind, domain, version } = observer;
      const key = JSON.stringify([kind, domain, version]);
      const known = found.get(key) ?? { kind, domain, version, count: 0 };
      found.set(key, { ...known, count: known.count + 1 });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, o]) => o);
}

/** What was read by URL: each answer to a run, or the request alone where no answer was seen. */
function remotesOf(log: ISessionLog, { byId }: IRuns): IRemoteRead[] {
  const found = new Map<string, IRemoteRead[]>();
  for (const { events } of log.probes) {
    for (const event of eventsOf(events, 'remote.read')) {
      const run = byId.get(event.run ?? '')?.number ?? null;
      const key = `${run}\0${event.url}`;
      const answers = found.get(key) ?? [];
      found.set(key, answers);
      addAnswer(answers, remoteRead(run, event));
    }
  }
  return [...found.values()].flat();
}

function remoteRead(
  run: number | null,
  event: EventOf<'remote.read'>
): IRemoteRead {
  return {
    run,
    url: event.url,
    etag: event.etag ?? null,
    lastModified: event.lastModified ?? null,
    versionId: event.versionId ?? null,
    status: event.status ?? null,
    sha256: event.sha256 ?? null,
    received: event.received ?? null
  };
}

/** An answer's head and its body are told one after the other, or together. */
function addAnswer(answers: IRemoteRead[], told: IRemoteRead): void {
  if (told.status !== null) {
    const asked = answers.findIndex(
      ({ status, sha256 }) =>
        status === null && (sha256 === null || sha256 === told.sha256)
    );
    answers.splice(asked < 0 ? answers.length : asked, 1, told);
  } else if (told.sha256 !== null) {
    const { sha256, received } = told;
    const [headed, another] = answers.filter(known => known.sha256 === null);
    // Of several heads without a body nobody knows which one it belongs to.
    if (headed !== undefined && another === undefined) {
      Object.assign(headed, { sha256, received });
    } else if (!answers.some(known => known.sha256 === sha256)) {
      answers.push(told);
    }
  } else if (answers.length === 0) {
    answers.push(told);
  }
}

function executionOf(events: readonly JournalEvent[]): IExecution | null {
  const started = lastOf(events, 'execution.started');
  if (started === null) {
    return null;
  }
  const ended = lastOf(events, 'execution.ended');
  return {
    docId: started.docId,
    path: started.path,
    sha256: started.sha256,
    parameters: started.parameters,
    output: ended?.output ?? started.output,
    outputSha256: ended?.outputSha256 ?? null,
    status: ended?.status ?? 'running',
    cells: ended?.cells ?? 0,
    executed: ended?.executed ?? 0
  };
}

function machineOf(log: ISessionLog): IMachine {
  const probe = mainProbe(log);
  const events = probe?.events ?? [];
  return {
    hello: probe?.hello ?? null,
    packages: lastOf(events, 'env.packages'),
    hardware: lastOf(events, 'env.hardware'),
    determinism: lastOf(events, 'env.determinism')
  };
}
