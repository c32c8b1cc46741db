/** What a kernel session was, as the fold concludes it from all its journal files. */
import type { FileKind } from '../api';
import type { EventOf, Name, Stat, Text } from '../journal/events';
import type gaps from '../journal/gaps.json';

/** Codes of the gap registry, `journal/gaps.json`. */
export type GapCode = keyof typeof gaps;

/** Something that wasn't recorded, as observed. */
export interface IGap {
  code: GapCode;
  /** How often; 1 for a thing that happened or didn't. */
  count: number;
  /** Id of the run it happened in. */
  run: string | null;
  path: Name | null;
  /** A few plain words: a library, a host, a reason. Never a secret or a value. */
  detail: string | null;
}

export type RunKind = EventOf<'run.started'>['kind'];

/** `killed`: open when the kernel died, restarted or ended; its writes are may-writes. */
export type RunStatus =
  'ok' | 'error' | 'interrupted' | 'exited' | 'killed' | 'running' | 'unknown';

/** When a digest was taken: before the file was read, after, or for the record. */
export type DigestTaken = 'ahead' | 'after' | 'at-attest';

/** Why there is no digest; `not-taken`: nobody ever tried. */
export type AbsentReason =
  NonNullable<EventOf<'file.hashed'>['absent']> | 'not-taken';

/** First and last run number of an interval; both the same for one run. */
export type RunRange = readonly [first: number, last: number];

/** Something that a thread, task or child did when the run that started it was over. */
export interface ILate {
  /** Number of the run that started it. */
  run: number;
  /** Numbers of the runs that were open meanwhile. */
  during: readonly number[];
  /** It may have worked for those: a thread or a worker serves whoever asks, a task doesn't. */
  shared: boolean;
}

/** One state of a file: its bytes between two changes. */
export interface IFileVersion {
  /** Comparable text of the path, see `nameKey`. */
  key: string;
  path: Name;
  /** Null when no identity was ever seen (a killed run's write). */
  stat: Stat | null;
  /** `external`: there before, or made by something that no recorded run explains. */
  origin: 'run' | 'external';
  /** Run that wrote it, or the interval of those that may have; null: none is known. */
  writers: RunRange | null;
  certainty: 'sure' | 'may';
  /** Kinds of the observers that saw the write: `probe`, `scan`. */
  seenBy: string[];
  /** What wrote it, where that was seen, e.g. `pandas.DataFrame.to_parquet`. */
  via: string | null;
  /** RFC 3339, when its write was settled; null for external ones. */
  at: string | null;
  sha256: string | null;
  taken: DigestTaken | null;
  fromCache: boolean;
  racy: boolean;
  absent: AbsentReason | null;
  /** The run that wrote it left it open. */
  stillOpen: boolean;
  /** Set where it was written after the run whose thread, task or child did it. */
  late?: ILate;
  /** How many maps for writing its file had had: equal identities of two epochs may differ in bytes. */
  epoch: number;
  /** What became of it while it was watched; null when nothing was seen. */
  ended: IFileEnd | null;
  /** Where a scan had seen the same file under another name. */
  from: Name | null;
}

/** How a state of a file came to its end, and in which runs that may have been. */
export interface IFileEnd {
  /** `replaced`: another file took its name; `moved`: it lies elsewhere now. */
  how: 'rewritten' | 'replaced' | 'removed' | 'moved';
  /** Null: while nothing ran. */
  runs: RunRange | null;
}

/** One run's read of one version. */
export interface IFileRead {
  /** Number of the run; null outside any. */
  run: number | null;
  version: IFileVersion;
  /** False when it isn't certain that the open succeeded. */
  sure: boolean;
  /** Its bytes changed, or could without a trace, between the open and the end of the run. */
  unstable: boolean;
  via: string | null;
  /** Kind of the observer: `audit`, `wrapper`, `maps`, `tracer`. */
  seenBy: string;
  /** The symbolic link that was named. */
  link: Name | null;
  /** The folder that was read as one dataset, of which this is a member. */
  within?: Name;
  /** Set where it was read after the run whose thread, task or child did it. */
  late?: ILate;
}

/** Bytes fetched from elsewhere; secrets were cut out of the URL when it was seen. */
export interface IRemoteRead {
  /** Number of the run; null outside any. */
  run: number | null;
  url: string;
  /** What the server called this version of it, where that was seen. */
  etag: string | null;
  lastModified: string | null;
  /** Version of the object, or a hub's commit, where the server said it. */
  versionId: string | null;
  /** HTTP status, where it was seen. */
  status: number | null;
  /** Digest and length of the body, where the caller got it in full. */
  sha256: string | null;
  received: number | null;
}

/** A statement that a database was asked; secrets were cut out when it was seen. */
export interface IQuery {
  /** Number of the run; null outside any. */
  run: number | null;
  dialect: string | null;
  host: string | null;
  database: string | null;
  /** Salted digest of its text. */
  sha256: string | null;
  /** Null where nothing was seen of it. */
  answer: IAnswer | null;
}

/** Rows that a database answered with, as far as they were fetched. */
export interface IAnswer {
  /** Rows that the caller was given; null where that isn't known. */
  fetched: number | null;
  /** Rows of the whole answer, as the driver counts them; null where it doesn't. */
  reported: number | null;
  /** Of all rows in the order in which they came; null with the reason in `absent`. */
  sha256: string | null;
  absent: string | null;
}

