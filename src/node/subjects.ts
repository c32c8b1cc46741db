/** Subjects: the files that a record is about, taken as they are on disk now. */
import fs from 'node:fs';
import path from 'node:path';
import type { ICreateRefused } from '../api';
import type { IFileVersion, ISession } from '../session/types';
import { CliError, readError } from './errors';
import {
  hashFile,
  sameIdentity,
  sha256 as digestOf,
  statOf,
  toStat,
  type ByteProgress,
  type IHashedFile
} from './files';
import { nameText } from '../journal/names';
import { lastWriter } from './written';

/** A file of this size is the most that a statement may name. */
export const MAX_SUBJECTS = 1024;

/** A file or folder as asked for, fingerprinted now. */
export interface ISubject extends IHashedFile {
  /** Absolute, links resolved. */
  path: string;
  /** True for the whole of a folder: its digest is the OMS root. */
  whole: boolean;
}

/** Reading an answer of “no” is no error: it is printed as it is. */
export class Refusal extends Error {
  constructor(readonly reply: ICreateRefused) {
    super(reply.message);
    this.name = 'Refusal';
  }
}

/** A refusal that names no file's fingerprints. */
export function refuse(
  reason: ICreateRefused['reason'],
  message: string,
  files: ICreateRefused['files'] = []
): Refusal {
  return new Refusal({ type: 'refused', reason, message, files });
}

/** Tells which of how many subjects is read, and how far it is. */
export type SubjectProgress = (
  index: number,
  name: string
) => ByteProgress | undefined;

/**
 * Fingerprint the subjects. A folder becomes a subject per file and one for the
 * whole; wholes come last.
 *
 * @throws Refusal `missing` or `no-subject`; CliError when one can't be read.
 */
export async function takeSubjects(
  names: readonly string[],
  progress: SubjectProgress
): Promise<ISubject[]> {
  const files = [...new Set(names.map(realPath))];
  const subjects = new Map<string, ISubject>();
  for (const [index, file] of files.entries()) {
    const taken =
      statOf(file)?.isDirectory() === true
        ? await takeFolder(file, progress(index, file))
        : [await takeFile(file, progress(index, file))];
    taken.forEach(subject =>
      subjects.set(`${subject.path}\n${subject.sha256}`, subject)
    );
  }
  if (subjects.size > MAX_SUBJECTS) {
    throw new CliError(
      'usage',
      `A record can be about ${MAX_SUBJECTS} files at most; these are ${subjects.size}.`
    );
  }
  const all = [...subjects.values()];
  return [
    ...all.filter(({ whole }) => !whole),
    ...all.filter(({ whole }) => whole)
  ];
}

function realPath(name: string): string {
  try {
    return fs.realpathSync(name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw refuse('missing', `There is no file ${name}.`);
    }
    throw readError(name, error);
  }
}

async function takeFile(
  file: string,
  progress?: ByteProgress
): Promise<ISubject> {
  return { path: file, whole: false, ...(await hashFile(file, progress)) };
}

/** Left out of a model's files by the OpenSSF Model Signing tools as well. */
const IGNORED = ['.git', '.gitignore', '.gitattributes', '.github'];

/**
 * A folder's files and its whole, as OpenSSF Model Signing v1.0 names it: the
 * SHA-256 of the files' raw digests, one after the other. The specification
 * sorts by name, the reference implementation by parts of the path; where the
 * two differ both are subjects.
 */
async function takeFolder(
  folder: string,
  progress?: ByteProgress
): Promise<ISubject[]> {
  const names = folderFiles(folder, '');
  if (names.length === 0) {
    throw refuse('no-subject', `The folder ${folder} has no files.`);
  }
  if (names.length >= MAX_SUBJECTS) {
    throw new CliError(
      'usage',
      `The folder ${folder} has ${names.length} files. A record can be about ${MAX_SUBJECTS} at most.`
    );
  }
  const digests = new Map<string, ISubject>();
  for (const name of names) {
    digests.set(name, await takeFile(path.join(folder, name), progress));
  }
  const root = (order: readonly string[]): ISubject => ({
    path: folder,
    whole: true,
    stat: toStat(fs.statSync(folder, { bigint: true })),
    sha256: digestOf(
      Buffer.concat(
        order.map(name => Buffer.from(digests.get(name)?.sha256 ?? '', 'hex'))
      )
    )
  });
  const roots = [
    root([...names].sort(byCodePoint)),
    root([...names].sort(byPart))
  ];
  const distinct = roots.filter(
    (each, index) => index === 0 || each.sha256 !== roots[0]?.sha256
  );
  return [...digests.values(), ...distinct];
}

/** Regular files below a folder, as posix paths from it. */
function folderFiles(folder: string, prefix: string): string[] {
  return fs
    .readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .filter(entry => !(prefix === '' && IGNORED.includes(entry.name)))
    .flatMap(entry => {
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isSymbolicLink()) {
        throw new CliError(
          'unreadable',
          `The folder ${folder} holds a link (${name}). A folder with links can't be a subject; name its files instead.`
        );
      }
      return entry.isDirectory()
        ? folderFiles(folder, name)
        : entry.isFile()
          ? [name]
          : [];
    });
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function byPart(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = byCodePoint(left[i] as string, right[i] as string);
    if (order !== 0) {
      return order;
    }
  }
  return left.length - right.length;
}

/** How a subject stands to what a session recorded of it. */
export type SubjectMatch =
  | {
      kind: 'written';
      version: IFileVersion;
      /** Written at this very path; else these bytes were only seen elsewhere. */
      here: boolean;
    }
  /** The session wrote this path, but these aren't the bytes. */
  | { kind: 'changed'; version: IFileVersion }
  | { kind: 'not-seen' };

/**
 * Look for the write of a subject in a session: the newest at its path, else the
 * newest of the same bytes at another one. Empty files are all alike: bytes
 * elsewhere say nothing of them.
 */
export function matchSubject(
  session: ISession,
  subject: ISubject
): SubjectMatch {
  let changed: IFileVersion | null = null;
  let elsewhere: IFileVersion | null = null;
  for (const version of writesNewestFirst(session)) {
    const here = nameText(version.path) === subject.path;
    if (!isSameBytes(version, subject)) {
      changed ??= here ? version : null;
    } else if (here) {
      return { kind: 'written', version, here };
    } else if (Number(subject.stat.size) > 0) {
      elsewhere ??= version;
    }
  }
  return elsewhere !== null
    ? { kind: 'written', version: elsewhere, here: false }
    : changed !== null
      ? { kind: 'changed', version: changed }
      : { kind: 'not-seen' };
}

function writesNewestFirst(session: ISession): IFileVersion[] {
  return session.files
    .flatMap(file => file.versions)
    .filter(version => version.origin === 'run')
    .reverse()
    .sort((a, b) => lastWriter(b) - lastWriter(a));
}

/** Bytes that were never fingerprinted are known by their identity on disk. */
function isSameBytes(version: IFileVersion, subject: ISubject): boolean {
  return version.sha256 === null
    ? version.stat !== null && sameIdentity(version.stat, subject.stat)
    : version.sha256 === subject.sha256;
}
