/** Records on disk: found for a file, read, and taken apart as far as showing needs. */
import fs from 'node:fs';
import path from 'node:path';
import { MAX_BUNDLE_BYTES } from '../envelope/types';
import { listFolder, readLimited, statOf } from './files';

/** A record as it lies on disk. */
export interface IRecordFile {
  /** Absolute path. */
  file: string;
  bytes: Buffer;
}

/** Why there is no record to read. */
export type RecordProblem = 'missing' | 'too-large' | 'special';

/** Read a record; never more than a record can be. */
export function readRecord(file: string): IRecordFile | RecordProblem {
  const bytes = readLimited(file, MAX_BUNDLE_BYTES);
  return bytes === null
    ? 'missing'
    : typeof bytes === 'string'
      ? bytes
      : { file, bytes };
}

const SUFFIXES = ['.sigstore.json', '.intoto.json'];

/** Whether a file is called as a record is. */
export function isRecordName(file: string): boolean {
  return SUFFIXES.some(suffix => file.endsWith(suffix));
}

/** Places where the record of a file may lie, the most likely first. */
export function recordPlaces(home: string, file: string): string[] {
  const folder = path.dirname(file);
  const beside = SUFFIXES.map(suffix => `${file}${suffix}`);
  const notebooks = listQuietly(folder)
    .filter(isRecordName)
    .filter(name => /\.ipynb\.(sigstore|intoto)\.json$/.test(name))
    .map(name => path.join(folder, name));
  return [...beside, ...notebooks, ...homeRecords(home)];
}

/** Records in the journal home, newest first. */
export function homeRecords(home: string): string[] {
  const root = path.join(home, 'records');
  return listQuietly(root)
    .filter(name => !name.endsWith('.tmp'))
    .flatMap(name =>
      ['record.sigstore.json', 'record.intoto.json'].map(member =>
        path.join(root, name, member)
      )
    )
    .map(file => ({ file, stat: statOf(file) }))
    .filter(({ stat }) => stat !== null)
    .sort((a, b) => Number((b.stat?.mtimeNs ?? 0n) - (a.stat?.mtimeNs ?? 0n)))
    .map(({ file }) => file);
}

function listQuietly(folder: string): string[] {
  try {
    return listFolder(folder);
  } catch {
    return [];
  }
}

/**
 * Find the record of a file.
 *
 * @param sha256 of the file; null when the file isn't there.
 * @returns the first record that names these bytes; else the first one found
 * beside the file; else null. Records in the journal home count only when they
 * name the bytes, or, for a file that is gone, its name.
 */
export function findRecord(
  home: string,
  file: string,
  sha256: string | null
): IRecordFile | null {
  let beside: IRecordFile | null = null;
  for (const place of recordPlaces(home, file)) {
    const record = readRecord(place);
    if (typeof record === 'string') {
      if (record !== 'missing' && beside === null) {
        beside = { file: place, bytes: Buffer.alloc(0) };
      }
      continue;
    }
    const subjects = subjectsOf(record.bytes);
    if (sha256 !== null && subjects.some(each => each.sha256 === sha256)) {
      return record;
    }
    const own = SUFFIXES.some(suffix => place === `${file}${suffix}`);
    const named = subjects.some(
      ({ name }) => path.posix.basename(name) === path.basename(file)
    );
    if (own || (sha256 === null && named)) {
      beside ??= record;
    }
  }
  return beside;
}

/**
 * The signed bytes of a bundle, or the bytes of an unsigned statement, without
 * any check. Only for finding and showing: what is relied on comes from
 * `verifyRecord`.
 */
export function payloadOf(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8');
  const json = parseObject(text);
  const envelope = json?.['dsseEnvelope'];
  if (typeof envelope === 'object' && envelope !== null) {
    const { payload } = envelope as { payload?: unknown };
    return typeof payload === 'string'
      ? Buffer.from(payload, 'base64').toString('utf8')
      : null;
  }
  return json === null || json['_type'] === undefined ? null : text;
}

/** Whether it is a bundle, signed by whomever. */
export function isBundle(bytes: Uint8Array): boolean {
  const json = parseObject(Buffer.from(bytes).toString('utf8'));
  return json?.['dsseEnvelope'] !== undefined;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const json = JSON.parse(text) as unknown;
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Names and fingerprints of the subjects, as far as they are readable. */
export function subjectsOf(
  bytes: Uint8Array
): { name: string; sha256: string }[] {
  const payload = payloadOf(bytes);
  const statement = payload === null ? null : parseObject(payload);
  const subjects = statement?.['subject'];
  return Array.isArray(subjects)
    ? subjects.flatMap(subject => {
        const { name, digest } = (subject ?? {}) as {
          name?: unknown;
          digest?: { sha256?: unknown } | null;
        };
        const sha256 = digest?.sha256;
        return typeof sha256 === 'string'
          ? [
              {
                name: typeof name === 'string' ? name : '',
                sha256: sha256.toLowerCase()
              }
            ]
          : [];
      })
    : [];
}

/**
 * Files on disk that a record is about: by the names in it, from the folders
 * that it may have been copied from.
 */
export function subjectPlaces(record: IRecordFile, name: string): string[] {
  const folder = path.dirname(record.file);
  const own = SUFFIXES.reduce(
    (text, suffix) =>
      text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
    record.file
  );
  const notebookFolder = path.resolve(folder, '..', '..', '..');
  const relative = name.split('/').filter(part => part !== '..' && part !== '');
  return [
    own,
    path.join(folder, ...relative),
    path.join(notebookFolder, ...relative),
    path.join(folder, relative[relative.length - 1] ?? '')
  ].filter(place => isRegular(place));
}

function isRegular(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
