/** What every verb is given: the world it runs in. */
import path from 'node:path';
import type { Environment, IPlaces } from './places';
import type { ITerminal } from './terminal';

export interface IContext {
  terminal: ITerminal;
  env: Environment;
  places: IPlaces;
  /** Folder that relative names on the command line start from. */
  cwd: string;
  /** How people start this program here, e.g. `jupyter attest`. */
  program: string;
  now(): Date;
}

/** Options that every verb takes. */
export interface ICommonOptions {
  json?: boolean;
  /** Root of a Jupyter server: names are then contents paths inside it. */
  root?: string;
}

/** Absolute path of a name given on the command line or in a request. */
export function resolveName(
  context: IContext,
  options: ICommonOptions,
  name: string
): string {
  return path.resolve(options.root ?? context.cwd, name);
}

/**
 * A path as the caller knows it: for a server a contents path inside its root;
 * for a program (`--json`) absolute; for a person relative where that is shorter.
 */
export function showPath(
  context: IContext,
  options: ICommonOptions,
  file: string
): string {
  if (options.root !== undefined) {
    const inside = insideOf(path.resolve(options.root), file);
    return inside === null ? file : inside.split(path.sep).join('/');
  }
  return options.json ? file : (insideOf(context.cwd, file) ?? file);
}

/** The path of `file` below `folder`; null when it lies elsewhere. */
export function insideOf(folder: string, file: string): string | null {
  const relative = path.relative(folder, file);
  const outside =
    relative === '' ||
    relative === '..' ||
    relative.startsWith(`..${path.sep}`) ||
    path.isAbsolute(relative);
  return outside ? null : relative;
}
