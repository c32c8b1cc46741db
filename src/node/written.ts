/** Files that a session wrote, compared with what is on disk now. */
import type { FileKind, FileState, IWrittenFile } from '../api';
import type { IFile, IFileVersion, ISession } from '../session/types';
import { CliError } from './errors';
import { hashFile, sameIdentity, statOf, toStat } from './files';
import { nameText } from '../journal/names';
import { namePath } from './names';
import type { Corrections } from './project';

/** Larger files aren't hashed just to list them. */
export const LIST_HASH_LIMIT_BYTES = 256 * 1024 * 1024;

/** A file with the version that a recorded run left. */
export interface IWrite {
  file: IFile;
  version: IFileVersion;
}

/** The last version of each file that recorded runs wrote, the newest write first. */
export function lastWrites(session: ISession): IWrite[] {
  return session.files
    .filter(file => !file.classification.noise)
    .flatMap(file => {
      const version = [...file.versions]
        .reverse()
        .find(each => each.origin === 'run');
      return version === undefined ? [] : [{ file, version }];
    })
    .sort((a, b) => lastWriter(b.version) - lastWriter(a.version));
}

/** How the bytes on disk compare with a recorded version. */
export interface IComparison {
  state: FileState;
  nowSha256: string | null;
  nowAt: string | null;
}

/**
 * Compare a version with the disk: by identity where that is enough, else by
 * fingerprint.
 *
 * @param limitBytes files over it are `not-checked` rather than hashed.
 */
export async function compareWithDisk(
  version: IFileVersion,
  limitBytes: number
): Promise<IComparison> {
  const path = namePath(version.path);
  const now = statOf(path);
  if (now === null) {
    return { state: 'gone', nowSha256: null, nowAt: null };
  }
  const nowAt = new Date(Number(now.mtimeMs)).toISOString();
  const known = (state: FileState, nowSha256: string | null = null) => ({
    state,
    nowSha256,
    nowAt
  });
  if (
    version.stat !== null &&
    !version.racy &&
    sameIdentity(version.stat, toStat(now))
  ) {
    return known('unchanged', version.sha256);
  }
  if (!now.isFile()) {
    return known('changed');
  }
  if (version.sha256 === null || now.size > limitBytes) {
    return known('not-checked');
  }
  try {
    const { sha256 } = await hashFile(path);
    return known(sha256 === version.sha256 ? 'unchanged' : 'changed', sha256);
  } catch (error) {
    if (error instanceof CliError) {
      return known('not-checked');
    }
    throw error;
  }
}

/** Number of the last run that wrote it or may have; 0 when none is known. */
export function lastWriter(version: IFileVersion): number {
  return version.writers?.[1] ?? 0;
}

/** Number of the run that wrote a version; null when only an interval is known. */
export function writerNumber({ writers }: IFileVersion): number | null {
  return writers !== null && writers[0] === writers[1] ? writers[0] : null;
}

/** What a file is: the author's word, else what was found; a broken project file says nothing. */
function kindOf(corrections: Corrections, file: IFile): FileKind {
  try {
    const said = corrections.of(nameText(file.path));
    return said?.kind ?? file.classification.kind;
  } catch (error) {
    if (error instanceof CliError) {
      return file.classification.kind;
    }
    throw error;
  }
}

/** A written file as the JSON replies show it. */
export async function describeWrite(
  session: ISession,
  { file, version }: IWrite,
  show: (path: string) => string,
  corrections: Corrections
): Promise<IWrittenFile> {
  const compared = await compareWithDisk(version, LIST_HASH_LIMIT_BYTES);
  return {
    path: show(nameText(version.path)),
    kind: kindOf(corrections, file),
    run: writerNumber(version),
    at: version.at ?? session.lastAt,
    sizeBytes: version.stat === null ? null : Number(version.stat.size),
    sha256: version.sha256,
    state: compared.state,
    ...(compared.state === 'changed'
      ? { nowSha256: compared.nowSha256, nowAt: compared.nowAt }
      : {})
  };
}
