/** From a request to the bytes of a record: everything but writing it down. */
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { JournalError } from '../journal/errors';
import {
  AttestRequested,
  type EventOf,
  type FileIdentity,
  type RecordOptions
} from '../journal/events';
import { prefixOf, type IJournalFile } from '../journal/read';
import { createRecord } from '../record/record';
import type { IRecord } from '../record/types';
import type { ISession } from '../session/types';
import { CliError } from './errors';
import { hashFile, sameIdentity, sha256, statOf, toStat } from './files';
import { journalError, textOf, type IRecordedSession } from './history';
import { nameText } from '../journal/names';
import { namePath } from './names';
import { Corrections } from './project';
import type { ITraced, ITaken } from './trace';
import { VERSION } from './version';
import { lastWriter } from './written';

export const PROGRAM = { name: 'jupyter-attest', version: VERSION };

/** What goes into a record unless asked otherwise. */
export const DEFAULT_OPTIONS: RecordOptions = {
  code: false,
  packages: true,
  userName: false,
  fullPaths: false
};

/** A record with everything that it was made from. */
export interface IPrepared {
  request: AttestRequested;
  /** Lines of the attest journal, the request last. */
  lines: string[];
  record: IRecord;
}

/** What a record is asked to be, with the sessions at hand. */
export interface IAsk {
  subjects: readonly ITraced[];
  /** Sessions used, oldest first. */
  sessions: readonly IRecordedSession[];
  taken: readonly ITaken[];
  options: Partial<RecordOptions> | undefined;
  /** Ids of the runs that the author leaves out. */
  drops: readonly string[];
  /** What others call the files that were read. */
  identities: readonly FileIdentity[];
  /** Absolute path of the notebook, when one was named. */
  notebook: string | null;
  /** The user's home folder: names below it don't say whose it is. */
  userHome: string;
  now: Date;
}

/** Make a new record. */
export function prepare(ask: IAsk): IPrepared {
  const uuid = randomUUID();
  const clock = {
    t: ask.now.toISOString().replace('Z', '000Z'),
    mono: String(process.hrtime.bigint())
  };
  const taken = inOrder(ask.taken);
  const before = linesBefore(uuid, clock, taken);
  const options = { ...DEFAULT_OPTIONS, ...ask.options };
  const document = ask.notebook ?? primaryDocument(ask);
  const request: AttestRequested = {
    v: 1,
    sid: uuid,
    seq: before.length,
    ...clock,
    by: OBSERVER,
    type: 'attest.requested',
    prev: sha256(before[before.length - 1] as string),
    invocationId: `urn:uuid:${uuid}`,
    document,
    base: path.dirname(document ?? firstPath(ask)),
    home: ask.userHome,
    subjects: ask.subjects.map(({ subject, session, match }) => ({
      path: subject.path,
      sha256: subject.sha256,
      stat: subject.stat,
      sid: match.kind === 'written' ? (session?.session.sid ?? null) : null,
      ...(subject.whole ? { folder: true } : {})
    })),
    classifications: correctionsOf(ask.sessions),
    ...(ask.identities.length === 0 ? {} : { identities: [...ask.identities] }),
    drops: [...ask.drops],
    options,
    userName: options.userName ? os.userInfo().username : null,
    deriver: PROGRAM,
    prefixes: sourcesOf(ask.sessions).map(prefixOf),
    ...interval(ask)
  };
  return derive(request, before, ask.sessions, taken);
}

/** What people said in their projects of the files that sessions used. */
function correctionsOf(
  sessions: readonly IRecordedSession[]
): AttestRequested['classifications'] {
  const corrections = new Corrections();
  const paths = new Map(
    sessions.flatMap(({ session }) =>
      session.files.map(({ key, path: name }) => [key, name] as const)
    )
  );
  return [...paths.values()].flatMap(name => {
    const said = corrections.of(nameText(name));
    return said === null ? [] : [{ path: name, kind: said.kind, by: 'user' }];
  });
}

/**
 * Make the record of an earlier dry run again, of exactly the same bytes.
 *
 * @throws CliError `journal-broken` when something it stood on has changed.
 */
export function prepareAgain(
  request: AttestRequested,
  sessions: readonly IRecordedSession[],
  takenAgain: readonly ITaken[]
): IPrepared {
  const { t, mono } = request;
  const taken = inOrder(takenAgain);
  const before = linesBefore(request.sid, { t, mono }, taken);
  if (request.prev !== sha256(before[before.length - 1] as string)) {
    throw new CliError(
      'journal-broken',
      'Something changed since this record was previewed. Look at a new preview.'
    );
  }
  return derive(request, before, sessions, taken);
}

function derive(
  request: AttestRequested,
  before: readonly string[],
  sessions: readonly IRecordedSession[],
  taken: readonly ITaken[]
): IPrepared {
  const hashed = taken.map((each, index) =>
    hashedEvent(request.sid, index + 2, request, each, null)
  );
  try {
    const record = createRecord({
      request,
      sources: sourcesOf(sessions),
      folded: sessions,
      hashed,
      text: textReader(sessions),
      sha256
    });
    return { request, lines: [...before, JSON.stringify(request)], record };
  } catch (error) {
    throw error instanceof JournalError ? journalError(error) : error;
  }
}

/** Reads each text once, however many runs share it. */
function textReader(
  sessions: readonly IRecordedSession[]
): (sid: string, digest: string) => string | null {
  const read = new Map<string, string | null>();
  return (sid, digest) => {
    const key = `${sid}/${digest}`;
    let text = read.get(key);
    if (text === undefined) {
      text = textOf(sessions, sid, digest);
      read.set(key, text);
    }
    return text;
  };
}

