/** What a kernel session was, as the fold concludes it from all its journal files. */
import type { FileKind } from '../api';
import type { EventOf, Name, Stat, Text } from '../journal/events';

/** Codes of `journal/gaps.json`. */
export type GapCode = keyof typeof import('../journal/gaps.json');

/** One observed instance of something that wasn't recorded. */
export interface IGap {
  code: GapCode;
  /** How often; 1 for a thing that happened or didn't. */
  count: number;
  run: string | null;
  path: Name | null;
  /** A few plain words: a library, a host, a reason. Never a path, a secret or a value. */
  detail: string | null;
}

export type RunKind =
  'cell' | 'nested' | 'silent' | 'expression' | 'callback' | 'unknown';

export type RunStatus =
  | 'ok'
  | 'error'
  | 'interrupted'
  | 'exited'
  /** Open when the kernel died, restarted or ended: its writes are may-writes. */
  | 'killed'
  | 'running'
  | 'unknown';

/** How the bytes of one version of a file are known. */
export type DigestTaken = 'ahead' | 'after' | 'at-attest';

export type DigestAbsent =
  | (EventOf<'file.hashed'>['absent'] & string)
  /** Nobody ever tried. */
  | 'not-taken';

/** One state of a file: its bytes between two changes. */
export interface IFileVersion {
  /** Comparable text of the path, see `nameKey`. */
  key: string;
  path: Name;
  /** Null when no identity was ever seen (a killed run's write). */
  stat: Stat | null;
  /** `external`: there before, or made by something that no recorded run explains. */
  origin: 'run' | 'external';
  /** Runs that wrote it, or may have: one for a seen write, several for an interval of the scan. */
  writers: string[];
  certainty: 'sure' | 'may';
  /** Kinds of the observers that saw it: `probe`, `scan`. */
  seenBy: string[];
  /** Library and function that wrote it, where a wrapper said so. */
  via: string | null;
  /** RFC 3339, when its write was settled; null for external ones. */
  at: string | null;
  sha256: string | null;
  taken: DigestTaken | null;
  fromCache: boolean;
  racy: boolean;
  absent: DigestAbsent | null;
  /** True when the run left it open. */
  stillOpen: boolean;
  /** Place among all versions of the session, in the order of their writes. */
  order: number;
}

/** One run's read of one version. */
export interface IFileRead {
  run: string | null;
  version: IFileVersion;
  /** False when it isn't certain that the open succeeded, or which bytes came. */
  sure: boolean;
  /** Changed between the open and the end of the run, by something else. */
  unstable: boolean;
  via: string | null;
}

export interface IClassification {
  kind: FileKind;
  /** Codes of what spoke for it, e.g. `suffix:.parquet`, `function:joblib.dump`. */
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
  sid: string;
  /** Place in the order of the session, from 1: the number that people see. */
  number: number;
  kind: RunKind;
  status: RunStatus;
  ename: string | null;
  parent: string | null;
  client: string | null;
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
  /** Versions that were there before the run; its own writes aren't inputs. */
  reads: IFileRead[];
  writes: IFileVersion[];
  /** Runs whose interval overlaps this one's, other than those nested in it. */
  overlaps: string[];
  /** True when a thread, task or child of it may have gone on after its end. */
  outlived: boolean;
}

export interface IClient {
  id: string;
  label: string;
  docId: string | null;
  runs: number;
}

export interface IDocument {
  docId: string;
  /** Last known path. */
  path: Name;
  /** Last save seen, null when none was. */
  saved: {
    sha256: string | null;
    bytes: number | null;
    cells: { cellId: string | null; code: Text }[] | null;
    at: string;
  } | null;
}

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

export interface ISession {
  sid: string;
  kernelId: string | null;
  previousSid: string | null;
  kernelName: string | null;
  language: string | null;
  provisioner: string | null;
  state: SessionState;
  /** RFC 3339. */
  startedAt: string;
  endedAt: string | null;
  /** RFC 3339; last event of any file. */
  lastAt: string;
  /** True when a recorder saw the kernel's start. */
  startSeen: boolean;
  /** How the kernel's own probe came in; `none` when it never reported. */
  install: 'launch' | 'late' | 'none';
  /** Runs before the start of recording, at least. */
  runsMissed: number;
  /** True while the last `recording.paused` has no `recording.resumed`. */
  paused: boolean;
  scan: 'complete' | 'incomplete' | 'none';
  observers: {
    kind: string;
    domain: 'tenant' | 'platform';
    version: string;
    count: number;
  }[];
  /** Programs that wrote the journal, name → version. */
  programs: Record<string, string>;
  documents: IDocument[];
  clients: IClient[];
  /** In order of their numbers. */
  runs: IRun[];
  /** Requests that went idle without a run. */
  withoutRun: {
    msgId: string;
    client: string | null;
    verdict: 'aborted' | 'unknown';
  }[];
  files: IFile[];
  /** Reads outside any run as well. */
  reads: IFileRead[];
  execution: IExecution | null;
  machine: IMachine;
  gaps: IGap[];
}
