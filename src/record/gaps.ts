/** Gaps that bear on a record: of what is in the slice, and of the record itself. */
import type { ISessionSlice, ITracedSubject } from '../condense/types';
import { nameKey } from '../journal/names';
import { identity } from '../session/digests';
import { gap } from '../session/gap';
import { digestGaps } from '../session/gaps';
import type { GapCode, IGap, IRun, ISession } from '../session/types';
import { isKept, type IRecordContext } from './context';
import type { IDependencies } from './dependencies';
import { identityGaps } from './identities';
import { compare } from './json';

/** A gap with the session it is about; null for one about the record as a whole. */
export interface IRecordGap extends IGap {
  sid: string | null;
}

/** Gaps of a session that say something of its runs is missing. */
const INCOMPLETE: ReadonlySet<GapCode> = new Set<GapCode>([
  'late-start',
  'no-probe',
  'no-recorder',
  'probe-silent',
  'probe-failed',
  'audit-vetoed',
  'paused',
  'event-gap',
  'unknown-event',
  'unknown-request'
]);

export function recordGaps(
  context: IRecordContext,
  dependencies: IDependencies
): IRecordGap[] {
  const { slice, request } = context;
  const whole: IGap[] = [
    ...slice.subjects
      .filter(subject => !isWriteSeen(subject))
      .map(({ subject }) =>
        gap('write-not-seen', {
          path: request.subjects[
            slice.subjects.findIndex(s => s.subject === subject)
          ]!.path
        })
      ),
    ...digestGaps(dependencies.reads, new Set()),
    ...identityGaps(
      context,
      dependencies.reads.map(({ version }) => version)
    ),
    ...earlierSessions(context)
  ];
  const touched = touchedFiles(context);
  const dropped = slice.sessions
    .flatMap(s => s.runs)
    .filter(r => r.verdict === 'dropped-by-user').length;
  if (dropped > 0) {
    whole.push(gap('dropped-by-user', { count: dropped }));
  }
  return [
    ...slice.sessions.flatMap(part => sessionGaps(part, touched)),
    ...slice.sessions.flatMap(part => textGaps(part, context)),
    ...slice.sessions.flatMap(notLookedAfter),
    ...whole.map(g => ({ ...g, sid: null }))
  ];
}

/** Texts of runs that are kept, and that nobody deleted: they were never written, or are damaged. */
function textGaps(
  { session, runs }: ISessionSlice,
  context: IRecordContext
): IRecordGap[] {
  const isMissing = ({ code, textForgotten }: IRun) =>
    code !== null &&
    !textForgotten &&
    context.text(session.sid, code.sha256) === null;
  return runs
    .filter(isKept)
    .filter(({ run }) => isMissing(run))
    .map(({ run }) => ({
      ...gap('event-gap', { run: run.id, detail: 'the text of this run' }),
      sid: session.sid
    }));
}

/**
 * Each record is preceded by a last scan. Where there was none since a run, the process that
 * scans stood still or was gone, and what native code wrote in that run isn't known.
 */
function notLookedAfter({ session, runs }: ISessionSlice): IRecordGap[] {
  const { lastLook } = session;
  if (lastLook === null) {
    return []; // that nobody looked at all is a gap of the session's
  }
  const unseen = runs.filter(
    ({ run, verdict }) =>
      verdict !== 'after-subject' &&
      run.endedAt !== null &&
      run.endedAt > lastLook
  );
  return unseen.slice(0, 1).map(({ run }) => ({
    ...gap('no-scan', { run: run.id, detail: `since ${lastLook}` }),
    sid: session.sid
  }));
}

/** Gaps about one file count if the file is a subject or was read on the way to one. */
const ABOUT_FILES: ReadonlySet<GapCode> = new Set<GapCode>([
  'write-by-scan',
  'still-open',
  'racy-timestamp'
]);

function touchedFiles({ slice }: IRecordContext): Set<string> {
  const keys = new Set(slice.subjects.map(({ subject }) => subject.key));
  for (const { session, runs } of slice.sessions) {
    for (const { run, verdict } of runs) {
      if (verdict !== 'after-subject' && verdict !== 'dropped-by-user') {
        run.reads.forEach(read => keys.add(read.version.key));
      }
    }
    session.reads
      .filter(read => read.run === null)
      .forEach(read => keys.add(read.version.key));
  }
  slice.edges.forEach(edge => keys.add(edge.from.key));
  return keys;
}

/**
 * What a session says that bears on the record: nothing of runs after the subject, of
 * files that play no part, and of digests outside the slice (asked again there).
 */
function sessionGaps(
  { session, runs }: ISessionSlice,
  touched: ReadonlySet<string>
): IRecordGap[] {
  const after = new Set(
    runs.filter(r => r.verdict === 'after-subject').map(r => r.run.id)
  );
  const plays = ({ code, path }: IGap) =>
    !ABOUT_FILES.has(code) || (path !== null && touched.has(nameKey(path)));
  return session.gaps
    .filter(({ code }) => code !== 'digest-absent' && code !== 'unstable-file')
    .filter(({ run }) => run === null || !after.has(run))
    .filter(plays)
    .map(g => ({ ...g, sid: session.sid }));
}

/** Files read from sessions that weren't recorded in full. */
function earlierSessions({ slice, sessions }: IRecordContext): IGap[] {
  const partly = new Set(sessions.filter(isPartly).map(s => s.sid));
  const files = new Map(
    slice.edges
      .filter(edge => partly.has(edge.fromSid))
      .map(edge => [edge.from, edge.read.version.path])
  );
  return [...files.values()].map(path => gap('earlier-session', { path }));
}

const isPartly = (session: ISession) =>
  session.install !== 'launch' ||
  session.gaps.some(g => INCOMPLETE.has(g.code));

/**
 * Whether a subject's write was seen: in a known run, at this path, and the bytes that
 * it left are those of the subject: by their digest, else by an identity that nobody
 * saw with two digests.
 */
export function isWriteSeen({ subject, version }: ITracedSubject): boolean {
  return (
    version !== null &&
    version.key === subject.key &&
    version.writers !== null &&
    (version.sha256 === null
      ? !version.racy &&
        version.absent !== 'mutable' &&
        hasIdentity(subject, version.stat)
      : version.sha256 === subject.sha256)
  );
}

function hasIdentity(
  { stat }: ITracedSubject['subject'],
  other: ITracedSubject['subject']['stat']
): boolean {
  return stat !== null && other !== null && identity(stat) === identity(other);
}

/** Codes with counts, sorted by code. */
export function countGaps(
  gaps: readonly IGap[]
): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { code, count } of gaps) {
    counts.set(code, (counts.get(code) ?? 0) + count);
  }
  return [...counts]
    .sort(([a], [b]) => compare(a, b))
    .map(([code, count]) => ({ code, count }));
}
