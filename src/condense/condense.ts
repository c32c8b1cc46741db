/**
 * The slice of a file: in this form every run of its kernel session that began
 * before the file's last write could have ended, and the same for earlier sessions
 * that wrote what these read. Sound, not tight: nothing is proved harmless yet.
 * Linear in events.
 */
import type { IFileVersion, IRun, ISession } from '../session/types';
import type {
  IExternalInput,
  IRunVerdict,
  ISessionEdge,
  ISlice,
  ISliceSubject,
  ITracedSubject
} from './types';
import { byStart, WriterIndex } from './writers';

/**
 * @param sessions everything at hand: the subjects' sessions and earlier ones. What a
 * session read that none of these wrote is `external`; a caller that finds its writer
 * elsewhere adds that session and asks again.
 * @param drops ids of runs (`<sid>#<msgId>/<k>` or `<msgId>/<k>`) that the author leaves out.
 */
export function condense(
  sessions: ReadonlyMap<string, ISession>,
  subjects: readonly ISliceSubject[],
  drops: readonly string[] = []
): ISlice {
  return new Condenser(sessions, new Set(drops)).slice(subjects);
}

/** How far into a session the slice reaches, and which runs it needs for sure. */
interface IReach {
  session: ISession;
  /** Highest run number kept. */
  bound: number;
  /** Run numbers handled so far. */
  done: number;
  looseDone: boolean;
  wrote: Set<number>;
  /** +1 where an interval of possible writers begins, -1 after its end. */
  mayHaveWritten: Map<number, number>;
  writeNotSeen: boolean;
  /** By run number: the highest run that had started when it and all before it had ended. */
  lastBeforeEnd: number[];
}

class Condenser {
  private readonly index: WriterIndex;
  private readonly reaches = new Map<string, IReach>();
  private readonly edges: ISessionEdge[] = [];
  private readonly external: IExternalInput[] = [];
  private readonly waiting: IReach[] = [];

  constructor(
    private readonly sessions: ReadonlyMap<string, ISession>,
    private readonly drops: ReadonlySet<string>
  ) {
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
      reach.wrote.add(first);
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
        wrote: new Set(),
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
    const { session } = reach;
    const runs = session.runs.slice(reach.done, reach.bound);
    reach.done = Math.max(reach.done, reach.bound);
    const loose = reach.looseDone
      ? []
      : session.reads.filter(read => read.run === null);
    reach.looseDone = true;
    const kept = runs.filter(run => !this.isDropped(session, run));
    for (const read of [...loose, ...kept.flatMap(run => run.reads)]) {
      const writer = this.index.writerOf(session, read);
      if (writer === null) {
        this.external.push({ sid: session.sid, read });
        continue;
      }
      if (writer.session !== session) {
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

  private isDropped(session: ISession, run: IRun): boolean {
    return this.drops.has(run.id) || this.drops.has(`${session.sid}#${run.id}`);
  }

  private verdicts(reach: IReach): IRunVerdict[] {
    let intervals = 0;
    return reach.session.runs.map(run => {
      intervals += reach.mayHaveWritten.get(run.number) ?? 0;
      return this.verdict(reach, run, intervals > 0);
    });
  }

  private verdict(reach: IReach, run: IRun, may: boolean): IRunVerdict {
    const { session, bound, wrote, writeNotSeen } = reach;
    if (run.number > bound) {
      return { run, verdict: 'after-subject', reason: 'after-the-write' };
    }
    if (this.isDropped(session, run)) {
      return { run, verdict: 'dropped-by-user', reason: 'user' };
    }
    if (wrote.has(run.number)) {
      return { run, verdict: 'needed', reason: 'wrote' };
    }
    const unseen = writeNotSeen ? 'write-not-seen' : 'not-shown-harmless';
    const reason = may ? 'may-have-written' : unseen;
    return { run, verdict: 'kept-undecided', reason };
  }
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
