/** Recorded sessions, read and folded: what the verbs ask questions of. */
import fs from 'node:fs';
import path from 'node:path';
import { JournalError } from '../journal/errors';
import type { Prefix } from '../journal/events';
import {
  cutToPrefixes,
  readJournalFile,
  type IJournalFile,
  type IJournalSource
} from '../journal/read';
import { foldSessions } from '../session/fold';
import type { ISession } from '../session/types';
import { CliError, readError } from './errors';
import { sha256, statOf } from './files';
import {
  findSession,
  listSessions,
  readIndex,
  readSessionFiles,
  readText,
  type IIndexEntry,
  type ISessionFolder
} from './journals';

/** A session with the files that it was folded from, read once. */
export interface IRecordedSession {
  session: ISession;
  sources: IJournalFile[];
  /** Folder of its texts. */
  folder: string;
}

/** A session that can't be read, and why in a sentence. */
export interface IProblem {
  sid: string;
  message: string;
}

/**
 * The recorded sessions of a journal home. Each is read at most once, and only
 * when it is asked for.
 */
export class History {
  constructor(private readonly home: string) {}

  /** All sessions, newest first. */
  list(): ISessionFolder[] {
    this.listed ??= listSessions(this.home);
    return this.listed;
  }

  /** What was written where, oldest first. */
  index(): IIndexEntry[] {
    this.indexed ??= readIndex(this.home);
    return this.indexed;
  }

  /**
   * The session of this id, or of the only one that begins with it.
   *
   * @throws CliError `missing`, `usage`, `journal-version` or `unreadable`.
   */
  get(id: string): IRecordedSession {
    const found = this.read(findSession(this.home, id));
    if (found instanceof CliError) {
      throw found;
    }
    return found;
  }

  /** The session of this id when it is there and can be read. */
  peek(sid: string): IRecordedSession | null {
    const folder = this.list().find(entry => entry.sid === sid);
    const read = folder === undefined ? null : this.read(folder);
    return read instanceof CliError ? null : read;
  }

  /** All that can be read, newest first; what can't be goes to `problems`. */
  *all(problems: IProblem[] = []): Generator<IRecordedSession> {
    for (const folder of this.list()) {
      const read = this.read(folder);
      if (read instanceof CliError) {
        problems.push({ sid: folder.sid, message: read.message });
      } else if (read.sources.length > 0) {
        yield read;
      }
    }
  }

  private read(entry: ISessionFolder): IRecordedSession | CliError {
    let read = this.sessions.get(entry.sid);
    if (read === undefined) {
      try {
        read = readSession(entry, this.tombstones());
      } catch (error) {
        if (!(error instanceof CliError)) {
          throw error;
        }
        read = error;
      }
      this.sessions.set(entry.sid, read);
    }
    return read;
  }

  /** What was forgotten, for the sessions that it is about. */
  private tombstones(): IJournalSource | null {
    if (this.forgotten === undefined) {
      const file = path.join(this.home, FORGOTTEN);
      this.forgotten =
        statOf(file) === null
          ? null
          : { sid: '', file: FORGOTTEN, bytes: readAll(file) };
    }
    return this.forgotten;
  }

  private forgotten: IJournalSource | null | undefined;
  private listed: ISessionFolder[] | undefined;
  private indexed: IIndexEntry[] | undefined;
  private readonly sessions = new Map<string, IRecordedSession | CliError>();
}

const FORGOTTEN = 'forgotten.jsonl';

function readSession(
  { sid, folder }: ISessionFolder,
  forgotten: IJournalSource | null
): IRecordedSession {
  const sources: IJournalSource[] = readSessionFiles(folder).map(
    ({ file, bytes }) => ({ sid, file, bytes })
  );
  if (forgotten !== null && Buffer.from(forgotten.bytes).includes(sid)) {
    sources.push(forgotten);
  }
  const read = foldSources(sid, folder, sources);
  if (
    read.session.startedAt === '' &&
    sources.some(({ bytes }) => bytes.length > 0)
  ) {
    throw new CliError(
      'journal-broken',
      `Nothing in the journal of session ${sid} can be read.`
    );
  }
  return read;
}

