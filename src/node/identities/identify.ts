/**
 * What the files of a session are by the word of others, looked up when a record is asked
 * for: only of files that still are the very ones that were seen.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { FileIdentity, IdentityClaim, Stat } from '../../journal/events';
import { nameText } from '../../journal/names';
import { FORMAT_BYTES, formatOf } from '../../session/formats';
import type { IFile, ISession } from '../../session/types';
import { sameIdentity, statOf, toStat } from '../files';
import { namePath } from '../names';
import type { Environment } from '../places';
import { croissantClaims, dvcClaims, packageClaims } from './beside';
import { SmallFiles } from './folders';
import { GitFolders } from './git';
import { hubClaims } from './hub';

/** Of more files nothing is looked up. */
const MAX_FILES = 5000;
/** Larger files aren't read again for an MD5 or a git blob's SHA-1. */
const MAX_DIGEST_BYTES = 512 * 1024 * 1024;

/** Look up the files that sessions used, in the order of their paths. */
export function identify(
  env: Environment,
  sessions: readonly ISession[]
): FileIdentity[] {
  const looked = new Look(env);
  const files = new Map<string, IFile>();
  for (const file of sessions.flatMap(session => session.files)) {
    if (!file.classification.noise) {
      files.set(file.key, mergeFiles(files.get(file.key), file));
    }
  }
  return [...files.values()]
    .slice(0, MAX_FILES)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(file => looked.identity(file))
    .filter(found => found !== null);
}

/** One file of several sessions: all its versions count. */
function mergeFiles(known: IFile | undefined, file: IFile): IFile {
  return known === undefined
    ? file
    : { ...known, versions: [...known.versions, ...file.versions] };
}

class Look {
  private readonly small = new SmallFiles();
  private readonly git: GitFolders;

  constructor(env: Environment) {
    this.git = new GitFolders(env);
  }

  /** Null for what isn't there as it was seen, and where there is nothing to tell. */
  identity({ path: name, versions }: IFile): FileIdentity | null {
    const file = namePath(name);
    const stat = statNow(file);
    const seen = versions.find(
      version =>
        stat !== null &&
        version.stat !== null &&
        sameIdentity(version.stat, stat)
    );
    if (stat === null || seen === undefined) {
      return null;
    }
    const head = readHead(file);
    const format = head === null ? null : formatOf(head);
    const text = nameText(name);
    const claims =
      typeof name === 'string' && seen.origin === 'external'
        ? this.claims(text)
        : [];
    if (format === null && claims.length === 0) {
      return null;
    }
    const own = ownDigests(file, stat, claims);
    const after = statNow(file);
    return after === null || !sameIdentity(after, stat)
      ? null
      : {
          path: name,
          stat,
          ...(format === null ? {} : { format }),
          ...own,
          ...(claims.length === 0 ? {} : { claims })
        };
  }

  private claims(file: string): IdentityClaim[] {
    return [
      ...hubClaims(file),
      ...this.git.claims(file),
      ...dvcClaims(this.small, file),
      ...croissantClaims(this.small, file),
      ...packageClaims(this.small, file)
    ];
  }
}

function statNow(file: string | Buffer): Stat | null {
  const stat = statOf(file);
  return stat?.isFile() === true ? toStat(stat) : null;
}

function readHead(file: string | Buffer): Uint8Array | null {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      const head = Buffer.alloc(FORMAT_BYTES);
      return head.subarray(0, fs.readSync(descriptor, head));
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** Digests that claims are compared with, beyond our own SHA-256. */
function ownDigests(
  file: string | Buffer,
  stat: Stat,
  claims: readonly IdentityClaim[]
): Pick<FileIdentity, 'md5' | 'gitBlob'> {
  const wanted = new Set(claims.map(({ algorithm }) => algorithm));
  const size = Number(stat.size);
  if (
    size > MAX_DIGEST_BYTES ||
    !(wanted.has('md5') || wanted.has('git-blob-sha1'))
  ) {
    return {};
  }
  const md5 = createHash('md5');
  const blob = createHash('sha1').update(`blob ${size}\0`);
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      const chunk = Buffer.alloc(1024 * 1024);
      for (let n = fs.readSync(descriptor, chunk); n > 0;) {
        md5.update(chunk.subarray(0, n));
        blob.update(chunk.subarray(0, n));
        n = fs.readSync(descriptor, chunk);
      }
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return {};
  }
  return {
    ...(wanted.has('md5') ? { md5: md5.digest('hex') } : {}),
    ...(wanted.has('git-blob-sha1') ? { gitBlob: blob.digest('hex') } : {})
  };
}
