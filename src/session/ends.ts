/** What became of the states of files: rewritten, replaced, moved or removed. */
import type { EventOf, Name, Stat } from '../journal/events';
import { nameKey } from '../journal/names';
import { identity } from './digests';
import type { IFileEnd, IFileVersion, RunRange } from './types';

export class FileEnds {
  private readonly found = new Map<string, IFileEnd>();

  /** A path held `before` and holds `after` now; what was told first of a state stands. */
  change(
    path: Name,
    before: Stat | null,
    after: Stat | null,
    runs: RunRange | null
  ): void {
    if (before !== null && !(after && identity(before) === identity(after))) {
      this.add(path, before, { how: howOf(before, after), runs });
    }
  }

  /** A file that lies elsewhere now, and the one whose name it took. */
  moved(event: EventOf<'file.renamed'>, runs: RunRange | null): void {
    const { stat, over } = event;
    if (stat) {
      this.add(event.from, stat, { how: 'moved', runs });
    }
    if (over) {
      this.add(event.to, over, { how: 'replaced', runs });
    }
  }

  /** What a scan found; `moved` are the paths whose file it found under another name. */
  scanned(
    event: EventOf<'file.changed'>,
    runs: RunRange | null,
    moved: ReadonlySet<string>
  ): void {
    const { path, before, after } = event;
    if (before !== null && after === null && moved.has(nameKey(path))) {
      this.add(path, before, { how: 'moved', runs });
    } else {
      this.change(path, before, after, runs);
    }
  }

  private add(path: Name, stat: Stat, end: IFileEnd): void {
    const key = endKey(nameKey(path), stat);
    this.found.set(key, this.found.get(key) ?? end);
  }

  apply(version: IFileVersion): void {
    if (version.stat !== null) {
      const { key, stat } = version;
      version.ended = this.found.get(endKey(key, stat)) ?? null;
    }
  }
}

const endKey = (key: string, stat: Stat) => `${key}\0${identity(stat)}`;

function howOf(before: Stat, after: Stat | null): IFileEnd['how'] {
  if (after === null) {
    return 'removed';
  }
  return before.dev === after.dev && before.ino === after.ino
    ? 'rewritten'
    : 'replaced';
}
