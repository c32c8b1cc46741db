/** Who wrote these bytes: an index over all sessions at hand. */
import { identity } from '../session/digests';
import type { IFileRead, IFileVersion, ISession } from '../session/types';
import type { ISliceSubject, ITracedSubject } from './types';

export interface IWrite {
  session: ISession;
  version: IFileVersion;
}

/** Writes in time: which was the last up to a point? Asked once a read, of very many writes. */
class Timeline<T extends number | string> {
  private readonly steps: { at: T; write: IWrite }[] = [];
  private isSorted = true;

  add(at: T, write: IWrite): void {
    this.isSorted &&= !(at < (this.steps.at(-1)?.at ?? at));
    this.steps.push({ at, write });
  }

  last(
    point: T,
    isMeant: (write: IWrite) => boolean = () => true
  ): IWrite | null {
    if (!this.isSorted) {
      this.steps.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      this.isSorted = true;
    }
    let low = 0;
    let high = this.steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle]!.at <= point) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    while (low > 0 && !isMeant(this.steps[low - 1]!.write)) {
      low -= 1;
    }
    return this.steps[low - 1]?.write ?? null;
  }
}

/** All writes of the same bytes. */
class SameBytes {
  /** By session, in the order of the runs. Empty files are all alike: they say nothing. */
  private readonly own = new Map<ISession, Timeline<number>>();
  /** The first of those that aren't empty, by the file system's clock; null if one has no time. */
  private readonly earliest: IFileVersion | null;
  /** By path, in the order of wall clocks. */
  private readonly byPath = new Map<string, Timeline<string>>();

  constructor(writes: readonly IWrite[]) {
    for (const write of writes) {
      const { session, version } = write;
      if (!isEmpty(version)) {
        const first = version.writers?.[0] ?? 0;
        timelineOf(this.own, session).add(first, write);
      }
      timelineOf(this.byPath, version.key).add(version.at ?? '', write);
    }
    const made = writes.map(({ version }) => version).filter(v => !isEmpty(v));
    this.earliest = made.every(({ stat }) => stat !== null)
      ? made.reduce<IFileVersion | null>(
          (first, each) =>
            first === null || wasThereBefore(each, first) ? each : first,
          null
        )
      : null;
  }

  /** The last write by the read's own session before it. */
  ownWrite(session: ISession, { run, version }: IFileRead): IWrite | null {
    if (this.earliest !== null && wasThereBefore(version, this.earliest)) {
      return null;
    }
    const mayBeIts = (write: IWrite) => !wasThereBefore(version, write.version);
    return this.own.get(session)?.last(run ?? Infinity, mayBeIts) ?? null;
  }

  /** The last write at the read's path by another session, before the read. */
  earlierWrite(session: ISession, read: IFileRead): IWrite | null {
    const run = read.run === null ? undefined : session.runs[read.run - 1];
    const until = run?.endedAt ?? session.lastAt;
    const isOther = (write: IWrite) => write.session !== session;
    const here = this.byPath.get(read.version.key);
    return here?.last(until, isOther) ?? null;
  }
}

function timelineOf<K, T extends number | string>(
  timelines: Map<K, Timeline<T>>,
  key: K
): Timeline<T> {
  const found = timelines.get(key) ?? new Timeline<T>();
  timelines.set(key, found);
  return found;
}

export class WriterIndex {
  private readonly byIdentity = new Map<string, IWrite[]>();
  private readonly byDigest = new Map<string, IWrite[]>();
  private readonly lost = new Map<string, IWrite[]>();
  private readonly sameBytes = new Map<IWrite[], SameBytes>();

  constructor(sessions: ReadonlyMap<string, ISession>) {
    const oldestFirst = [...sessions.values()].sort(byStart);
    for (const session of oldestFirst) {
      for (const file of session.files) {
        file.versions
          .filter(version => version.origin === 'run')
          .forEach(version => this.add({ session, version }));
      }
    }
  }

  private add(write: IWrite): void {
    const { stat, sha256, key } = write.version;
    if (stat !== null) {
      push(this.byIdentity, identity(stat), write);
    } else {
      push(this.lost, key, write);
    }
    if (sha256 !== null) {
      push(this.byDigest, sha256, write);
    }
  }

  /**
   * The last write of a subject: of the very identity it has now, else of the same
   * bytes at the same path, else of the same bytes anywhere, else what a killed run may
   * have left there. A subject's own session is asked first.
   */
  trace(subject: ISliceSubject): ITracedSubject {
    const { key, sha256, stat, sid } = subject;
    const same = this.byDigest.get(sha256) ?? [];
    const anywhere = same.filter(w => !isEmpty(w.version));
    const found =
      (stat && this.last(this.byIdentity.get(identity(stat)), sid, key)) ??
      this.last(
        same.filter(w => w.version.key === key),
        sid,
        key
      ) ??
      this.last(anywhere, sid, key) ??
      this.last(this.lost.get(key), sid, key);
    return {
      subject,
      sid: found?.session.sid ?? sid,
      version: found?.version ?? null
    };
  }

  /** The last of them; one of this session at this path if there is one. */
  private last(
    writes: readonly IWrite[] | undefined,
    sid: string | null,
    key: string
  ): IWrite | null {
    const all = writes ?? [];
    const own = all.filter(w => w.session.sid === sid);
    const pool = own.length > 0 ? own : all;
    const here = pool.filter(w => w.version.key === key);
    return (here.length > 0 ? here : pool).at(-1) ?? null;
  }

  /**
   * Who wrote what was read: the read's own session if it wrote the bytes before they came there, else
   * the session that wrote them last to this path before; null for bytes from outside.
   */
  writerOf(session: ISession, read: IFileRead): IWrite | null {
    const { version } = read;
    if (version.origin === 'run') {
      return { session, version };
    }
    const writes =
      (version.stat && this.byIdentity.get(identity(version.stat))) ??
      this.byDigest.get(version.sha256 ?? '');
    if (writes === undefined) {
      return null;
    }
    const same = this.sameBytes.get(writes) ?? new SameBytes(writes);
    this.sameBytes.set(writes, same);
    return same.ownWrite(session, read) ?? same.earlierWrite(session, read);
  }
}

/** What a write made can't be found in a file that hasn't changed since before it. */
function wasThereBefore(read: IFileVersion, write: IFileVersion): boolean {
  return (
    read.stat !== null &&
    write.stat !== null &&
    BigInt(read.stat.ctimeNs) < BigInt(write.stat.ctimeNs)
  );
}

/** Empty files are all alike: that two have the same bytes says nothing. */
function isEmpty(version: IFileVersion): boolean {
  return Number(version.stat?.size ?? 1) === 0;
}

export function byStart(a: ISession, b: ISession): number {
  const [x, y] = [`${a.startedAt}\0${a.sid}`, `${b.startedAt}\0${b.sid}`];
  return x < y ? -1 : x > y ? 1 : 0;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) {
    map.set(key, [value]);
  } else {
    list.push(value);
  }
}
