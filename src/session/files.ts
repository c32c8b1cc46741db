/**
 * Files: which run read which bytes and which run left which. A version is a path
 * with a stat identity; a read belongs to the version whose identity it saw.
 */
import type { EventOf, JournalEvent, Name, Stat } from '../journal/events';
import { nameKey, nameText } from '../journal/names';
import { classify, type IUse } from './classify';
import { DigestIndex, epochIdentity, identity } from './digests';
import { FileEnds } from './ends';
import { actsOf, eventsOf, type ISessionLog } from './log';
import { Lateness } from './late';
import { WritableMaps } from './maps';
import type {
  IFile,
  IFileRead,
  IFileVersion,
  ILate,
  IRun,
  RunRange
} from './types';

export interface IFiles {
  files: IFile[];
  reads: IFileRead[];
  /** Paths that were mapped into memory for writing. */
  mapped: { path: Name; run: string | null }[];
}

export interface IFilesContext {
  runs: ReadonlyMap<string, IRun>;
  /** Paths of notebooks: their saves are told by `document.saved`. */
  documents: ReadonlySet<string>;
  /** Digests taken for a record, beyond the session's own. */
  hashed: readonly EventOf<'file.hashed'>[];
  /** Identities of files that another session is known to have written. */
  elsewhere: ReadonlySet<string>;
}

export function readFiles(log: ISessionLog, context: IFilesContext): IFiles {
  return new FileFold(log, context).result();
}

/** What one run did to one path. */
interface ITouch {
  path: Name;
  /** Monotonic time of its first write there. */
  wroteAt: number | null;
  /** Monotonic time of the first write that hasn't come to rest. */
  since: number | null;
  via: string | null;
  /** What the first open saw, unless that emptied the file. */
  before: Stat | null;
  /** What lay there until then, also if the open emptied it. */
  was: Stat | null;
  /** Mapped for writing: equal times prove nothing. */
  mapped: boolean;
  /** Its settled state came, or its file was moved on. */
  settled: boolean;
  /** Kinds of the observers that saw it: the kernel's own probe, a child's, a tracer. */
  by: Set<'probe' | 'worker' | 'tracer'>;
  /** It came when the run was over. */
  late: ILate | null;
}

type Touches = Map<string, ITouch>;

/** A write that was seen from its opening to its rest, at monotonic times. */
interface IRest {
  since: number;
  until: number;
  was: Stat | null;
  version: IFileVersion;
}

/** What attribution needs of an event. */
interface IAct {
  run: string | null;
  mono: string;
  attribution: string;
}

/** A run's word that it writes a whole folder, at a monotonic time. */
interface IClaim {
  run: string | null;
  at: number;
  via: string | null;
}

type IManifest = NonNullable<EventOf<'folder.manifest'>['members']>;

interface IPendingRead {
  runId: string | null;
  read: IFileRead;
}

const WRITES = new Set(['write', 'append', 'create', 'truncate']);

class FileFold {
  private readonly files = new Map<string, IFile>();
  private readonly uses = new Map<string, IMutableUse>();
  /** Every version with an identity; hard links and moved folders keep theirs. */
  private readonly byIdentity = new Map<string, IFileVersion>();
  private readonly byPath = new Map<string, IFileVersion>();
  /** Versions that a run may have left, of unknown identity, by path. */
  private readonly lost = new Map<string, IFileVersion>();
  /** By run, then by path. */
  private readonly touches = new Map<string, Touches>();
  private readonly reads: IPendingRead[] = [];
  private readonly readsOf = new Map<string, IFileRead[]>();
  /** Last identity that was seen of a path, while reads are folded. */
  private readonly lastStat = new Map<string, Stat>();
  private readonly mapped: IFiles['mapped'] = [];
  private readonly maps: WritableMaps;
  private readonly digests: DigestIndex;
  private readonly ends = new FileEnds();
  private readonly lateness: Lateness;

  constructor(
    private readonly log: ISessionLog,
    private readonly context: IFilesContext
  ) {
    this.maps = new WritableMaps(log);
    this.digests = new DigestIndex(this.maps);
    this.lateness = new Lateness(log, context.runs);
  }