/** Read a journal file with this platform's own, faster SHA-256. */
function readJournal(source: IJournalSource): IJournalFile {
  return readJournalFile(source, { sha256 });
}

function foldSources(
  sid: string,
  folder: string,
  sources: IJournalSource[]
): IRecordedSession {
  try {
    const files = sources.map(readJournal);
    const session = foldSessions(files).get(sid);
    if (session === undefined) {
      throw new CliError('unreadable', `Session ${sid} has nothing recorded.`);
    }
    return { session, sources: files, folder };
  } catch (error) {
    if (error instanceof JournalError) {
      throw journalError(error);
    }
    throw error;
  }
}

/**
 * A session as it was when a request stood on these prefixes of its journal.
 *
 * @throws CliError `journal-broken` when one of them isn't there any more.
 */
export function cutSession(
  { session, folder, sources }: IRecordedSession,
  prefixes: readonly Prefix[]
): IRecordedSession {
  try {
    const files = cutToPrefixes(
      sources,
      prefixes.filter(({ sid }) => sid === session.sid || sid === '')
    );
    const cut = foldSessions(files).get(session.sid);
    return { session: cut ?? session, folder, sources };
  } catch (error) {
    throw error instanceof JournalError ? journalError(error) : error;
  }
}

/** In words, what a journal error means for a person. */
export function journalError(error: JournalError): CliError {
  switch (error.code) {
    case 'unknown-version':
      return new CliError(
        'journal-version',
        `The journal ${error.file} was written by a newer version of jupyter-attest. Upgrade this program to read it.`,
        { cause: error }
      );
    case 'prefix-mismatch':
    case 'prefix-missing':
      return new CliError(
        'journal-broken',
        `The journal ${error.file} isn't what it was when this record was prepared. Prepare it again.`,
        { cause: error }
      );
  }
}

/**
 * A session from files that lie anywhere: journal files, or a folder of them
 * (copied from a machine without a server, for example).
 *
 * @throws CliError when one is missing, or they belong to several sessions.
 */
export function readJournals(files: readonly string[]): IRecordedSession {
  const named = files.flatMap(file => {
    const stat = statOf(file);
    if (stat === null) {
      throw new CliError('missing', `There is no journal ${file}.`);
    }
    return stat.isDirectory()
      ? readSessionFiles(file).map(found => ({
          ...found,
          folder: file
        }))
      : [
          {
            file: path.basename(file),
            bytes: readAll(file),
            folder: path.dirname(file)
          }
        ];
  });
  const [first] = named;
  if (first === undefined) {
    throw new CliError(
      'missing',
      `There is no journal in ${files.join(', ')}.`
    );
  }
  const sid = sessionIdOf(first.bytes, path.join(first.folder, first.file));
  return foldSources(
    sid,
    first.folder,
    named.map(({ file, bytes }) => ({ sid, file, bytes }))
  );
}

function readAll(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw readError(file, error);
  }
}

/** The `sid` of the first line. */
function sessionIdOf(bytes: Buffer, file: string): string {
  const end = bytes.indexOf(0x0a);
  try {
    const line = JSON.parse(
      bytes.subarray(0, end === -1 ? undefined : end).toString('utf8')
    ) as { sid?: unknown };
    if (typeof line.sid === 'string') {
      return line.sid;
    }
  } catch {
    // Said below: it isn't a journal either way.
  }
  throw new CliError(
    'unreadable',
    `${file} is not a journal of jupyter-attest.`
  );
}

/** The text of a run in one of these sessions; null when it was forgotten. */
export function textOf(
  sessions: readonly IRecordedSession[],
  sid: string,
  sha256: string
): string | null {
  const found = sessions.find(({ session }) => session.sid === sid);
  return found === undefined ? null : readText(found.folder, sha256);
}
