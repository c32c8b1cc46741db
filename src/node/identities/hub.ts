/**
 * The Hugging Face hub's cache: `models--OWNER--NAME/blobs/ETAG`, with links to it in
 * `snapshots/COMMIT/NAME`. The blob's name is the server's ETag: SHA-256 of a file in
 * LFS, SHA-1 of the git blob of a small one; the download checks its size only.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { IdentityClaim } from '../../journal/events';
import { listFolder } from '../files';

const BLOB =
  /^(.*\/(models|datasets|spaces)--([^/]+))\/blobs\/([0-9a-f]{40}|[0-9a-f]{64})$/;
const SNAPSHOT =
  /\/(?:models|datasets|spaces)--([^/]+)\/snapshots\/([0-9a-f]{40})\/(.+)$/;

/** More snapshots of one repository aren't looked through. */
const MAX_SNAPSHOTS = 64;
/** Folders of a snapshot are followed this deep. */
const MAX_DEPTH = 4;

const repository = (folder: string): string => folder.replace('--', '/');

export function hubClaims(file: string): IdentityClaim[] {
  const blob = BLOB.exec(file);
  if (blob !== null) {
    const [, folder, , name, digest] = blob as unknown as string[];
    const links = linksTo(path.join(folder!, 'snapshots'), file);
    return [
      {
        source: 'hugging-face',
        of: repository(name!),
        revisions: [...new Set(links.map(({ commit }) => commit))].sort(),
        ...(links[0] === undefined ? {} : { name: links[0].name }),
        algorithm: digest!.length === 64 ? 'sha256' : 'git-blob-sha1',
        digest: digest!
      }
    ];
  }
  const copy = SNAPSHOT.exec(file);
  return copy === null
    ? []
    : [
        {
          source: 'hugging-face',
          of: repository(copy[1]!),
          revisions: [copy[2]!],
          name: copy[3]!
        }
      ];
}

interface ILink {
  commit: string;
  name: string;
}

/** Names of a blob in the snapshots of its repository. */
function linksTo(snapshots: string, blob: string): ILink[] {
  const commits = namesIn(snapshots)
    .filter(name => /^[0-9a-f]{40}$/.test(name))
    .slice(0, MAX_SNAPSHOTS);
  return commits.flatMap(commit => {
    const found = linkBelow(path.join(snapshots, commit), blob, MAX_DEPTH);
    return found === null
      ? []
      : [{ commit, name: found.split(path.sep).join('/') }];
  });
}

function linkBelow(folder: string, blob: string, depth: number): string | null {
  for (const name of namesIn(folder)) {
    const place = path.join(folder, name);
    const stat = fs.lstatSync(place, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) {
      if (path.resolve(folder, fs.readlinkSync(place)) === blob) {
        return name;
      }
    } else if (stat?.isDirectory() === true && depth > 1) {
      const found = linkBelow(place, blob, depth - 1);
      if (found !== null) {
        return path.join(name, found);
      }
    }
  }
  return null;
}

function namesIn(folder: string): string[] {
  try {
    return listFolder(folder);
  } catch {
    return [];
  }
}