  result(): IFiles {
    this.foldWrites();
    this.foldScan();
    this.foldReads();
    this.foldDigests();
    this.attach();
    for (const file of this.files.values()) {
      const path = slashes(nameText(file.path));
      const use = this.uses.get(file.key)!;
      file.classification = classify(path, use, this.prefixes());
    }
    return {
      files: [...this.files.values()],
      reads: this.reads.map(({ read }) => read),
      mapped: this.mapped
    };
  }

  private prefixesRead: string[] | null = null;
  private prefixes(): string[] {
    this.prefixesRead ??= this.log.probes.flatMap(({ hello }) =>
      (hello?.prefixes ?? []).map(name => slashes(nameText(name)))
    );
    return this.prefixesRead;
  }

  /* --------------------------------------------------------------- writes */

  private foldWrites(): void {
    // Children first: the kernel's own probe settles what they wrote.
    for (const { events } of [...this.log.probes].reverse()) {
      for (const event of actsOf(events)) {
        this.foldWrite(event);
      }
    }
    for (const [run, touches] of this.touches) {
      for (const touch of touches.values()) {
        if (touch.wroteAt !== null && !touch.settled) {
          this.leftOpen(run, touch);
        }
      }
    }
  }

  private foldWrite(event: JournalEvent): void {
    switch (event.type) {
      case 'file.opened':
        if (event.outcome !== 'failed' && event.ops.some(o => WRITES.has(o))) {
          if (event.holds !== undefined) {
            const via = functionName(event.library, event.function);
            this.claimFolder(event, event.realPath ?? event.path, via);
            break;
          }
          this.touchWrite(event, event.realPath ?? event.path, {
            via: functionName(event.library, event.function),
            before: event.ops.includes('truncate') ? null : event.stat,
            was: event.stat
          });
        }
        break;
      case 'object.written': {
        const path = event.realPath ?? event.path;
        const via = functionName(event.library, event.function);
        this.touchWrite(event, path, { via, before: null, was: null });
        const use = this.use(path);
        event.modelEvidence.forEach(text => use.modelEvidence.add(text));
        break;
      }
      case 'file.renamed':
        this.moveFile(event);
        break;
      case 'file.linked':
        if (!event.symbolic) {
          this.inheritUse(event.from, event.to);
        }
        break;
      case 'folder.renamed':
        this.moveFolder(event);
        break;
      case 'file.settled':
        if (event.onlyRead !== true) {
          this.settle(event);
        }
        break;
      case 'file.removed':
        this.ends.change(
          event.path,
          event.stat ?? null,
          null,
          this.runRange(event)
        );
        break;
      case 'file.mapped':
        if (event.writable) {
          this.mapped.push({ path: event.path, run: event.run });
          const before = event.stat ?? null;
          const seen = { via: null, before, was: before };
          this.touchWrite(event, event.path, seen).mapped = true;
        }
        break;
      default: // other events say nothing of files
        break;
    }
  }

  private touchWrite(
    event: Pick<EventOf<'file.opened'>, 'run' | 'mono' | 'attribution' | 'by'>,
    path: Name,
    { via, before, was }: Pick<ITouch, 'via' | 'before' | 'was'>
  ): ITouch {
    const late = this.lateness.of(event);
    const run = late === null ? event.run : lateKey(event.run);
    let touch = this.touch(run, path);
    const by = writerOf(event);
    touch?.by.add(by);
    if (touch === undefined) {
      touch = {
        path,
        wroteAt: Number(event.mono),
        since: Number(event.mono),
        via,
        before,
        was,
        mapped: false,
        settled: false,
        by: new Set([by]),
        late
      };
      this.touchesOf(run).set(nameKey(path), touch);
    } else {
      touch.late = joined(touch.late, late);
      touch.settled = false;
      touch.wroteAt ??= Number(event.mono);
      touch.since ??= Number(event.mono);
      touch.via = via ?? touch.via;
    }
    const use = this.use(path);
    use.written = true;
    if (via !== null) {
      use.functions.add(via);
    }
    return touch;
  }

