/** Which sessions and files a request means, and whether a record can be made of them. */
import { nameText } from '../journal/names';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from './context';
import { isSameFile, statOf } from './files';
import { readJournals, type History, type IRecordedSession } from './history';
import { matchSubject, refuse, type Refusal, type ISubject } from './subjects';
import { isSure, traceSubject, type ITraced } from './trace';
import type { IWish } from './wish';
import { compareWithDisk, lastWrites, writerNumber } from './written';

/** The session that the caller named, however they did. */
export function namedSession(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  history: History
): IRecordedSession | null {
  if (wish.journal !== undefined) {
    return readJournals(
      wish.journal.map(name => resolveName(context, options, name))
    );
  }
  if (wish.session !== undefined) {
    return history.get(wish.session);
  }
  if (wish.notebook === undefined || wish.for.length > 0) {
    return wish.notebook === undefined
      ? null
      : newestOf(history, resolveName(context, options, wish.notebook));
  }
  const found = newestOf(history, resolveName(context, options, wish.notebook));
  if (found === null) {
    throw refuse(
      'no-session',
      `Nothing has been recorded for ${wish.notebook}.`
    );
  }
  return found;
}

/** The newest session of a notebook. */
function newestOf(history: History, notebook: string): IRecordedSession | null {
  const all = [...history.all()].filter(({ session }) =>
    session.documents.some(each => isSameFile(nameText(each.path), notebook))
  );
  return all.reduce<IRecordedSession | null>(
    (newest, each) =>
      newest === null || each.session.startedAt > newest.session.startedAt
        ? each
        : newest,
    null
  );
}

const ALL_SIZES = Number.POSITIVE_INFINITY;

/**
 * Paths of what a session wrote and nothing changed since. A name that isn't UTF-8
 * can't be a subject's: such a file stands in the record's coverage only.
 */
export async function unchangedWrites(
  named: IRecordedSession | null,
  largestBytes = ALL_SIZES
): Promise<string[]> {
  if (named === null) {
    throw refuse('no-subject', 'Say which file the record is about.');
  }
  const names: string[] = [];
  for (const { file, version } of lastWrites(named.session)) {
    const { state } = await compareWithDisk(version, ALL_SIZES);
    const { kind } = file.classification;
    if (
      state === 'unchanged' &&
      Number(version.stat?.size ?? 0) <= largestBytes &&
      typeof version.path === 'string' &&
      kind !== 'cache' &&
      kind !== 'log'
    ) {
      names.push(nameText(version.path));
    }
  }
  if (names.length === 0) {
    throw refuse(
      'nothing-written',
      'This session wrote no file that is still there unchanged, so there is nothing to make a record of.'
    );
  }
  return names;
}

/** Find the write of every subject, or refuse. */
export function traceAll(
  context: IContext,
  options: ICommonOptions,
  history: History,
  subjects: readonly ISubject[],
  named: IRecordedSession | null
): ITraced[] {
  const traced = subjects.map(subject => traceOne(history, subject, named));
  const changed = traced.filter(({ match }) => match.kind === 'changed');
  if (changed.length > 0) {
    throw refuseChanged(context, options, changed);
  }
  const unseen = traced.filter(
    ({ match, subject }) => match.kind === 'not-seen' && !subject.whole
  );
  if (named === null && unseen.length > 0) {
    const names = unseen.map(({ subject }) =>
      showPath(context, options, subject.path)
    );
    throw refuse(
      'no-session',
      `No recorded session wrote ${names.join(', ')}. If one did unseen, name its notebook: create --for FILE --notebook NOTEBOOK`
    );
  }
  return traced;
}

/** In the named session first; a write that wasn't seen there may be another's. */
function traceOne(
  history: History,
  subject: ISubject,
  named: IRecordedSession | null
): ITraced {
  if (subject.whole) {
    return { subject, session: null, match: { kind: 'not-seen' } };
  }
  if (named === null) {
    return traceSubject(history, subject);
  }
  const match = matchSubject(named.session, subject);
  if (match.kind === 'changed' || isSure(match)) {
    return { subject, session: named, match };
  }
  const other = traceSubject(history, subject);
  if (match.kind === 'written' && match.here && !isSure(other.match)) {
    return { subject, session: named, match };
  }
  if (
    other.match.kind === 'written' &&
    (other.match.here || match.kind === 'not-seen')
  ) {
    return other;
  }
  return match.kind === 'written'
    ? { subject, session: named, match }
    : { subject, session: null, match };
}

function refuseChanged(
  context: IContext,
  options: ICommonOptions,
  changed: readonly ITraced[]
): Refusal {
  const files = changed.map(({ subject, match }) => {
    const version = match.kind === 'changed' ? match.version : null;
    return {
      path: showPath(context, options, subject.path),
      run: version === null ? null : writerNumber(version),
      recordedSha256: version?.sha256 ?? null,
      recordedAt: version?.at ?? null,
      nowSha256: subject.sha256,
      nowAt: new Date(Number(statOf(subject.path)?.mtimeMs ?? 0n)).toISOString()
    };
  });
  const [first] = files;
  const run = first?.run === null ? 'the session' : `run ${first?.run}`;
  const known = files.every(file => file.recordedSha256 !== null);
  return refuse(
    'changed',
    files.length > 1
      ? `${files.length} files ${known ? "aren't" : "can't be shown to be"} the ones that the session wrote.`
      : known
        ? `${first?.path} isn't the file that ${run} wrote.`
        : `${first?.path} can't be shown to be the file that ${run} wrote: it was touched since, and no fingerprint was taken in time.`,
    files
  );
}
