/** Which runs a file needs, and why each was kept or left out. */
import type { Stat } from '../journal/events';
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
 * the author left it out.
 */
export type VerdictReason =
  | 'wrote'
  | 'may-have-written'
  | 'write-not-seen'
  | 'not-shown-harmless'
  | 'after-the-write'
  | 'user';

export interface IRunVerdict {
  run: IRun;
  verdict: Verdict;
  reason: VerdictReason;
}

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