  private runRange(event: { run: string | null }): RunRange | null {
    const number = this.context.runs.get(event.run ?? '')?.number;
    return number === undefined ? null : [number, number];
  }

  private touchesOf(run: string | null): Touches {
    const id = run ?? '';
    const touches = this.touches.get(id) ?? new Map<string, ITouch>();
    this.touches.set(id, touches);
    return touches;
  }

  private touch(run: string | null, path: Name): ITouch | undefined {
    return this.touches.get(run ?? '')?.get(nameKey(path));
  }

  private moveFile(event: EventOf<'file.renamed'>): void {
    const from = this.touch(event.run, event.from);
    const via = from?.via ?? null;
    this.ends.moved(event, this.runRange(event));
    this.touchWrite(event, event.to, { via, before: null, was: null });
    this.inheritUse(event.from, event.to);
    if (from !== undefined) {
      from.settled = true;
    }
  }

  /** What a run left at a path that it wrote; unchanged and deleted files are no version. */
  private settle(event: EventOf<'file.settled'>): void {
    const late = this.lateness.of(event);
    const key = late === null ? event.run : lateKey(event.run);
    const own = this.touch(key, event.realPath);
    const touch = own ?? this.touchByMap(event);
    if (touch === null) {
      return;
    }
    touch.settled = true;
    const { since } = touch;
    touch.since = null;
    if (event.holds !== undefined) {
      this.claimFolder(event, event.realPath, touch.via);
      return;
    }
    const { stat } = event;
    this.ends.change(event.realPath, touch.was, stat, this.runRange(event));
    const same = sameIdentity(touch.before, stat) && !touch.mapped;
    if (stat === null || same) {
      return;
    }
    const run = this.context.runs.get(event.run ?? '');
    const mapped = event.mapped === true || own === undefined;
    const sure =
      run !== undefined && run.status !== 'killed' && !mapped && late === null;
    // Whatever began before it came to rest may have had a hand in it.
    const last = late === null ? run?.number : this.lateness.lastBefore(event);
    const version = this.addVersion(event.realPath, stat, {
      origin: 'run',
      writers:
        run === undefined
          ? null
          : [run.number, Math.max(run.number, last ?? run.number)],
      certainty: sure ? 'sure' : 'may',
      ...(touch.late === null ? {} : { late: touch.late }),
      seenBy: [...touch.by].sort(),
      via: touch.via,
      at: event.t,
      stillOpen: event.stillOpen === true,
      epoch: this.maps.epoch(stat, Number(event.mono))
    });
    if (since !== null) {
      const rests = this.rests.get(version.key) ?? [];
      const until = Number(event.mono);
      rests.push({ since, until, was: touch.was, version });
      this.rests.set(version.key, rests);
    }
  }

  /** By path. */
  private readonly rests = new Map<string, IRest[]>();

  /** What became of a file that was seen while a run was writing it. */
  private onItsWayTo(
    key: string,
    seen: Stat,
    mono: string
  ): IFileVersion | undefined {
    const at = Number(mono);
    return this.rests
      .get(key)
      ?.find(
        ({ since, until, was, version: { stat } }) =>
          since <= at &&
          at <= until &&
          stat?.dev === seen.dev &&
          stat.ino === seen.ino &&
          !sameIdentity(was, seen)
      )?.version;
  }

  /** A run that opened nothing may have written through a map of an earlier one. */
  private touchByMap(event: EventOf<'file.settled'>): ITouch | null {
    if (event.mapped === undefined) {
      return null;
    }
    const seen = { via: null, before: null, was: null };
    const touch = this.touchWrite(event, event.realPath, seen);
    touch.mapped = true;
    return touch;
  }

  /** A run named this folder as what it writes; the scan tells the files in it. */
  private claimFolder(
    event: { run: string | null; mono: string },
    path: Name,
    via: string | null
  ): void {
    const claims = this.claims.get(nameKey(path)) ?? [];
    claims.push({ run: event.run, at: Number(event.mono), via });
    this.claims.set(nameKey(path), claims);
  }

  /** By folder. */
  private readonly claims = new Map<string, IClaim[]>();

