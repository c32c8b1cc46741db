/** Which recorded sessions a record stands on. */
import type { Stat } from '../journal/events';
import type { IFileVersion, ISession } from '../session/types';
import { foundChanged, isSurelyWritten } from '../session/fold';
import { sameIdentity } from './files';
import type { History, IRecordedSession } from './history';
import { nameText } from '../journal/names';
import { matchSubject, type ISubject, type SubjectMatch } from './subjects';

/** A subject with the session that wrote it; null when no write was seen. */
export interface ITraced {
  subject: ISubject;
  session: IRecordedSession | null;
  match: SubjectMatch;
}

/**
 * Find the session that wrote a subject: by the index where it knows the path or
 * the fingerprint, else in every journal. The newest session that surely wrote it at
 * its path wins, then the newest that may have, then the newest that wrote the same
 * bytes elsewhere.
 *
 * @returns `changed` with the newest session that wrote other bytes there, when
 * none wrote these.
 */
export function traceSubject(history: History, subject: ISubject): ITraced {
  let stale: ITraced | null = null;
  let elsewhere: ITraced | null = null;
  let unsure: ITraced | null = null;
  for (const sid of candidates(history, subject, () => unsure !== null)) {
    const session = history.peek(sid);
    if (session === null) {
      continue;
    }
    const match = matchSubject(session.session, subject);
    const traced = { subject, session, match };
    if (isSure(match)) {
      return traced;
    }
    if (match.kind === 'written' && match.here) {
      unsure ??= traced;
    } else if (match.kind === 'written') {
      elsewhere ??= traced;
    } else if (match.kind === 'changed') {
      stale ??= traced;
    }
  }
  return (
    unsure ??
    elsewhere ??
    stale ?? { subject, session: null, match: { kind: 'not-seen' } }
  );
}

/** Seen to be written there, not only found changed while the session went on. */
export const isSure = (match: SubjectMatch): boolean =>
  match.kind === 'written' && match.here && match.version.certainty === 'sure';

/** Those of which the index tells that they wrote it, those that it doesn't know yet, then all. */
function* candidates(
  history: History,
  { path, sha256 }: ISubject,
  isFound: () => boolean
): Generator<string> {
  const index = history.index();
  const likely = new Set(
    index
      .filter(entry => entry.path === path || entry.sha256 === sha256)
      .map(({ sid }) => sid)
      .reverse()
  );
  const known = new Set(index.map(({ sid }) => sid));
  const others = history
    .list()
    .map(({ sid }) => sid)
    .filter(sid => !likely.has(sid));
  yield* likely;
  yield* others.filter(sid => !known.has(sid) || !isFound());
}

/** A fingerprint taken at attest time of bytes that a session read. */
export interface ITaken {
  path: IFileVersion['path'];
  stat: Stat;
  sha256: string;
}

/** Takes the fingerprints that a session lacks. */
export type TakeMissing = (session: ISession) => Promise<ITaken[]>;

/**
 * Add the earlier sessions that wrote a file these sessions read, and those
 * that they read from in turn.
 *
 * @returns all sessions, oldest first, and the fingerprints taken on the way.
 */
export async function withEarlier(
  history: History,
  start: readonly IRecordedSession[],
  takeMissing: TakeMissing
): Promise<{ sessions: IRecordedSession[]; taken: ITaken[] }> {
  const sessions = new Map(start.map(each => [each.session.sid, each]));
  const taken: ITaken[] = [];
  const queue = [...start];
  for (let reader = queue.shift(); reader; reader = queue.shift()) {
    taken.push(...(await takeMissing(reader.session)));
    for (const writer of writersFor(history, reader.session, taken)) {
      if (!sessions.has(writer.session.sid)) {
        sessions.set(writer.session.sid, writer);
        queue.push(writer);
      }
    }
  }
  const oldestFirst = [...sessions.values()].sort((a, b) =>
    a.session.startedAt < b.session.startedAt ? -1 : 1
  );
  return { sessions: oldestFirst, taken };
}

/** Sessions that wrote bytes which this one read from outside, or only found changed. */
function writersFor(
  history: History,
  reader: ISession,
  taken: readonly ITaken[]
): IRecordedSession[] {
  const inputs = [...externalInputs(reader), ...foundChanged(reader)];
  const digestOf = (version: IFileVersion): string | null =>
    version.sha256 ?? takenDigest(version, taken);
  const digests = new Set(inputs.map(digestOf).filter(each => each !== null));
  const paths = new Set(inputs.map(version => nameText(version.path)));
  const index = history.index();
  const indexed = new Set(index.map(entry => entry.sid));
  const likely = new Set(
    index
      .filter(
        ({ sha256, path }) =>
          (sha256 !== null && digests.has(sha256)) || paths.has(path)
      )
      .map(entry => entry.sid)
  );
  const sids = history
    .list()
    .map(entry => entry.sid)
    .filter(
      sid => sid !== reader.sid && (likely.has(sid) || !indexed.has(sid))
    );
  return sids
    .map(sid => history.peek(sid))
    .filter(each => each !== null)
    .filter(({ session }) => session.startedAt <= reader.lastAt)
    .filter(({ session }) => wroteAny(session, inputs, digestOf));
}

/** Versions that were read, but that no run of the session wrote. */
export function externalInputs(session: ISession): IFileVersion[] {
  const noise = new Set(
    session.files
      .filter(file => file.classification.noise)
      .map(file => file.key)
  );
  return [
    ...new Set(
      session.reads
        .map(read => read.version)
        .filter(
          version => version.origin === 'external' && !noise.has(version.key)
        )
    )
  ];
}

function takenDigest(
  version: IFileVersion,
  taken: readonly ITaken[]
): string | null {
  const { stat } = version;
  return stat === null
    ? null
    : (taken.find(each => sameIdentity(each.stat, stat))?.sha256 ?? null);
}

function wroteAny(
  session: ISession,
  inputs: readonly IFileVersion[],
  digestOf: (version: IFileVersion) => string | null
): boolean {
  const written = session.files
    .flatMap(file => file.versions)
    .filter(version => version.origin === 'run');
  const digests = new Set(written.map(version => version.sha256));
  const identities = new Set(written.map(identity));
  const surely = new Set(written.filter(isSurelyWritten).map(identity));
  return inputs.some(input => {
    const id = identity(input);
    if (input.origin === 'run') {
      return id !== null && surely.has(id);
    }
    const digest = digestOf(input);
    return (
      (digest !== null && digests.has(digest)) ||
      (id !== null && identities.has(id))
    );
  });
}

function identity(version: IFileVersion): string | null {
  const { stat } = version;
  return stat === null
    ? null
    : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
}
