/**
 * What the command line prints with `--json` and what the server's routes
 * answer: one definition for `node/`, `lab/` and (through the generated JSON
 * Schema) Python. Paths are contents paths inside the server's root where a
 * server answers, absolute paths on the command line.
 */
import type { AttestRequested, RecordOptions } from './journal/events';
import type {
  Relation,
  ReplayedSubject,
  RunName,
  Surroundings
} from './replay/types';

/** State of recording for one notebook; the wording is the face's. */
export type RecordingState =
  'recording' | 'late' | 'cells-only' | 'paused' | 'off' | 'stopped';

/** `GET status?path=` */
export interface IStatusReply {
  state: RecordingState;
  /** Why it stopped, or why there is no report from inside the kernel. */
  reason: string | null;
  /** RFC 3339; when recording of this session began. */
  since: string | null;
  sid: string | null;
  runs: number;
  /** Runs before recording began, at least. */
  runsMissed: number;
  gaps: number;
  /** True when a file was written in any recorded session of this notebook. */
  hasWrites: boolean;
  /** Why records can't be made here (no Node), or null. */
  cannotAttest: string | null;
}

export type FileKind =
  | 'model'
  | 'dataset'
  | 'code'
  | 'config'
  | 'log'
  | 'cache'
  | 'other'
  | 'unknown';

/** How the bytes on disk compare with those recorded. */
export type FileState = 'unchanged' | 'changed' | 'gone' | 'not-checked';

/** A file that a session wrote: a possible subject of a record. */
export interface IWrittenFile {
  /** Contents path or absolute path: what `--for` and `POST records` take. */
  path: string;
  kind: FileKind;
  /** Number of the run in its session, as people see it; null when only a scan saw the write. */
  run: number | null;
  /** RFC 3339, when it was last written. */
  at: string;
  sizeBytes: number | null;
  sha256: string | null;
  state: FileState;
  /** For a changed file: fingerprint and time of the file now. */
  nowSha256?: string | null;
  nowAt?: string | null;
}

/** `classify PATH --json`: what a file is taken for, and what the author said that it is. */
export interface IClassifyReply {
  path: string;
  /** What was said stands for everything below it. */
  folder: boolean;
  /** What was said, of it or of a folder around it. */
  said: FileKind | null;
  /** The project's file that remembers it. */
  file: string | null;
  /** What the newest session that used it takes it for; null when none did. */
  seen: {
    kind: FileKind;
    confidence: 'confirmed-by-user' | 'strong' | 'weak' | 'unknown';
    /** E.g. `function:pandas.read_csv`, `suffix:.csv`. */
    evidence: string[];
  } | null;
}

/** `classify --list --json`: all that was said in a project. */
export interface IClassifyListReply {
  classifications: { path: string; kind: FileKind; file: string }[];
}

/** `sessions [PATH] --json`, `GET sessions?path=`: newest first. */
export interface ISessionSummary {
  sid: string;
  kernelId: string | null;
  kernelName: string | null;
  startedAt: string;
  endedAt: string | null;
  state: 'running' | 'ended' | 'restarted' | 'died' | 'unknown';
  notebooks: string[];
  runs: number;
  filesRead: number;
  gaps: number;
  runsMissed: number;
  written: IWrittenFile[];
}
export interface ISessionsReply {
  sessions: ISessionSummary[];
  /** Journals that couldn't be read, each with a sentence. */
  problems: { sid: string; message: string }[];
}

/** What a record will say; computed from the statement, never stored in it. */
export interface IRecordSummary {
  filesRead: number;
  filesWritten: number;
  runsKept: number;
  runsTotal: number;
  gaps: { code: string; count: number; sentence: string }[];
  ceiling: ICeiling;
}

/** The most that can be claimed, with reasons as data; worded by the face. */
export interface ICeiling {
  /** `L1`: at most SLSA Build L1. `below-L1`: its gate isn't met. */
  level: 'L1' | 'below-L1';
  reasons: { code: string; holds: boolean }[];
}

/** `POST records`, `create --json`. */
export interface ICreateRequest {
  /** Subjects. At least one. */
  for: string[];
  /** Session to take; found by path and digest when absent. */
  session?: string;
  notebook?: string;
  sign: 'local' | 'none';
  options?: Partial<RecordOptions>;
  dryRun?: boolean;
  /** Runs that the author leaves out: number, id, or either after `SESSION#`. */
  drops?: string[];
  /** The request of an earlier dry run: the record is then made of exactly the same bytes. */
  request?: AttestRequested;
}

