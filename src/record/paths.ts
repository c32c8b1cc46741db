/**
 * Paths as they leave the computer: where they start from and what follows, never
 * absolute. What lies nowhere known keeps its last name only.
 */
import type { Name } from '../journal/events';
import { fromBase64, nameText, toBase64 } from '../journal/names';
import { slashes } from '../session/files';
import { CUT, cutSecrets, cutTokens } from './secrets';

export interface IReducedPath {
  root: 'notebook' | 'home' | 'prefix' | 'other';
  /** With forward slashes; bytes that aren't UTF-8 as `%FF`. */
  rel: string;
  /** Base64 of the name's bytes below its root, where they aren't UTF-8. */
  nameBytes: string | null;
}

/** Such folders anywhere in a text; the user's name is in them. */
const HOMES_IN_TEXT =
  /(?:\/(?:home|Users)\/|\b[A-Za-z]:[\\/]{1,2}Users[\\/]{1,2})[^\s/\\"'`,:;=&|<>()[\]{}]+/g;

/** Home folders by their usual places, for journals of another computer. */
const HOMES =
  /^(\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\/Users\/[^/]+)\//;

export class PathReducer {
  private readonly roots: { root: IReducedPath['root']; folder: string }[];
  /** The author's home folder as it stands in texts, and its name; null where unknown. */
  private readonly home: { inText: RegExp; inUrl: RegExp } | null;

  /**
   * @param base folder of the notebook, absolute.
   * @param home the author's home folder, where known.
   * @param prefixes installation prefixes of the kernels used.
   */
  constructor(base: Name, home: Name | null, prefixes: readonly Name[]) {
    this.home = home === null ? null : homeOf(folderOf(home).slice(0, -1));
    this.roots = [
      { root: 'notebook' as const, folder: folderOf(base) },
      ...prefixes.map(prefix => ({
        root: 'prefix' as const,
        folder: folderOf(prefix)
      })),
      ...(home === null
        ? []
        : [{ root: 'home' as const, folder: folderOf(home) }])
    ].filter(({ folder }) => folder !== '/');
  }

  /** A path as a record shows it, without what looks like a secret. */
  reduce(name: Name): IReducedPath {
    const { root, rel, nameBytes } = this.locate(name);
    const shown = cutTokens(rel);
    return { root, rel: shown, nameBytes: shown === rel ? nameBytes : null };
  }

  /** A text as a record shows it: no secret, no home folder and with it no user's name. */
  text(text: string): string {
    const short =
      this.home === null
        ? text
        : text
            .replace(this.home.inText, '~')
            .replace(this.home.inUrl, `$1${CUT}`);
    return cutSecrets(short).replace(HOMES_IN_TEXT, '~');
  }

  /** A path as it is, below the nearest folder that is known. */
  locate(name: Name): IReducedPath {
    const path = slashes(nameText(name));
    for (const { root, folder } of this.roots) {
      const start = typeof name === 'string' ? folder : escaped(folder);
      if (path.startsWith(start) && path.length > start.length) {
        return {
          root,
          rel: path.slice(start.length),
          nameBytes: rest(name, folder)
        };
      }
    }
    const home = HOMES.exec(path)?.[0];
    if (home !== undefined && path.length > home.length) {
      return {
        root: 'home',
        rel: path.slice(home.length),
        nameBytes: rest(name, home)
      };
    }
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    return {
      root: 'other',
      rel: path.slice(folder.length) || 'unnamed',
      nameBytes: rest(name, null)
    };
  }

  /** A folder: below the home folder, or its last name only. */
  reduceFolder(name: Name): { root: 'home' | 'other'; rel: string } {
    const path = folderOf(name);
    const known = this.roots.find(({ root }) => root === 'home')?.folder;
    const home = known ?? HOMES.exec(path)?.[0];
    if (home !== undefined && path.startsWith(home)) {
      return { root: 'home', rel: path.slice(home.length, -1) };
    }
    return { root: 'other', rel: path.split('/').at(-2) ?? '' };
  }
}

/**
 * The way from a folder to a path over a folder that both lie in, `../data/x.csv`;
 * null when that is only the root of the file system. Empty for the folder itself.
 */
export function pathUpwards(folder: Name, name: Name): string | null {
  const from = folderOf(folder).split('/').slice(0, -1);
  const to = slashes(nameText(name)).replace(/\/$/, '').split('/');
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) {
    shared += 1;
  }
  return shared < 2
    ? null
    : [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
}

/** Names of accounts that say nothing of a person. */
const NOBODY = /^(root|jovyan|user|ubuntu|runner|vscode|codespace)$/;

/** How a home folder and its user's name, in the path of an address, are found in texts. */
function homeOf(folder: string): { inText: RegExp; inUrl: RegExp } | null {
  const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  if (name === '') {
    return null;
  }
  const person = NOBODY.test(name) ? '[^\\s\\S]' : escape(name);
  return {
    inText: new RegExp(`${escape(folder)}(?![\\w.-])`, 'g'),
    inUrl: new RegExp(
      `(://[^\\s"'<>]{0,300}?/~?)${person}(?=[/?#\\s"']|$)`,
      'g'
    )
  };
}

function folderOf(name: Name): string {
  const path = slashes(nameText(name));
  return path.endsWith('/') ? path : `${path}/`;
}

/** A folder's text as it stands at the start of an escaped name. */
function escaped(folder: string): string {
  return nameText({ b64: toBase64(new TextEncoder().encode(folder)) });
}

/** The bytes of a name below a folder; after its last slash where there is none. */
function rest(name: Name, folder: string | null): string | null {
  if (typeof name === 'string') {
    return null;
  }
  const bytes = fromBase64(name.b64);
  const start =
    folder === null
      ? bytes.lastIndexOf(0x2f) + 1
      : new TextEncoder().encode(folder).length;
  return toBase64(bytes.subarray(start));
}
