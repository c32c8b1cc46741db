/** The journal home on disk: sessions, their files, and the index of written files. */
import { createHash, createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SHA256 } from '../journal/digest';
import { CliError, readError, systemCode } from './errors';
import { listFolder, statOf } from './files';

/** A session's folder in the journal home. */
export interface ISessionFolder {
  sid: string;
  folder: string;
}

/** A journal file as it lies on disk. */
export interface IJournalBytes {
  /** Name in the session's folder, e.g. `server.jsonl`. */
  file: string;
  bytes: Buffer;
}

export function sessionsFolder(home: string): string {
  return path.join(home, 'sessions');
}

/** All session folders, those touched last first. */
export function listSessions(home: string): ISessionFolder[] {
  const root = sessionsFolder(home);
  return listFolder(root)
    .map(sid => ({ sid, folder: path.join(root, sid) }))
    .filter(({ folder }) => statOf(folder)?.isDirectory() === true)
    .map(session => ({ ...session, touchedMs: lastTouch(session.folder) }))
    .sort((a, b) => b.touchedMs - a.touchedMs || (a.sid < b.sid ? -1 : 1))
    .map(({ sid, folder }) => ({ sid, folder }));
}

function lastTouch(folder: string): number {
  return Math.max(
    0,
    ...journalNames(folder).map(name =>
      Number(statOf(path.join(folder, name))?.mtimeMs ?? 0n)
    )
  );
}

function journalNames(folder: string): string[] {
  return listFolder(folder).filter(name => name.endsWith('.jsonl'));
}

/** The one session of this id; the id may be shortened while it is unique. */
export function findSession(home: string, id: string): ISessionFolder {
  const all = listSessions(home);
  const exact = all.find(session => session.sid === id);
  const starting = all.filter(session => session.sid.startsWith(id));
  if (exact !== undefined) {
    return exact;
  }
  const [only, ...others] = id.length >= 4 ? starting : [];
  if (only === undefined) {
    throw new CliError('missing', `There is no recorded session ${id}.`);
  }
  if (others.length > 0) {
    throw new CliError(
      'usage',
      `${starting.length} sessions begin with ${id}. Give more of the id.`
    );
  }
  return only;
}

/** Every journal file of a session, in the order of their names. */
export function readSessionFiles(folder: string): IJournalBytes[] {
  return journalNames(folder).map(file => ({
    file,
    bytes: readBytes(path.join(folder, file))
  }));
}

function readBytes(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw readError(file, error);
  }
}

/**
 * A text kept in a session, e.g. the source of a cell; null when it is gone, or when
 * what lies there isn't it (a disk was full, a program was killed while it wrote).
 */
export function readText(folder: string, sha256: string): string | null {
  if (!SHA256.test(sha256)) {
    return null;
  }
  const file = path.join(folder, 'texts', sha256);
  try {
    const raw = fs.readFileSync(file);
    return isText(folder, sha256, raw) ? raw.toString('utf8') : null;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return null;
    }
    throw readError(file, error);
  }
}

/** Whether bytes are the text of this salted digest; docs/journal.md has how it is made. */
function isText(folder: string, sha256: string, raw: Buffer): boolean {
  const key = keyOf(folder);
  if (key === null) {
    return true; // nobody can tell
  }
  const salt = createHmac('sha256', key).update(raw).digest().subarray(0, 16);
  const digest = createHash('sha256').update(salt).update(raw).digest('hex');
  return digest === sha256;
}

/** The session's key for its salts; null when it isn't there. */
function keyOf(folder: string): Buffer | null {
  try {
    const text = fs.readFileSync(path.join(folder, 'key'), 'utf8').trim();
    return /^(?:[0-9a-f]{2})+$/.test(text) ? Buffer.from(text, 'hex') : null;
  } catch {
    return null;
  }
}

/** A line of `index.jsonl`: a session that wrote a file of this path. */
export interface IIndexEntry {
  path: string;
  sha256: string | null;
  sid: string;
}

/** The index, oldest first. It is only a cache: broken lines are passed over. */
export function readIndex(home: string): IIndexEntry[] {
  const file = path.join(home, 'index.jsonl');
  if (statOf(file) === null) {
    return [];
  }
  return readBytes(file)
    .toString('utf8')
    .split('\n')
    .flatMap(line => {
      try {
        const entry = JSON.parse(line) as Partial<IIndexEntry>;
        return typeof entry.path === 'string' && typeof entry.sid === 'string'
          ? [{ path: entry.path, sha256: entry.sha256 ?? null, sid: entry.sid }]
          : [];
      } catch {
        return [];
      }
    });
}

/** Id of this start of the computer, as observers write it; null where it has none. */
export function bootId(): string | null {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/** The process of an observer. */
export interface IProcess {
  host: string;
  bootId: string | null;
  pid?: number | undefined;
}

/** Observers declared in the first lines of a journal file. */
export function observersIn(bytes: Uint8Array): IProcess[] {
  const text = Buffer.from(bytes.subarray(0, 64 * 1024)).toString('utf8');
  return text
    .split('\n')
    .filter(line => line.includes('"observer.joined"'))
    .flatMap(line => {
      try {
        return [(JSON.parse(line) as { observer: IProcess }).observer];
      } catch {
        return [];
      }
    });
}

/** Whether the process of an observer ran on this computer, so that we can tell. */
export function isOfThisHost({ host, pid }: IProcess): boolean {
  return pid !== undefined && host === os.hostname();
}

/** Whether the process of an observer still runs on this computer. */
export function isAlive(observer: IProcess): boolean {
  if (
    observer.pid === undefined ||
    observer.host !== os.hostname() ||
    (observer.bootId !== null && observer.bootId !== bootId())
  ) {
    return false;
  }
  try {
    process.kill(observer.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
