/** Files on disk: read with a limit, hashed as a stream, written whole or not at all. */
import crypto, { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Stat } from '../journal/events';
import { CliError, readError, systemCode, writeError } from './errors';

const CHUNK_BYTES = 4 * 1024 * 1024;

/** Tells how far a long read is: bytes of how many. */
export type ByteProgress = (doneBytes: number, totalBytes: number) => void;

/** Identity of a file's bytes at this moment, in the journal's form. */
export function toStat(stat: fs.BigIntStats): Stat {
  const size = stat.size;
  return {
    dev: String(stat.dev),
    ino: String(stat.ino),
    size: size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : String(size),
    mtimeNs: String(stat.mtimeNs),
    ctimeNs: String(stat.ctimeNs),
    nlink: Number(stat.nlink)
  };
}

/** Stat of a path, links followed; null when nothing is there. */
export function statOf(file: string | Buffer): fs.BigIntStats | null {
  try {
    return fs.statSync(file, { bigint: true });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return null;
    }
    throw readError(String(file), error);
  }
}

/** Whether two paths lead to the same file, links followed. */
export function isSameFile(a: string, b: string): boolean {
  return a === b || realOf(a) === realOf(b);
}

function realOf(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

/** Whether both name the same bytes as far as the file system tells. */
export function sameIdentity(a: Stat, b: Stat): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    String(a.size) === String(b.size) &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/** A file's fingerprint together with the identity that it belongs to. */
export interface IHashedFile {
  /** Lower-case hex SHA-256. */
  sha256: string;
  stat: Stat;
}

/**
 * Hash a regular file.
 *
 * @throws CliError `unreadable` when it is no regular file, or when it changed
 * while it was read: then there is no fingerprint, never a mixed one.
 */
export async function hashFile(
  file: string | Buffer,
  progress?: ByteProgress
): Promise<IHashedFile> {
  const name = String(file);
  let handle: fs.promises.FileHandle;
  try {
    handle = await fs.promises.open(file, OPEN_READ);
  } catch (error) {
    throw readError(name, error);
  }
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) {
      throw new CliError('unreadable', `${name} is not a regular file.`);
    }
    const sha256 = await hashHandle(handle, Number(before.size), progress);
    const after = toStat(await handle.stat({ bigint: true }));
    if (!sameIdentity(toStat(before), after)) {
      throw new CliError(
        'unreadable',
        `${name} changed while it was read. Wait until nothing writes to it, then try again.`
      );
    }
    return { sha256, stat: after };
  } catch (error) {
    throw error instanceof CliError ? error : readError(name, error);
  } finally {
    await handle.close();
  }
}

/** Opening a pipe for reading would wait for a writer; this doesn't. */
const OPEN_READ = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

async function hashHandle(
  handle: fs.promises.FileHandle,
  totalBytes: number,
  progress?: ByteProgress
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(
    Math.max(4096, Math.min(CHUNK_BYTES, totalBytes))
  );
  let doneBytes = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) {
      return hash.digest('hex');
    }
    hash.update(buffer.subarray(0, bytesRead));
    doneBytes += bytesRead;
    progress?.(doneBytes, totalBytes);
  }
}

/** SHA-256 of bytes, lower-case hex. */
export function sha256(bytes: string | Uint8Array): string {
  // In one call where Node has it (20.12): journals have very many short lines.
  return 'hash' in crypto
    ? crypto.hash('sha256', bytes, 'hex')
    : createHash('sha256').update(bytes).digest('hex');
}

/**
 * Read a small file whole.
 *
 * @returns its bytes; `too-large` over `limitBytes`, `special` for a pipe, a
 * device or a folder; null when nothing is there.
 */
export function readLimited(
  file: string,
  limitBytes: number
): Buffer | 'too-large' | 'special' | null {
  const stat = statOf(file);
  if (stat === null) {
    return null;
  }
  if (!stat.isFile()) {
    return 'special';
  }
  if (stat.size > BigInt(limitBytes)) {
    return 'too-large';
  }
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw readError(file, error);
  }
}

/** Make a folder and its parents, for this user only. */
export function makePrivateFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeError(folder, error);
  }
}

/**
 * Write a file under a temporary name in the same folder, flush it to disk,
 * then rename it: a reader sees the old bytes or the new ones, and a full disk
 * leaves nothing behind.
 */
export function writeAtomic(
  file: string,
  bytes: string | Uint8Array,
  options: { mode?: number; replace?: boolean } = {}
): void {
  const { mode = 0o644, replace = true } = options;
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file).slice(0, 60)}.${randomUUID().slice(0, 8)}.tmp`
  );
  try {
    writeFlushed(temporary, bytes, mode);
    if (replace) {
      fs.renameSync(temporary, file);
    } else {
      fs.linkSync(temporary, file);
      fs.unlinkSync(temporary);
    }
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

function writeFlushed(
  file: string,
  bytes: string | Uint8Array,
  mode: number
): void {
  const fd = fs.openSync(file, 'wx', mode);
  try {
    fs.writeFileSync(fd, bytes);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Add lines to a file in one write, each with its newline. */
export function appendLines(file: string, lines: readonly string[]): void {
  try {
    const fd = fs.openSync(file, 'a', 0o600);
    try {
      fs.writeFileSync(fd, lines.map(line => `${line}\n`).join(''));
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    throw writeError(file, error);
  }
}

/** Names in a folder, sorted; none when it isn't there. */
export function listFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return [];
    }
    throw readError(folder, error);
  }
}

/** Take a folder of ours away with all that is in it; it needn't be there. */
export function removeFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
}
