/**
 * The commit that holds a tracked file. `git` is asked for trees and blobs only: no
 * hook, filter, file monitor, fetch or index of the repository's plays a part.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { IdentityClaim } from '../../journal/events';
import { statOf } from '../files';
import type { Environment } from '../places';

const SAFE = [
  '--no-optional-locks',
  ...[
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'protocol.allow=never'
  ]
    .map(each => ['-c', each])
    .flat()
];
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** A pointer of git LFS isn't larger. Source: git-lfs, docs/spec.md. */
const MAX_POINTER_BYTES = 1024;
const POINTER =
  /^version https:\/\/git-lfs[^\n]*\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n/;

interface ITree {
  commit: string;
  /** Top of the repository, as a path from it to the folder; empty or with a slash. */
  prefix: string;
  /** Blobs of the folder at HEAD, by name. */
  blobs: Map<string, { id: string; bytes: number }>;
}

export class GitFolders {
  private readonly trees = new Map<string, ITree | null>();

  constructor(private readonly env: Environment) {}

  claims(file: string): IdentityClaim[] {
    const folder = path.dirname(file);
    const tree = this.tree(folder);
    const blob = tree?.blobs.get(path.basename(file));
    if (tree === null || blob === undefined) {
      return [];
    }
    const common = {
      revisions: [tree.commit],
      name: `${tree.prefix}${path.basename(file)}`
    };
    const oid =
      blob.bytes > MAX_POINTER_BYTES ? null : this.pointer(folder, blob.id);
    return oid === null
      ? [
          {
            source: 'git',
            ...common,
            ...(blob.id.length === 40
              ? { algorithm: 'git-blob-sha1', digest: blob.id }
              : {})
          }
        ]
      : [{ source: 'git-lfs', ...common, algorithm: 'sha256', digest: oid }];
  }

  private pointer(folder: string, blob: string): string | null {
    const text = this.ask(folder, ['cat-file', 'blob', blob]);
    return POINTER.exec(text ?? '')?.[1] ?? null;
  }

  private tree(folder: string): ITree | null {
    let tree = this.trees.get(folder);
    if (tree === undefined) {
      tree = isInRepository(folder) ? this.readTree(folder) : null;
      this.trees.set(folder, tree);
    }
    return tree;
  }

  private readTree(folder: string): ITree | null {
    const head = this.ask(folder, ['rev-parse', '--show-prefix', 'HEAD']);
    const listed = this.ask(folder, ['ls-tree', '-l', '-z', 'HEAD']);
    if (head === null || listed === null) {
      return null;
    }
    const [prefix = '', commit = ''] = head.split('\n');
    const rows = listed
      .split('\0')
      .map(row => /^100\d+ blob ([0-9a-f]+) +(\d+)\t([^]+)$/.exec(row))
      .filter(row => row !== null);
    return {
      commit,
      prefix,
      blobs: new Map(
        rows.map(([, id, bytes, name]) => [
          name!,
          { id: id!, bytes: Number(bytes) }
        ])
      )
    };
  }

  private ask(folder: string, words: readonly string[]): string | null {
    const { PATH, HOME } = this.env;
    const done = spawnSync('git', [...SAFE, ...words], {
      cwd: folder,
      env: {
        PATH,
        HOME,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_NO_LAZY_FETCH: '1'
      },
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_BYTES,
      stdio: ['ignore', 'pipe', 'ignore']
    });
    return done.status === 0 ? done.stdout.toString('utf8') : null;
  }
}

/** Looked for without git, so that it isn't started elsewhere. */
function isInRepository(folder: string): boolean {
  let at = folder;
  while (statOf(path.join(at, '.git')) === null) {
    if (path.dirname(at) === at) {
      return false;
    }
    at = path.dirname(at);
  }
  return true;
}