  /** All claims on the folders that a path lies in. */
  private claimsOn(key: string): IClaim[] {
    const found: IClaim[] = [];
    if (this.claims.size === 0) {
      return found;
    }
    for (let end = key.length; end > 0; end = key.lastIndexOf('/', end - 1)) {
      found.push(...(this.claims.get(key.slice(0, end)) ?? []));
    }
    return found;
  }

  /** A write that never settled: the run was killed, or its last words were lost. */
  private leftOpen(runId: string, touch: ITouch): void {
    const run = this.context.runs.get(runId);
    if (run?.status === 'running') {
      return;
    }
    const left = this.addVersion(touch.path, null, {
      origin: 'run',
      writers: run === undefined ? null : [run.number, run.number],
      certainty: 'may',
      seenBy: [...touch.by].sort(),
      via: touch.via,
      at: run?.endedAt ?? null,
      ...(touch.late === null ? {} : { late: touch.late })
    });
    if (run !== undefined) {
      this.leftBy.set(left, run.number);
    }
  }

  /** The run that was seen to open a file whose write never settled. */
  private readonly leftBy = new Map<IFileVersion, number>();

  /** Files keep their identity in a folder that moves; only the path is new. */
  private moveFolder(event: EventOf<'folder.renamed'>): void {
    const from = `${nameKey(event.from)}/`;
    const moved = (key: string) =>
      key.startsWith(from)
        ? `${nameKey(event.to)}/${key.slice(from.length)}`
        : null;
    for (const [key, touch] of [...this.touchesOf(event.run)]) {
      const path = moved(key);
      if (path !== null) {
        this.inheritUse(touch.path, path);
        this.use(path).written = true;
        this.touchesOf(event.run).set(path, { ...touch, path });
        touch.settled = true;
      }
    }
    const run = this.context.runs.get(event.run ?? '');
    for (const file of [...this.files.values()]) {
      const path = moved(file.key);
      const last = file.versions.at(-1);
      if (path !== null && last !== undefined) {
        this.inheritUse(file.path, path);
        this.use(path).written = true;
        this.copyVersion(last, path, {
          origin: 'run',
          writers: run === undefined ? null : [run.number, run.number],
          at: event.t
        });
      }
    }
  }

  /* ----------------------------------------------------------------- scan */

  private foldScan(): void {
    const changes = [...eventsOf(this.log.recorder, 'file.changed')];
    const moved = new Set(
      changes.flatMap(({ from, linked }) =>
        from === undefined || linked ? [] : [nameKey(from)]
      )
    );
    for (const event of changes) {
      this.ends.scanned(event, this.range(event.runs), moved);
      if (event.after !== null) {
        this.changed(event, event.after);
      }
    }
  }

  /** A change on disk: one of an interval of runs, unless a probe saw this very identity. */
  private changed(event: EventOf<'file.changed'>, after: Stat): void {
    const key = nameKey(event.path);
    const epoch = this.maps.epoch(after, Number(event.mono));
    const known =
      this.knownVersion(key, after, epoch) ??
      this.onItsWayTo(key, after, event.mono);
    if (known !== undefined) {
      known.seenBy = [...new Set([...known.seenBy, 'scan'])];
      return;
    }
    if (this.context.documents.has(key)) {
      return;
    }
    const range = this.context.elsewhere.has(identity(after))
      ? null
      : this.range(event.runs);
    const twin = this.byIdentity.get(epochIdentity(after, epoch));
    if (twin !== undefined) {
      // Another name of a file whose write was seen.
      const seenBy = [...new Set([...twin.seenBy, 'scan'])];
      this.copyVersion(twin, event.path, { seenBy });
      this.inheritUse(twin.path, event.path);
      this.use(event.path).written ||= twin.origin === 'run';
      return;
    }
    if (event.from !== undefined) {
      this.inheritUse(event.from, event.path);
    }
    const lost = this.lost.get(key);
    if (range !== null) {
      this.use(event.path).written = true;
    }
    const claim = this.claimIn(key, range);
    if (claim !== null) {
      const { number, via } = claim;
      this.addVersion(event.path, after, {
        origin: 'run',
        writers: [number, number],
        seenBy: ['probe', 'scan'],
        via,
        at: event.t,
        epoch
      });
      this.use(event.path).functions.add(via ?? 'unknown');
      return;
    }
    if (lost !== undefined) {
      lost.stat = after;
      lost.epoch = epoch;
      lost.seenBy.push('scan');
      lost.writers = widen(lost.writers, range);
      this.lost.delete(key);
      this.remember(lost);
      return;
    }
    this.addVersion(event.path, after, {
      origin: range === null ? 'external' : 'run',
      writers: range,
      certainty: 'may',
      seenBy: ['scan'],
      at: event.t,
      epoch,
      from: event.from ?? null
    });
  }

