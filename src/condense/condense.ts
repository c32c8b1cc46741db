/**
 * The slice of a file: every run of its kernel session that began before the file's
 * last write could have ended, and the same for earlier sessions that wrote what these
 * read; except runs that are shown harmless (`harmless.ts`) and made nothing that a
 * kept run may read (`flow.ts`). What can't be shown is kept. Linear in events.
 */
import type { IFileRead, IFileVersion, IRun, ISession } from '../session/types';
import type { Name } from '../journal/events';
import { nameKey } from '../journal/names';
import { SessionFlow, Walker } from './flow';
import {
  MAX_REASONS,
  type IExternalInput,
  type IReason,
  type IRunVerdict,
  type ISessionEdge,
  type ISlice,
  type ISliceSubject,
  type ITracedSubject
} from './types';
import { byStart, WriterIndex, type IWrite } from './writers';

/**
 * @param sessions everything at hand: the subjects' sessions and earlier ones. What a
 * session read that none of these wrote is `external`; a caller that finds its writer
 * elsewhere adds that session and asks again.
 * @param drops ids of runs (`<sid>#<msgId>/<k>` or `<msgId>/<k>`) that the author leaves
 * out. What such a run read isn't followed, and what it made counts for nothing: earlier
 * writers of the same names are kept, and a file of it that a kept run reads is external.
 */
export function condense(
  sessions: ReadonlyMap<string, ISession>,
  subjects: readonly ISliceSubject[],
  drops: readonly string[] = []
): ISlice {
  return new Condenser(sessions, drops).slice(subjects);
}

export type DropTest = (session: ISession, run: IRun) => boolean;

/** Whether a run is one of those that the author leaves out. */
export function dropTest(drops: readonly string[]): DropTest {
  const ids = new Set(drops);
  return ({ sid }, { id }) => ids.has(id) || ids.has(`${sid}#${id}`);
}

/** How far into a session the slice reaches, and which runs it needs for sure. */
interface IReach {
  session: ISession;
  /** Highest run number kept. */
  bound: number;
  /** Run numbers handled so far. */
  done: number;
  looseDone: boolean;
  flow: SessionFlow;
  /** Runs to keep that were not asked yet what they read. */
  asked: number[];
  kept: Set<number>;
  /** Why a harmless run is kept all the same. */
  readBy: Map<number, IReason>;
  /** What kept runs use of what a run left out by the author made. */
  usedBy: Map<number, IReason[]>;
  keptWalk: Walker;
  /** Every run below this number is kept, for an opaque one may read what they made. */
  floor: number;
  /** Runs that wrote a subject or a file that the slice reads, with the file's path. */
  wrote: Map<number, Name>;
  /** +1 where an interval of possible writers begins, -1 after its end. */
  mayHaveWritten: Map<number, number>;
  writeNotSeen: boolean;
  /** By run number: the highest run that had started when it and all before it had ended. */
  lastBeforeEnd: number[];
}

class Condenser {
  private readonly index: WriterIndex;
  private readonly isDropped: DropTest;
  private readonly reaches = new Map<string, IReach>();
  private readonly edges: ISessionEdge[] = [];
  private readonly external: IExternalInput[] = [];
  private readonly waiting: IReach[] = [];

  constructor(
    private readonly sessions: ReadonlyMap<string, ISession>,
    private readonly drops: readonly string[]
  ) {
    this.isDropped = dropTest(drops);
    this.index = new WriterIndex(sessions);
  }

  slice(subjects: readonly ISliceSubject[]): ISlice {
    const traced = subjects.map(subject => this.index.trace(subject));
    traced.forEach(subject => this.reachSubject(subject));
    if (traced.some(subject => this.isUnplaced(subject))) {
      this.reaches.forEach(reach => this.reachWhole(reach));
    }
    for (let reach = this.waiting.pop(); reach; reach = this.waiting.pop()) {
      this.followReads(reach);
    }
    const used = [...this.reaches.values()].sort((a, b) =>
      byStart(a.session, b.session)
    );
    return {
      sessions: used.map(reach => ({
        session: reach.session,
        runs: this.verdicts(reach)
      })),
      subjects: traced,
      edges: this.edges,
      external: this.external
    };
  }

  private reachSubject({ sid, version }: ITracedSubject): void {
    const session = this.sessions.get(sid ?? '');
    if (session === undefined) {
      return;
    }
    if (version !== null) {
      this.reachVersion(session, version);
    } else {
      this.reachWhole(this.reach(session));
    }
  }