/** A run of a record in short: whether it was kept, why, what it read and wrote. */
export interface IRunNote {
  /** The number that people see; its place in the order of its session. */
  number: number;
  /** `msgId/k`. */
  id: string;
  sid: string;
  /** `s1` … */
  session: string;
  status: string;
  notebook: string | null;
  startedAt: string | null;
  /** First line of its code; null when the text isn't there. */
  line: string | null;
  /** Names of files. */
  reads: string[];
  writes: string[];
  /** Verdict, reason and details as in `runs.json`. */
  verdict: string;
  reason: string;
  because: { code: string; resource?: string; run?: number }[];
  /** Whether the author may leave it out; only on a dry run. */
  fixed?: 'free' | 'wrote-subject' | 'inside-another';
}

/** One JSON line each while a record is made; the last is `done`, `refused` or `error`. */
export type CreateProgress =
  | {
      type: 'progress';
      step: 'reading' | 'comparing' | 'writing';
      done: number;
      total: number;
      name?: string;
    }
  | ICreateDone
  | ICreateRefused
  | IErrorReply;

export interface ICreateDone {
  type: 'done';
  dryRun: boolean;
  invocationId: string;
  /** The exact bytes that are (or would be) signed, as text. */
  statement: string;
  statementBytes: number;
  request: AttestRequested;
  summary: IRecordSummary;
  /** Every run in its order; of a dry run only. */
  runs?: IRunNote[];
  signed: boolean;
  keyHint: string | null;
  /** Where the bundle lies in the record folder; null on a dry run. */
  record: string | null;
  /** Copy beside the artifact: its path, or why there is none. */
  copy: { path: string; problem: string | null } | null;
}

export interface ICreateRefused {
  type: 'refused';
  reason:
    'changed' | 'missing' | 'nothing-written' | 'no-session' | 'no-subject';
  message: string;
  files: {
    path: string;
    run: number | null;
    recordedSha256: string | null;
    recordedAt: string | null;
    nowSha256: string | null;
    nowAt: string | null;
  }[];
}

export interface IErrorReply {
  type: 'error';
  /** Closed set of codes, see `node/errors.ts`. */
  code: string;
  message: string;
}

/** `verify --json`, `POST verify`. */
export type VerifyStatus =
  | 'ok'
  | 'no-expectation'
  | 'unsigned'
  | 'unknown-key'
  | 'unexpected-signer'
  | 'wrong-subject'
  | 'bad-signature'
  | 'malformed'
  | 'not-found'
  | 'not-checked';
export interface IVerifyReply {
  status: VerifyStatus;
  file: string;
  record: string | null;
  sha256: string | null;
  /** Short name of the key in the user's keyring, if it has one. */
  keyName: string | null;
  keyHint: string | null;
  message: string;
  checks: {
    code: string;
    outcome: 'ok' | 'failed' | 'not-checked' | 'cannot-be-checked';
    text: string;
  }[];
  /** Asked for with `--deep`. */
  deep?: IDeepReply;
}

/** Whether the journals, read again, give the same record. */
export interface IDeepReply {
  /** `not-checked` is no failure and no pass: its message says why. */
  outcome: 'same' | 'different' | 'not-checked';
  message: string;
}

/** `GET records?path=`: records of this notebook, newest first. */
export interface IRecordsReply {
  records: {
    invocation: string;
    file: string;
    createdAt: string;
    subjects: string[];
    signed: boolean;
  }[];
}

/** `GET sessions/{sid}/events?after=CURSOR`: the tail of all files of a session. */
export interface IEventsReply {
  /** Opaque; where the next call goes on. */
  cursor: string;
  /** Raw lines, as they stand in the file. */
  lines: { file: string; line: string }[];
  more: boolean;
}

/** `GET|PUT settings`: what governs recording, kept by the server. */
export interface ISettings {
  enabled: boolean;
  draftOnSave: boolean;
  maxHashBytes: number;
  ignored: string[];
  retentionDays: number;
  quotaBytes: number;
}

/** Public half of a key, as `key` and the keyring know it. */
export interface IKeyEntry {
  name: string;
  /** base64 of SHA-256(SPKI DER): the hint in a record. */
  hint: string;
  /** The same digest in lower-case hex. */
  fingerprint: string;
  publicKeyPath: string;
}