  /** The version of a path with this identity, of this epoch or an earlier one. */
  private knownVersion(
    key: string,
    stat: Stat,
    epoch: number
  ): IFileVersion | undefined {
    for (let at = epoch; at >= 0; at--) {
      const known = this.byPath.get(pathIdentity(key, stat, at));
      if (known !== undefined) {
        return known;
      }
    }
    return undefined;
  }

  /** The one run of an interval that named a folder of this path as what it writes. */
  private claimIn(
    key: string,
    range: readonly [number, number] | null
  ): { number: number; via: string | null } | null {
    if (range === null || this.claims.size === 0) {
      return null;
    }
    const found = new Map<number, string | null>();
    for (const { run, via } of this.claimsOn(key)) {
      const number = this.context.runs.get(run ?? '')?.number ?? -1;
      if (number >= range[0] && number <= range[1]) {
        found.set(number, via);
      }
    }
    const [only] = found;
    return found.size === 1 && only !== undefined
      ? { number: only[0], via: only[1] }
      : null;
  }

  private range(
    runs: readonly [string, string] | null
  ): [number, number] | null {
    const first = this.context.runs.get(runs?.[0] ?? '');
    const last = this.context.runs.get(runs?.[1] ?? '');
    if (first === undefined || last === undefined) {
      return null;
    }
    return [
      Math.min(first.number, last.number),
      Math.max(first.number, last.number)
    ];
  }

  /* ---------------------------------------------------------------- reads */

  private foldReads(): void {
    const members = new Map<string, IManifest>();
    for (const event of eventsOf(this.log.recorder, 'folder.manifest')) {
      const key = `${event.of?.file}\0${event.of?.seq}`;
      members.set(key, [...(members.get(key) ?? []), ...(event.members ?? [])]);
    }
    for (const { file, events } of this.log.probes) {
      for (const event of actsOf(events)) {
        if (event.type === 'file.opened' && event.holds !== undefined) {
          this.readMembers(event, members.get(`${file}\0${event.seq}`));
        } else {
          this.foldRead(event);
        }
      }
    }
    this.afterChildren();
  }

  /** The kernel looks again, at a run's end, at what the run's children read. */
  private afterChildren(): void {
    for (const { events } of this.log.probes) {
      for (const event of eventsOf(events, 'file.settled')) {
        if (event.attribution === 'process' && event.onlyRead === true) {
          this.afterRead(event);
        }
      }
    }
  }

  /**
   * A dataset of several files: each of them was possibly read. The folder itself stands
   * for them where nobody listed it.
   */
  private readMembers(
    event: EventOf<'file.opened'>,
    members: IManifest | undefined
  ): void {
    if (event.outcome === 'failed' || !event.ops.includes('read')) {
      return;
    }
    const via = functionName(event.library, event.function);
    const seen = { sure: false, via, seenBy: event.via };
    if (members === undefined) {
      this.read(event, event.realPath ?? event.path, { stat: null, ...seen });
    }
    const folder = event.realPath ?? event.path;
    const within = event.holds === 'folder' ? folder : undefined;
    for (const { path, stat } of members ?? []) {
      this.read(event, path, { stat, within, ...seen });
    }
  }