  /** Any session at hand may have written a file that none is known to have written. */
  private isUnplaced({ sid, version }: ITracedSubject): boolean {
    return version === null && !this.sessions.has(sid ?? '');
  }

  private reachWhole(reach: IReach): void {
    reach.writeNotSeen = true;
    this.extend(reach, reach.session.runs.length);
  }

  /** Keep what the write of a version may depend on. */
  private reachVersion(session: ISession, version: IFileVersion): void {
    const reach = this.reach(session);
    const { writers } = version;
    if (writers === null) {
      this.reachWhole(reach);
      return;
    }
    const [first, last] = writers;
    if (first === last && version.certainty === 'sure') {
      reach.wrote.set(first, version.path);
      this.keep(reach, first, null);
    } else {
      mark(reach.mayHaveWritten, first, 1);
      mark(reach.mayHaveWritten, last + 1, -1);
    }
    this.extend(reach, reach.lastBeforeEnd[last] ?? session.runs.length);
  }

  private reach(session: ISession): IReach {
    let reach = this.reaches.get(session.sid);
    if (reach === undefined) {
      reach = {
        session,
        bound: 0,
        done: 0,
        looseDone: false,
        flow: new SessionFlow(session, run => this.isDropped(session, run)),
        asked: [],
        kept: new Set(),
        readBy: new Map(),
        usedBy: new Map(),
        keptWalk: new Walker(),
        floor: 0,
        wrote: new Map(),
        mayHaveWritten: new Map(),
        writeNotSeen: false,
        lastBeforeEnd: highestStarted(session.runs)
      };
      this.reaches.set(session.sid, reach);
      this.waiting.push(reach);
    }
    return reach;
  }

  private extend(reach: IReach, bound: number): void {
    if (bound > reach.bound) {
      reach.bound = bound;
      this.waiting.push(reach);
    }
  }

  /** Each run kept asks for the writers of what it read; each run is asked once. */
  private followReads(reach: IReach): void {
    const { session, flow } = reach;
    for (let number = reach.done + 1; number <= reach.bound; number++) {
      if (!flow.isHarmless(number)) {
        this.keep(reach, number, null);
      }
    }
    reach.done = Math.max(reach.done, reach.bound);
    if (!reach.looseDone) {
      reach.looseDone = true;
      this.followFiles(
        reach,
        session.reads.filter(read => read.run === null)
      );
    }
    for (let at = reach.asked.pop(); at !== undefined; at = reach.asked.pop()) {
      this.ask(reach, at);
    }
  }

  private keep(reach: IReach, number: number, because: IReason | null): void {
    const dropped = this.isLeftOut(reach.session, number);
    if (dropped && because !== null) {
      addReason(reach.usedBy, number, because);
    }
    if (reach.kept.has(number)) {
      return;
    }
    reach.kept.add(number);
    if (because !== null) {
      reach.readBy.set(number, because);
    }
    if (!dropped) {
      reach.asked.push(number);
      this.waiting.push(reach);
    }
  }

  private isLeftOut(session: ISession, number: number): boolean {
    return this.isDropped(session, session.runs[number - 1]!);
  }

  private ask(reach: IReach, number: number): void {
    const { session, flow } = reach;
    for (const read of flow.reads(number)) {
      const because: IReason = {
        code: 'read-by',
        resource: read.resource,
        run: number
      };
      for (const writer of reach.keptWalk.writers(read)) {
        this.keep(reach, writer, because);
      }
    }
    const opaque = flow.opaque(number);
    if (opaque !== null) {
      for (; reach.floor < number - 1; reach.floor++) {
        this.keep(reach, reach.floor + 1, {
          code: 'may-be-read-by',
          resource: opaque,
          run: number
        });
      }
    }
    this.followFiles(reach, session.runs[number - 1]!.reads);
  }

  private followFiles(reach: IReach, reads: readonly IFileRead[]): void {
    const { session } = reach;
    for (const read of reads) {
      const writer = this.index.writerOf(session, read);
      if (writer === null) {
        this.external.push({ sid: session.sid, read });
        continue;
      }
      if (this.noteUse(session, read, writer)) {
        this.external.push({ sid: session.sid, read });
      } else if (writer.session !== session) {
        this.edges.push({
          sid: session.sid,
          read,
          fromSid: writer.session.sid,
          from: writer.version
        });
      }
      this.reachVersion(writer.session, writer.version);
    }
  }