export interface IClassification {
  kind: FileKind;
  /** What spoke for it, e.g. `suffix:.parquet`, `function:joblib.dump`. */
  evidence: string[];
  confidence: 'confirmed-by-user' | 'strong' | 'weak' | 'unknown';
  /** True for what an interpreter touches by itself: counted, not listed. */
  noise: boolean;
}

/** All versions of one path in one session. */
export interface IFile {
  key: string;
  path: Name;
  classification: IClassification;
  /** In the order of their writes; external ones where they were first seen. */
  versions: IFileVersion[];
}

export interface IRun {
  /** `msgId/k`. */
  id: string;
  /** Place in the order of the session, from 1: the number that people see. */
  number: number;
  kind: RunKind;
  status: RunStatus;
  ename: string | null;
  parent: string | null;
  client: string | null;
  /**
   * How its request came: through a websocket of the server, or past the server, by a
   * direct connection or from the kernel itself. Null where no tap listened.
   */
  asked: 'through-server' | 'past-server' | null;
  docId: string | null;
  cellId: string | null;
  executionCount: number | null;
  subshell: string | null;
  code: Text | null;
  textForgotten: boolean;
  /** RFC 3339. */
  startedAt: string | null;
  endedAt: string | null;
  durationNs: string | null;
  /** Kinds of the observers that saw it. */
  seenBy: string[];
  facts: EventOf<'run.code'> | null;
  /** Names that differ after it; null when nobody looked. */
  names: EventOf<'names.changed'> | null;
  /** State outside the namespace that differs after it; null when nothing does or nobody looked. */
  state: EventOf<'state.changed'> | null;
  /** Something changed between the run before it and its start. */
  disturbed: boolean;
  /** What it was seen to do beyond computing, each once, e.g. `wrote`, `process.started`. */
  acts: string[];
  /** Versions that were there before the run; its own writes aren't inputs. */
  reads: IFileRead[];
  /** Versions that it surely wrote, and what it may have left when it was killed. */
  writes: IFileVersion[];
  /** Paths that it tried to open in vain. */
  notOpened: Name[];
  /** Folders whose content it asked for. */
  listed: Name[];
  /** Highest number of a run that had started when this one ended: its own, unless runs overlap. */
  lastBeforeEnd: number;
  /** A run that isn't nested in it ran at the same time. */
  overlapped: boolean;
  /** A thread or task may have gone on after its end. */
  outlived: boolean;
}

export interface IClient {
  id: string;
  label: string;
  docId: string | null;
  runs: number;
}

export interface ISavedCell {
  cellId: string | null;
  code: Text;
}

export interface IDocument {
  docId: string;
  /** Last known path. */
  path: Name;
  /** Last save that was seen. */
  saved: {
    sha256: string | null;
    bytes: number | null;
    cells: ISavedCell[] | null;
    at: string;
  } | null;
}

/** A notebook run from the top in a fresh kernel. */
export interface IExecution {
  docId: string;
  path: Name;
  /** SHA-256 of the input .ipynb. */
  sha256: string;
  parameters: Record<string, string>;
  output: Name | null;
  outputSha256: string | null;
  status: 'ok' | 'error' | 'interrupted' | 'died' | 'running';
  cells: number;
  executed: number;
}

/** Facts about the machine and interpreter, each on the probe's word. */
export interface IMachine {
  hello: EventOf<'probe.hello'> | null;
  packages: EventOf<'env.packages'> | null;
  hardware: EventOf<'env.hardware'> | null;
  determinism: EventOf<'env.determinism'> | null;
}

export type SessionState =
  'running' | 'ended' | 'restarted' | 'died' | 'unknown';

export interface ISessionObserver {
  kind: string;
  domain: 'tenant' | 'platform';
  version: string;
  count: number;
}

export interface ISession {
  sid: string;
  kernelId: string | null;
  previousSid: string | null;
  kernelName: string | null;
  language: string | null;
  provisioner: string | null;
  /** `running` also when its end was never seen. */
  state: SessionState;
  /** RFC 3339; first and last event of any file. */
  startedAt: string;
  lastAt: string;
  endedAt: string | null;
  /** A recorder saw the kernel's start. */
  startSeen: boolean;
  /** A recorder listened to the kernel's requests. */
  hasRecorder: boolean;
  /** How the kernel's own probe came in; `none` when it never reported. */
  install: 'launch' | 'late' | 'none';
  /** Runs before the start of recording, at least. */
  runsMissed: number;
  /** Every request through the server's websockets was seen. */
  tapped: boolean;
  /** The last pause has no end. */
  paused: boolean;
  scan: 'complete' | 'incomplete' | 'none';
  /** When a scan that said so looked last; null if none did. */
  lastLook: string | null;
  observers: ISessionObserver[];
  documents: IDocument[];
  clients: IClient[];
  /** In order of their numbers. */
  runs: IRun[];
  /** Requests that went idle without a run. */
  withoutRun: {
    msgId: string;
    client: string | null;
    verdict: 'aborted' | 'unknown';
    /** What was asked for, where a tap saw it. */
    cellId: string | null;
    code: Text | null;
  }[];
  files: IFile[];
  /** All reads, also those outside any run. */
  reads: IFileRead[];
  remotes: IRemoteRead[];
  queries: IQuery[];
  execution: IExecution | null;
  machine: IMachine;
  gaps: IGap[];
}