  private foldRead(event: JournalEvent): void {
    switch (event.type) {
      case 'file.opened':
        this.noteFailed(event);
        if (isInput(event)) {
          this.read(event, event.realPath ?? event.path, {
            stat: event.stat,
            sure: event.outcome === 'opened',
            via: functionName(event.library, event.function),
            seenBy: event.via,
            link: event.link ?? null
          });
        }
        break;
      case 'object.read': {
        const path = event.realPath ?? event.path;
        const via = functionName(event.library, event.function);
        const use = this.use(path);
        event.modelEvidence.forEach(text => use.modelEvidence.add(text));
        use.functions.add(via ?? event.library);
        break;
      }
      case 'file.renamed':
        this.read(event, event.from, {
          stat: event.stat ?? this.lastStatOf(event.from),
          sure: true,
          via: null,
          seenBy: 'audit'
        });
        break;
      case 'file.mapped':
        // A file that is mapped for writing was opened for reading and writing.
        if (!event.writable) {
          this.read(event, event.path, {
            stat: event.stat ?? this.lastStatOf(event.path),
            sure: false,
            via: null,
            seenBy: 'maps'
          });
        }
        break;
      case 'file.settled':
        this.afterRead(event);
        break;
      case 'folder.listed':
        note(this.context.runs.get(event.run ?? '')?.listed, event.path);
        break;
      default: // other events say nothing of files
        break;
    }
  }

  private read(
    event: IAct,
    path: Name,
    seen: Pick<IFileRead, 'sure' | 'via' | 'seenBy'> & {
      stat: Stat | null;
      link?: Name | null;
      within?: Name | undefined;
    }
  ): void {
    const { stat, link = null, within, ...rest } = seen;
    if (stat !== null) {
      this.lastStat.set(nameKey(path), stat);
    }
    const own = [event.run, lateKey(event.run)].some(run => {
      const wroteAt = this.touch(run, path)?.wroteAt;
      return wroteAt != null && wroteAt < Number(event.mono);
    });
    const made = this.claimsOn(nameKey(path)).some(
      claim => claim.run === event.run && claim.at < Number(event.mono)
    );
    if (own || made) {
      return;
    }
    const at = Number(event.mono);
    const version = this.versionOf(path, stat, at);
    const unstable = stat !== null && this.maps.isMapped(stat, at);
    const use = this.use(path);
    use.read = true;
    if (seen.via !== null) {
      use.functions.add(seen.via);
    }
    const late = this.lateness.of(event);
    for (const id of [event.run, ...this.lateness.sharers(event, late)]) {
      this.readIn(id, path, {
        run: this.context.runs.get(id ?? '')?.number ?? null,
        version,
        unstable,
        link,
        ...rest,
        ...(within === undefined ? {} : { within }),
        ...(late === null ? {} : { late })
      });
    }
  }

  /** Note one run's read, unless it is known to have read that version. */
  private readIn(id: string | null, path: Name, read: IFileRead): void {
    const key = readKey(id, path);
    const known = this.readsOf.get(key) ?? [];
    const same = known.find(r => r.version === read.version);
    if (same === undefined) {
      this.reads.push({ runId: id, read });
      this.readsOf.set(key, [...known, read]);
      return;
    }
    same.sure ||= read.sure;
    same.via ??= read.via;
    same.unstable ||= read.unstable;
    if (read.late === undefined) {
      delete same.late;
    } else if (same.late !== undefined) {
      same.late = joined(same.late, read.late)!;
    }
  }

  /** The version with this identity, wherever it was written; else one from outside. */
  private versionOf(path: Name, stat: Stat | null, at: number): IFileVersion {
    if (stat === null) {
      const last = this.files.get(nameKey(path))?.versions.at(-1);
      return last ?? this.addVersion(path, null, {});
    }
    const epoch = this.maps.epoch(stat, at);
    const known = this.byIdentity.get(epochIdentity(stat, epoch));
    if (known === undefined) {
      return this.addVersion(path, stat, { epoch });
    }
    return known.key === nameKey(path)
      ? known
      : this.copyVersion(known, path, {});
  }

