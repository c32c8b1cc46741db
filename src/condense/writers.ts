/** Who wrote these bytes: an index over all sessions at hand. */
import { identity } from '../session/digests';
import type { IFileRead, IFileVersion, ISession } from '../session/types';
import type { ISliceSubject, ITracedSubject } from './types';

export interface IWrite {
  session: ISession;
  version: IFileVersion;
}

export class WriterIndex {
  private readonly byIdentity = new Map<string, IWrite[]>();
  private readonly byDigest = new Map<string, IWrite[]>();
  private readonly lost = new Map<string, IWrite[]>();

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
    const same =
      (version.stat && this.byIdentity.get(identity(version.stat))) ??
      this.byDigest.get(version.sha256 ?? '') ??
      [];
    const own = same.filter(
      w =>
        w.session === session &&
        !isEmpty(w.version) &&
        !wasThereBefore(version, w.version) &&
        (w.version.writers?.[0] ?? 0) <= (read.run ?? Infinity)
    );
    return own.at(-1) ?? earlier(session, read, same);
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

/** The last write of the bytes at the read's path by another session, before the read. */
function earlier(
  session: ISession,
  read: IFileRead,
  same: readonly IWrite[]
): IWrite | null {
  const run = read.run === null ? undefined : session.runs[read.run - 1];
  const until = run?.endedAt ?? session.lastAt;
  const before = same.filter(
    ({ session: other, version }) =>
      other !== session &&
      version.key === read.version.key &&
      (version.at ?? '') <= until
  );
  const last = (a: IWrite, b: IWrite) =>
    (b.version.at ?? '') >= (a.version.at ?? '') ? b : a;
  return before.length === 0 ? null : before.reduce(last);
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