/** `key show|new|add --json`. */
export interface IKeyReply extends IKeyEntry {
  /** SPKI PEM. */
  publicKey: string;
  /** Folder of the key and the keyring. */
  folder: string;
  /** All keys that `verify` knows by default, this computer's own first. */
  keyring: IKeyEntry[];
  /** Files in the keyring that are no keys, a sentence each. */
  problems: string[];
}

/** `doctor --json`. */
export interface IDoctorReply {
  /** True when every needed thing works. */
  ok: boolean;
  checks: {
    /** Stable name, e.g. `python`. */
    code: string;
    /** `note`: it isn't needed, or nothing has to be done. */
    outcome: 'ok' | 'problem' | 'note';
    text: string;
    /** What to do about a problem. */
    cure: string | null;
  }[];
}

/** Last line of `execute --json`; before it `{"type":"cell","done":n,"total":m}` each. */
export interface IExecuteReply {
  type: 'done';
  sid: string | null;
  status: 'ok' | 'error' | 'interrupted' | 'died';
  /** The executed notebook, null when it could not be written. */
  output: string | null;
  ename: string | null;
}

/** `forget --json`, `POST forget`. */
export interface IForgetReply {
  /** Sessions deleted whole. */
  sessions: string[];
  /** Digests of the texts deleted. */
  texts: string[];
  /** Files of record folders and drafts that went with them. */
  files: string[];
  /** What could not be deleted, a sentence each. */
  problems: string[];
}

/** How recorded runs, run again, compare; `docs/replay.md`. */
export type ReplayOutcome = Relation | 'failed' | 'refused' | 'not-possible';

/** Last line of `replay --json`; before it `{"type":"progress", …}` after each try. */
export interface IReplayReply {
  type: 'done';
  outcome: ReplayOutcome;
  /** Why it failed, was refused or isn't possible: half a sentence. */
  reason: string | null;
  /** Number of the run that failed. */
  run: number | null;
  /** The record whose runs were run again. */
  about: string;
  subjects: ReplayedSubject[];
  runs: { kept: number; replayed: number };
  /** Runs left out while the result stayed equal. */
  dropped: RunName[];
  /** No other run can go alone; null where nothing was tried. */
  minimal: boolean | null;
  replays: number;
  surroundings: Surroundings | null;
  signed: boolean;
  /** The replay's own statement; null when nothing was made. */
  record: string | null;
  /** The notebook without the runs left out. */
  notebook: string | null;
}

/** `condense --json`. */
export interface ICondenseReply {
  record: string;
  /** The condensed notebook; null when there is none. */
  notebook: string | null;
  runsKept: number;
  runsTotal: number;
  /** Why there is none. */
  reason: string | null;
}

/** A replay that lies in a record's folder. */
export interface IReplayNote {
  /** RFC 3339. */
  at: string;
  outcome: ReplayOutcome;
  /** Why it failed, was refused or wasn't possible: half a sentence. */
  reason: string | null;
  /** Number of the run that failed. */
  run: number | null;
  runs: { kept: number; replayed: number };
  minimal: boolean | null;
  /** Largest difference of two numbers, and as a part of the largest magnitude. */
  difference: { maxAbs: number; maxRel: number } | null;
  /** False also for a replay that made no statement. */
  signed: boolean;
  /** Whose key signed it, as the keyring names it, and its hint. */
  keyName: string | null;
  keyHint: string | null;
  file: string;
}

/** `replay --list --json`, `GET records/{invocation}/replays`: oldest first. */
export interface IReplaysReply {
  replays: IReplayNote[];
}

/** `explain --json`. */
export interface IExplainReply {
  /** The file asked about; null when a record was named. */
  file: string | null;
  sha256: string | null;
  /** How the file on disk compares with the record. */
  fileState: 'same' | 'different' | 'gone' | 'not-checked';
  /** Null when there is no record. */
  record: string | null;
  signed: boolean;
  keyHint: string | null;
  keyName: string | null;
  /** Whether the signature holds for a known key; null when unsigned or the key isn't known. */
  signatureHolds: boolean | null;
  invocationId: string | null;
  startedOn: string | null;
  finishedOn: string | null;
  notebook: string | null;
  subjects: { name: string; sha256: string }[];
  inputs: {
    name: string;
    sha256: string | null;
    onDisk: 'same' | 'different' | 'not-here' | 'not-checked';
  }[];
  summary: IRecordSummary | null;
  /** Replays in the record's folder, oldest first. */
  replays?: IReplayNote[];
  /** Every run, where asked for with `--runs`; null when the list isn't here. */
  runs?: IRunNote[] | null;
  /** The story, line by line, as people read it. */
  story: string[];
}
