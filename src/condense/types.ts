/** Which runs a file needs, and why each was kept or left out. */
import type { Name, Stat } from '../journal/events';
import type { IFileRead, IFileVersion, IRun, ISession } from '../session/types';

/** Only `needed` and `kept-undecided` runs are in a slice. */
export type Verdict =
  | 'needed'
  | 'kept-undecided'
  | 'dropped-proved'
  | 'dropped-by-user'
  | 'after-subject';

/**
 * Why a run has its verdict. `wrote`: a subject, or a file that the slice read.
 * `may-have-written`: only an interval of runs is known. `write-not-seen`: how the
 * subject was written wasn't seen, so every run counts. `not-shown-harmless`: it ran
 * before the last write had ended. `after-the-write`: it began after that. `user`:
 * the author left it out. `made-what-was-read`: a name that a needed run reads. `read`:
 * harmless, but a kept run may read what it made. `harmless-unread`: harmless, and no
 * kept run can read what it made.
 */
export type VerdictReason =
  | 'wrote'
  | 'may-have-written'
  | 'write-not-seen'
  | 'not-shown-harmless'
  | 'after-the-write'
  | 'user'
  | 'made-what-was-read'
  | 'read'
  | 'harmless-unread';

/**
 * Why a run was kept, in detail. `wrote`: the file at the path. `read-by`: it made the
 * resource (a name, or the file at the path), which the given run reads. `may-be-read-by`: nobody can tell what
 * the given run reads. The others: why it can't be shown harmless; the resource is what
 * stands in the way, e.g. the call, the construct, the changed setting.
 */
export type ReasonCode =
  | 'wrote'
  | 'read-by'
  | 'may-be-read-by'
  | 'no-evidence'
  | 'not-ended-well'
  | 'not-a-plain-cell'
  | 'overlaps'
  | 'left-something-running'
  | 'changed-in-between'
  | 'acted'
  | 'changed-state'
  | 'changed-name'
  | 'not-original'
  | 'opaque'
  | 'construct'
  | 'stores-into'
  | 'imports'
  | 'unlisted-value'
  | 'call';

export interface IReason {
  code: ReasonCode;
  /** What it is about; absent where the code says all. */
  resource?: string;
  /** File that it wrote. */
  path?: Name;
  /** Number of the run that reads it, in the same session. */
  run?: number;
}

export interface IRunVerdict {
  run: IRun;
  verdict: Verdict;
  reason: VerdictReason;
  /** In detail, at most `MAX_REASONS`; of a run that the author left out, what kept runs use. */
  because: readonly IReason[];
}

/** More reasons for one run aren't told. */
export const MAX_REASONS = 4;

/** A file that a slice is asked for. */
export interface ISliceSubject {
  /** Comparable text of the path, see `nameKey`. */
  key: string;
  sha256: string;
  /** Identity at the time of asking, null when unknown. */
  stat: Stat | null;
  /** Session in which it was written, null when its write wasn't seen. */
  sid: string | null;
}

/** A subject with the write that it was traced to; null when none was seen. */
export interface ITracedSubject {
  subject: ISliceSubject;
  sid: string | null;
  version: IFileVersion | null;
}

/** Bytes that one session read and another one had written. */
export interface ISessionEdge {
  /** Reader. */
  sid: string;
  read: IFileRead;
  /** Writer. */
  fromSid: string;
  from: IFileVersion;
}

/** A read in the slice of bytes that no session at hand wrote. */
export interface IExternalInput {
  sid: string;
  read: IFileRead;
}

export interface ISessionSlice {
  session: ISession;
  /** Every run of the session, in order. */
  runs: IRunVerdict[];
}

export interface ISlice {
  /** Sessions used: those that began first come first. */
  sessions: ISessionSlice[];
  subjects: ITracedSubject[];
  edges: ISessionEdge[];
  external: IExternalInput[];
}
