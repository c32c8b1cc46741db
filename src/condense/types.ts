/** Which runs a file needs, and why each was kept or left out. */
import type { IFileVersion, IRun, ISession } from '../session/types';

export type Verdict =
  | 'needed'
  | 'kept-undecided'
  | 'dropped-proved'
  | 'dropped-by-user'
  | 'after-subject';

/** Why a run has its verdict. */
export type VerdictReason =
  /** It wrote a subject, or a file that a needed run read. */
  | 'wrote'
  /** It may have written it: only an interval of runs is known. */
  | 'may-have-written'
  /** It ran before the last write ended; nothing shows that it was harmless. */
  | 'not-shown-harmless'
  /** How the subject was written wasn't seen, so every run counts. */
  | 'write-not-seen'
  /** It began after the last write of everything asked for had ended. */
  | 'after-the-write'
  /** The author left it out. */
  | 'user';

export interface IRunVerdict {
  run: IRun;
  verdict: Verdict;
  reason: VerdictReason;
}

/** A subject, as asked for. */
export interface ISliceSubject {
  /** Comparable text of the path, see `nameKey`. */
  key: string;
  sha256: string;
  /** Identity at the time of asking, null when unknown. */
  stat: import('../journal/events').Stat | null;
  sid: string | null;
}

/** A subject with the write it was traced to; null when no write was seen. */
export interface ITracedSubject {
  subject: ISliceSubject;
  sid: string | null;
  version: IFileVersion | null;
}

/** A file that one session read and an earlier one wrote. */
export interface ISessionEdge {
  /** Reader. */
  sid: string;
  version: IFileVersion;
  /** Writer. */
  fromSid: string;
  fromVersion: IFileVersion;
}

/** A read in the slice that no session at hand wrote: an input from outside. */
export interface IExternalInput {
  sid: string;
  version: IFileVersion;
}

export interface ISlice {
  /** Sessions used, oldest first; the subject's own is the last. */
  sessions: { session: ISession; runs: IRunVerdict[] }[];
  subjects: ITracedSubject[];
  edges: ISessionEdge[];
  external: IExternalInput[];
}