  /**
   * Note that a kept run reads a file of runs that the author left out.
   *
   * @returns false when a kept run may have written it as well.
   */
  private noteUse(session: ISession, read: IFileRead, writer: IWrite): boolean {
    const [first, last] = writer.version.writers ?? [1, 0];
    if (this.drops.length === 0) {
      return false;
    }
    const reach = this.reach(writer.session);
    let all = first <= last;
    for (let number = first; number <= last; number++) {
      if (!this.isLeftOut(writer.session, number)) {
        all = false;
        continue;
      }
      const { path } = read.version;
      const here = writer.session === session && read.run !== null;
      addReason(
        reach.usedBy,
        number,
        here
          ? { code: 'read-by', path, run: read.run! }
          : { code: 'wrote', path }
      );
    }
    return all;
  }

  private verdicts(reach: IReach): IRunVerdict[] {
    const needed = this.needed(reach);
    let intervals = 0;
    return reach.session.runs.map(run => {
      intervals += reach.mayHaveWritten.get(run.number) ?? 0;
      return this.verdict(reach, run, intervals > 0, needed);
    });
  }

  /** Runs that a writer needs for sure, each with the read that shows it. */
  private needed(reach: IReach): Map<number, IReason> {
    const needed = new Map<number, IReason>();
    const walker = new Walker();
    const { session } = reach;
    const isKept = (number: number) => !this.isLeftOut(session, number);
    const waiting = [...reach.wrote.keys()].filter(isKept);
    for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
      const reads = reach.flow.reads(run).filter(read => read.sure);
      for (const read of reads) {
        const { resource } = read;
        for (const writer of walker.writers(read)) {
          if (!needed.has(writer) && !reach.wrote.has(writer)) {
            needed.set(writer, { code: 'read-by', resource, run });
            waiting.push(...[writer].filter(isKept));
          }
        }
      }
    }
    return needed;
  }

  private verdict(
    reach: IReach,
    run: IRun,
    may: boolean,
    needed: ReadonlyMap<number, IReason>
  ): IRunVerdict {
    const { session, bound, wrote, writeNotSeen, flow } = reach;
    const { number } = run;
    if (number > bound) {
      return {
        run,
        verdict: 'after-subject',
        reason: 'after-the-write',
        because: []
      };
    }
    if (this.isDropped(session, run)) {
      const because = surestFirst(reach.usedBy.get(number) ?? []);
      return { run, verdict: 'dropped-by-user', reason: 'user', because };
    }
    const path = wrote.get(number);
    if (path !== undefined) {
      const because: IReason[] = [{ code: 'wrote', path }];
      return { run, verdict: 'needed', reason: 'wrote', because };
    }
    if (!reach.kept.has(number)) {
      const reason = 'harmless-unread';
      return { run, verdict: 'dropped-proved', reason, because: [] };
    }
    const reader = needed.get(number);
    if (reader !== undefined) {
      const reason = 'made-what-was-read';
      return { run, verdict: 'needed', reason, because: [reader] };
    }
    const read = reach.readBy.get(number);
    const unseen = writeNotSeen ? 'write-not-seen' : 'not-shown-harmless';
    const reason = may
      ? 'may-have-written'
      : flow.isHarmless(number)
        ? 'read'
        : unseen;
    const because = [
      ...(read === undefined ? [] : [read]),
      ...flow.objections(number)
    ].slice(0, MAX_REASONS);
    return { run, verdict: 'kept-undecided', reason, because };
  }
}

/** Add a reason that isn't there yet, up to `MAX_REASONS`. */
function addReason(
  reasons: Map<number, IReason[]>,
  number: number,
  reason: IReason
): void {
  const own = reasons.get(number) ?? [];
  const isSame = ({ code, resource, path }: IReason) =>
    code === reason.code &&
    resource === reason.resource &&
    (path === undefined ? '' : nameKey(path)) ===
      (reason.path === undefined ? '' : nameKey(reason.path));
  if (own.length < MAX_REASONS && !own.some(isSame)) {
    reasons.set(number, [...own, reason]);
  }
}

function surestFirst(reasons: readonly IReason[]): IReason[] {
  const isSure = ({ code }: IReason) => code !== 'may-be-read-by';
  return [...reasons.filter(isSure), ...reasons.filter(each => !isSure(each))];
}

function mark(marks: Map<number, number>, at: number, by: number): void {
  marks.set(at, (marks.get(at) ?? 0) + by);
}

function highestStarted(runs: readonly IRun[]): number[] {
  const highest = [0];
  for (const run of runs) {
    highest.push(Math.max(highest.at(-1)!, run.lastBeforeEnd));
  }
  return highest;
}
