/**
 * What people said that files are, kept per project: in `.jupyter-attest.json`, a file
 * that one can commit. `.attest/` beside it keeps itself out of version control.
 *
 * Its names are relative to its own folder, with forward slashes; one that ends with a
 * slash stands for everything below. The nearest file up the folders counts.
 */
import path from 'node:path';
import * as z from 'zod/mini';
import type { FileKind } from '../api';
import { KINDS } from '../session/kinds';
import { insideOf } from './context';
import { CliError } from './errors';
import { readLimited, statOf, writeAtomic } from './files';

export const PROJECT_FILE = '.jupyter-attest.json';

const LIMIT_BYTES = 4 * 1024 * 1024;

const ProjectFile = z.looseObject({
  version: z.literal(1),
  classifications: z.record(z.string(), z.enum(KINDS))
});

/** What a person may say that a file is. */
export type CorrectedKind = (typeof KINDS)[number] & FileKind;

/** One project's file, read. */
interface IProject {
  /** Absolute path of the project file. */
  file: string;
  classifications: Record<string, CorrectedKind>;
}

/** A correction with where it stands. */
export interface ICorrection {
  /** Absolute path; of a folder, its files are meant. */
  path: string;
  kind: CorrectedKind;
  /** Absolute path of the project file that says so. */
  file: string;
}

/** The corrections of projects, each file read once. */
export class Corrections {
  private readonly folders = new Map<string, IProject | null>();

  /**
   * What was said of a file, or of the nearest folder around it.
   *
   * @throws CliError `unreadable` when the project's file isn't one of ours.
   */
  of(file: string): ICorrection | null {
    const project = this.projectOf(path.dirname(file));
    if (project === null) {
      return null;
    }
    const folder = path.dirname(project.file);
    const name = nameIn(folder, file);
    const found = Object.keys(project.classifications)
      .filter(key => key === name || (key.endsWith('/') && below(name, key)))
      .sort((a, b) => b.length - a.length)[0];
    return found === undefined ? null : correction(project, found);
  }

  /** All that was said in the project of a folder. */
  list(folder: string): ICorrection[] {
    const project = this.projectOf(folder);
    return project === null
      ? []
      : Object.keys(project.classifications)
          .sort()
          .map(name => correction(project, name));
  }

  /** The nearest project file, from a folder upwards. */
  projectOf(folder: string): IProject | null {
    const known = this.folders.get(folder);
    if (known !== undefined) {
      return known;
    }
    const file = path.join(folder, PROJECT_FILE);
    const parent = path.dirname(folder);
    const found =
      statOf(file)?.isFile() === true
        ? readProject(file)
        : parent === folder
          ? null
          : this.projectOf(parent);
    this.folders.set(folder, found);
    return found;
  }
}

function correction(project: IProject, name: string): ICorrection {
  return {
    path: path.join(path.dirname(project.file), name),
    kind: project.classifications[name]!,
    file: project.file
  };
}

const below = (name: string, folder: string): boolean =>
  folder === './' || name.startsWith(folder);

/** Name of a path in the file of a project's folder. */
function nameIn(folder: string, file: string): string {
  return (insideOf(folder, file) ?? '').split(path.sep).join('/');
}

/**
 * Remember what a file is; null takes back what was said of it.
 *
 * @param isFolder everything below `target` is meant.
 * @returns the project file; null when there was nothing to take back.
 */
export function correct(
  target: string,
  isFolder: boolean,
  kind: CorrectedKind | null
): string | null {
  const known = new Corrections().projectOf(path.dirname(target));
  const file = known?.file ?? path.join(projectFolder(target), PROJECT_FILE);
  const name = `${nameIn(path.dirname(file), target)}${isFolder ? '/' : ''}`;
  const classifications = { ...known?.classifications };
  if (kind === null) {
    if (!(name in classifications)) {
      return null;
    }
    delete classifications[name];
  } else {
    classifications[name] = kind;
  }
  const sorted = Object.fromEntries(
    Object.entries(classifications).sort(([a], [b]) => (a < b ? -1 : 1))
  );
  const project = { version: 1, classifications: sorted };
  writeAtomic(file, `${JSON.stringify(project, null, 2)}\n`);
  return file;
}

/** The top of a file's repository, else the folder that it lies in. */
function projectFolder(target: string): string {
  const start = path.dirname(target);
  let folder = start;
  while (path.dirname(folder) !== folder) {
    if (statOf(path.join(folder, '.git')) !== null) {
      return folder;
    }
    folder = path.dirname(folder);
  }
  return start;
}

function readProject(file: string): IProject {
  const bytes = readLimited(file, LIMIT_BYTES);
  try {
    if (bytes instanceof Buffer) {
      const read = ProjectFile.parse(JSON.parse(bytes.toString('utf8')));
      return { file, classifications: read.classifications };
    }
  } catch {
    // Told below, as what can't be opened is.
  }
  throw new CliError(
    'unreadable',
    `${file} is not a list of classifications that this version understands. Correct or remove it.`
  );
}