  /**
   * A file that was only read but isn't what it was when it was opened. If it was
   * rewritten, nobody knows which bytes were read; an open file that was removed or lost
   * its name to another keeps its own.
   */
  private afterRead(event: EventOf<'file.settled'>): void {
    if (event.stat !== null) {
      this.lastStat.set(nameKey(event.realPath), event.stat);
    }
    if (event.run === null || this.touch(event.run, event.realPath)) {
      return;
    }
    const range = this.runRange(event);
    for (const read of this.readsOf.get(readKey(event.run, event.realPath)) ??
      []) {
      const { stat } = read.version;
      if (read.late !== undefined && read.late.run === range?.[0]) {
        continue; // its own, from after its end
      }
      if (isRewritten(stat, event.stat)) {
        this.sameReads(read).forEach(same => (same.unstable = true));
      }
      this.ends.change(event.realPath, stat, event.stat, range);
    }
  }

  /** A read, and what stands of it with the other runs that it may have been for. */
  private sameReads(read: IFileRead): IFileRead[] {
    return read.late === undefined
      ? [read]
      : this.reads
          .map(pending => pending.read)
          .filter(({ version, late }) => late && version === read.version);
  }

  /** An open that failed read nothing; the run says that it tried. */
  private noteFailed({
    run,
    path,
    realPath,
    outcome
  }: EventOf<'file.opened'>): void {
    if (outcome === 'failed') {
      note(this.context.runs.get(run ?? '')?.notOpened, realPath ?? path);
    }
  }

  /* -------------------------------------------------------------- helpers */

  private foldDigests(): void {
    const hashed = eventsOf(this.log.recorder, 'file.hashed');
    for (const event of [...hashed, ...this.context.hashed]) {
      this.digests.add(event);
    }
    for (const file of this.files.values()) {
      for (const version of file.versions) {
        this.digests.apply(version);
        this.ends.apply(version);
      }
    }
  }

  private attach(): void {
    for (const { runId, read } of this.reads) {
      this.context.runs.get(runId ?? '')?.reads.push(read);
    }
    const runs = new Map(
      [...this.context.runs.values()].map(r => [r.number, r])
    );
    for (const file of this.files.values()) {
      for (const version of file.versions) {
        for (const writer of this.writersOf(version)) {
          runs.get(writer)?.writes.push(version);
        }
      }
    }
  }

  /** The runs to list a version with: its writer, or those that a late one may be from. */
  private writersOf(version: IFileVersion): readonly number[] {
    const { late, writers } = version;
    if (late !== undefined) {
      return late.shared ? [late.run, ...late.during] : [late.run];
    }
    const [first, last] = writers ?? [0, -1];
    const left = this.leftBy.get(version);
    return first === last ? [first] : left === undefined ? [] : [left];
  }

  private file(path: Name): IFile {
    const key = nameKey(path);
    let file = this.files.get(key);
    if (file === undefined) {
      file = { key, path, classification: UNCLASSIFIED, versions: [] };
      this.files.set(key, file);
    }
    return file;
  }

  private use(path: Name): IMutableUse {
    const key = nameKey(path);
    let use = this.uses.get(key);
    if (use === undefined) {
      use = {
        read: false,
        written: false,
        functions: new Set(),
        modelEvidence: new Set()
      };
      this.uses.set(key, use);
    }
    return use;
  }

  private inheritUse(from: Name, to: Name): void {
    const source = this.use(from);
    const target = this.use(to);
    source.functions.forEach(name => target.functions.add(name));
    source.modelEvidence.forEach(text => target.modelEvidence.add(text));
  }

  private lastStatOf(path: Name): Stat | null {
    return this.lastStat.get(nameKey(path)) ?? null;
  }

  private copyVersion(
    version: IFileVersion,
    path: Name,
    changes: Partial<IFileVersion>
  ): IFileVersion {
    return this.addVersion(path, version.stat, { ...version, ...changes });
  }

  private addVersion(
    path: Name,
    stat: Stat | null,
    known: Partial<IFileVersion>
  ): IFileVersion {
    const file = this.file(path);
    const epoch = known.epoch ?? 0;
    const before = stat && this.byPath.get(pathIdentity(file.key, stat, epoch));
    if (before) {
      return rewritten(before, known);
    }
    const version: IFileVersion = {
      origin: 'external',
      writers: null,
      certainty: 'sure',
      seenBy: [],
      via: null,
      at: null,
      sha256: null,
      taken: null,
      fromCache: false,
      racy: false,
      absent: null,
      stillOpen: false,
      epoch,
      ended: null,
      from: null,
      ...known,
      key: file.key,
      path,
      stat
    };
    this.use(path);
    file.versions.push(version);
    this.remember(version);
    return version;
  }