/** Every journal file once: several sessions share the tombstones. */
function sourcesOf(sessions: readonly IRecordedSession[]): IJournalFile[] {
  const all = sessions.flatMap(({ sources }) => sources);
  const keyed = all.map(each => [`${each.sid}/${each.file}`, each] as const);
  return [...new Map(keyed).values()];
}

/** Each fingerprint once, in an order that depends on nothing else. */
function inOrder(taken: readonly ITaken[]): ITaken[] {
  const keyed = taken.map(
    each => [JSON.stringify([each.path, each.stat]), each] as const
  );
  return [...new Map(keyed)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => each);
}

const OBSERVER = 'attest';

interface IClock {
  t: string;
  mono: string;
}

/**
 * The lines before the request. They depend on nothing but it and the
 * fingerprints taken, so that a preview and its record have the same ones.
 */
function linesBefore(
  uuid: string,
  { t, mono }: IClock,
  taken: readonly ITaken[]
): string[] {
  const lines: string[] = [];
  const add = (event: object): void => {
    const prev =
      lines.length === 0 ? null : sha256(lines[lines.length - 1] as string);
    const line = { v: 1, sid: uuid, seq: lines.length, t, mono, by: OBSERVER };
    lines.push(JSON.stringify({ ...line, ...event, prev }));
  };
  add({
    type: 'journal.started',
    program: PROGRAM,
    python: null,
    platform: `${os.platform()} ${os.release()} ${os.arch()}`
  });
  add({
    type: 'observer.joined',
    observer: {
      id: OBSERVER,
      kind: 'attester',
      domain: 'tenant',
      version: VERSION,
      host: os.hostname(),
      bootId: null
    }
  });
  taken.forEach((each, index) => {
    const {
      type,
      realPath,
      stat,
      sha256: digest,
      absent,
      when,
      fromCache
    } = hashedEvent(uuid, index + 2, { t, mono }, each, null);
    add({ type, realPath, stat, sha256: digest, absent, when, fromCache });
  });
  return lines;
}

function hashedEvent(
  uuid: string,
  seq: number,
  { t, mono }: IClock,
  taken: ITaken,
  prev: string | null
): EventOf<'file.hashed'> {
  return {
    v: 1,
    sid: uuid,
    seq,
    t,
    mono,
    by: OBSERVER,
    prev,
    type: 'file.hashed',
    realPath: taken.path,
    stat: taken.stat,
    sha256: taken.sha256,
    absent: null,
    when: 'at-attest',
    fromCache: false
  };
}

function firstPath(ask: IAsk): string {
  return ask.subjects[0]?.subject.path ?? '';
}

/** The notebook whose run wrote the first subject; else the session's first one. */
function primaryDocument({ subjects, sessions }: IAsk): string | null {
  const [first] = subjects;
  const { session } = first?.session ?? sessions[sessions.length - 1] ?? {};
  if (session === undefined) {
    return null;
  }
  const writer =
    first?.match.kind === 'written' ? lastWriter(first.match.version) : 0;
  const run = session.runs.find(each => each.number === writer);
  const document =
    session.documents.find(each => each.docId === run?.docId) ??
    session.documents[0];
  return document === undefined ? null : nameText(document.path);
}

/** From the start of the subjects' sessions to their last write. */
function interval({ subjects, sessions }: IAsk): {
  startedOn: string;
  finishedOn: string;
} {
  const own = subjects
    .map(({ session }) => session?.session)
    .filter(each => each !== undefined);
  const used = own.length > 0 ? own : sessions.map(each => each.session);
  const writes = subjects
    .map(({ match }) => (match.kind === 'written' ? match.version.at : null))
    .filter(each => each !== null);
  const ends = writes.length > 0 ? writes : used.map(each => each.lastAt);
  const sortedStarts = used.map(each => each.startedAt).sort();
  return {
    startedOn: toSeconds(sortedStarts[0] ?? ''),
    finishedOn: toSeconds(ends.sort()[ends.length - 1] ?? '')
  };
}

/** RFC 3339 to the second: some readers of statements refuse more digits. */
function toSeconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}

/** Reasons for which a missing fingerprint may still be taken now. */
const TAKEABLE = new Set<string>([
  'deferred',
  'too-large',
  'not-taken',
  'elsewhere'
]);

/** Larger files get no fingerprint: reading one would take minutes. */
const TAKE_LIMIT_BYTES = 16 * 1024 ** 3;

/** Tells how many files are left to read, and the one being read. */
export type TakeProgress = (done: number, total: number, name: string) => void;

/**
 * Take the fingerprints that a session lacks, of files that still are the very
 * ones that were read or written.
 */
export async function takeMissing(
  session: ISession,
  progress: TakeProgress
): Promise<ITaken[]> {
  const missing = session.files
    .filter(file => !file.classification.noise)
    .flatMap(file => file.versions)
    .filter(
      version =>
        version.stat !== null &&
        version.sha256 === null &&
        Number(version.stat.size) <= TAKE_LIMIT_BYTES &&
        TAKEABLE.has(version.absent ?? 'not-taken')
    );
  const taken: ITaken[] = [];
  for (const [index, version] of missing.entries()) {
    const file = namePath(version.path);
    const now = statOf(file);
    const stat = version.stat;
    if (
      stat !== null &&
      now?.isFile() === true &&
      sameIdentity(stat, toStat(now))
    ) {
      progress(index, missing.length, nameText(version.path));
      const hashed = await hashFile(file).catch(() => null);
      if (hashed !== null && sameIdentity(hashed.stat, stat)) {
        taken.push({ path: version.path, stat, sha256: hashed.sha256 });
      }
    }
  }
  return taken;
}
