/**
 * Digests belong to a stat identity, never to a path: what was hashed is what was
 * read only if device, inode, size and both times are the same.
 */
import type { EventOf, Stat } from '../journal/events';
import { nameKey } from '../journal/names';
import type { WritableMaps } from './maps';
import type { AbsentReason, IFileVersion } from './types';

/** Text by which two stats are the same bytes at the same place. */
export function identity(stat: Stat): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** The same, told apart by the maps for writing that the file had had. */
export function epochIdentity(stat: Stat, epoch: number): string {
  return epoch === 0 ? identity(stat) : `${identity(stat)}@${epoch}`;
}

type Hashed = EventOf<'file.hashed'>;

export class DigestIndex {
  private readonly found = new Map<string, Hashed>();
  /** Identities for which two different digests were given. */
  private readonly disputed = new Set<string>();
  private readonly absent = new Map<string, AbsentReason>();
  /** Paths of which some other identity was hashed. */
  private readonly elsewhen = new Set<string>();

  constructor(private readonly maps: WritableMaps) {}

  add(event: Hashed): void {
    const key = nameKey(event.realPath);
    if (event.sha256 === null) {
      const reason = event.absent ?? 'not-taken';
      this.absent.set(key, reason);
      if (event.stat !== null) {
        this.absent.set(`${key}\0${identity(event.stat)}`, reason);
      }
      return;
    }
    this.elsewhen.add(key);
    const { stat } = event;
    const at =
      event.when === 'at-attest'
        ? Number.POSITIVE_INFINITY
        : Number(event.begun ?? event.mono);
    if (stat !== null && !this.maps.isMapped(stat, at)) {
      this.addDigest(epochIdentity(stat, this.maps.epoch(stat, at)), event);
    }
  }

  private addDigest(id: string, event: Hashed): void {
    const before = this.found.get(id);
    if (before === undefined) {
      this.found.set(id, event);
    } else if (before.sha256 !== event.sha256) {
      this.disputed.add(id);
    }
  }

  /** Write down what is known of a version's bytes. */
  apply(version: IFileVersion): void {
    const { stat, epoch } = version;
    const id = stat === null ? null : epochIdentity(stat, epoch);
    const hashed = id === null ? undefined : this.found.get(id);
    if (id !== null && this.disputed.has(id)) {
      version.absent = 'changed';
      version.racy = true;
    } else if (hashed !== undefined) {
      version.sha256 = hashed.sha256;
      version.taken = hashed.when;
      version.fromCache = hashed.fromCache;
      version.racy = hashed.racy === true;
    } else {
      const plain = stat === null ? null : identity(stat);
      version.absent = this.reason(version.key, plain);
    }
    const vague =
      version.absent === 'not-taken' || version.absent === 'changed';
    if (vague && epoch > 0) {
      version.absent = 'mutable';
    }
  }

  private reason(key: string, id: string | null): AbsentReason {
    return (
      this.absent.get(`${key}\0${id}`) ??
      (this.elsewhen.has(key) ? 'changed' : undefined) ??
      this.absent.get(key) ??
      'not-taken'
    );
  }
}