  private remember(version: IFileVersion): void {
    const { key, stat, epoch } = version;
    if (stat !== null) {
      this.byPath.set(pathIdentity(key, stat, epoch), version);
      const id = epochIdentity(stat, epoch);
      if (!this.byIdentity.has(id)) {
        this.byIdentity.set(id, version);
      }
    } else if (version.origin === 'run') {
      this.lost.set(key, version);
    }
  }
}

/** A clock too coarse to tell two writes apart: either of them made these bytes. */
function rewritten(
  version: IFileVersion,
  known: Partial<IFileVersion>
): IFileVersion {
  if (known.origin === 'run' && known.writers !== version.writers) {
    const writers = widen(version.writers, known.writers ?? null);
    version.certainty =
      writers?.[0] === writers?.[1] ? version.certainty : 'may';
    version.writers = writers;
  }
  return version;
}

type IMutableUse = {
  -readonly [K in keyof IUse]: IUse[K] extends ReadonlySet<string>
    ? Set<string>
    : IUse[K];
};

const UNCLASSIFIED: IFile['classification'] = {
  kind: 'unknown',
  evidence: [],
  confidence: 'unknown',
  noise: false
};

/** Where the touches of a run's threads, tasks and children stand that came after it. */
const lateKey = (run: string | null) => `${run ?? ''}\0late`;

function joined(a: ILate | null, b: ILate | null): ILate | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  const during = [...new Set([...a.during, ...b.during])].sort((x, y) => x - y);
  return { run: a.run, during, shared: a.shared || b.shared };
}

const readKey = (run: string | null, path: Name) =>
  `${run ?? ''}\0${nameKey(path)}`;

const pathIdentity = (key: string, stat: Stat, epoch: number) =>
  `${key}\0${epochIdentity(stat, epoch)}`;

/** More failed opens and listed folders of one run aren't named. */
const MAX_NOTED = 100;

/** Add a path to a run's list, each once. */
function note(list: Name[] | undefined, path: Name): void {
  if (
    list !== undefined &&
    list.length < MAX_NOTED &&
    !list.some(known => nameKey(known) === nameKey(path))
  ) {
    list.push(path);
  }
}

/** The same file with other bytes. */
function isRewritten(before: Stat | null, after: Stat | null): boolean {
  return (
    before !== null &&
    after !== null &&
    before.dev === after.dev &&
    before.ino === after.ino &&
    identity(before) !== identity(after)
  );
}

function sameIdentity(a: Stat | null, b: Stat | null): boolean {
  return a !== null && b !== null && identity(a) === identity(b);
}

/** Opens that deliver bytes: a failed one doesn't, appending keeps what was there. */
function isInput(event: EventOf<'file.opened'>): boolean {
  const keeps = event.ops.includes('read') || event.ops.includes('append');
  const emptied = event.ops.includes('truncate');
  const absent = event.stat === null && event.outcome !== 'opened';
  const made = event.stat === null && event.ops.includes('create');
  return event.outcome !== 'failed' && keeps && !emptied && !absent && !made;
}

/** Kind of the observer that saw a write. */
function writerOf({
  by,
  attribution
}: Pick<EventOf<'file.opened'>, 'attribution' | 'by'>) {
  if (by === 'tracer') {
    return 'tracer' as const;
  }
  return attribution === 'process' ? ('worker' as const) : ('probe' as const);
}

function functionName(
  library: string | null | undefined,
  name: string | null | undefined
): string | null {
  if (!name) {
    return library ?? null;
  }
  return !library || name.startsWith(`${library}.`)
    ? name
    : `${library}.${name}`;
}

function widen(
  a: readonly [number, number] | null,
  b: readonly [number, number] | null
): readonly [number, number] | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

/** A Windows path with forward slashes; any other as it is. */
export function slashes(path: string): string {
  return /^([A-Za-z]:[\\/]|\\\\)/.test(path) ? path.replace(/\\/g, '/') : path;
}
