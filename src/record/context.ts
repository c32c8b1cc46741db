/** What the parts of a record are made from. */
import type { IRunVerdict, ISlice } from '../condense/types';
import type { AttestRequested, Name } from '../journal/events';
import { nameKey } from '../journal/names';
import type { Sha256Function } from '../journal/sha256';
import type {
  IClassification,
  IDocument,
  IFile,
  ISession
} from '../session/types';
import type { PathReducer } from './paths';

export interface IRecordContext {
  request: AttestRequested;
  slice: ISlice;
  /** Sessions used, oldest first; the subjects' own is the last. */
  sessions: readonly ISession[];
  paths: PathReducer;
  sha256: Sha256Function;
  text(sid: string, sha256: string): string | null;
}

/** Name of a session in annotations and byproducts: `s1` for the oldest. */
export function sessionName(context: IRecordContext, sid: string): string {
  return `s${context.sessions.findIndex(s => s.sid === sid) + 1}`;
}

/** The notebooks of a session that play a part: whose cells are kept, and the one named. */
export function documentsOf(
  context: IRecordContext,
  session: ISession
): IDocument[] {
  const part = context.slice.sessions.find(s => s.session === session);
  const docIds = new Set(
    part?.runs.filter(isKept).map(({ run }) => run.docId) ?? []
  );
  const { document } = context.request;
  return session.documents.filter(
    ({ docId, path }) =>
      docIds.has(docId) ||
      docId === session.execution?.docId ||
      (document !== null && nameKey(document) === nameKey(path))
  );
}

export const isKept = ({ verdict }: IRunVerdict) =>
  verdict === 'needed' || verdict === 'kept-undecided';

/** Files of all sessions by session and path, with the author's corrections. */
export class Classifications {
  private readonly corrected: Map<string, string>;
  private readonly files = new Map<string, IFile>();

  constructor(context: IRecordContext) {
    this.corrected = new Map(
      context.request.classifications.map(c => [nameKey(c.path), c.kind])
    );
    for (const session of context.sessions) {
      for (const file of session.files) {
        this.files.set(`${session.sid}\0${file.key}`, file);
      }
    }
  }

  of(sid: string, path: Name): IClassification {
    const key = nameKey(path);
    const found = this.files.get(`${sid}\0${key}`)?.classification ?? UNKNOWN;
    const kind = this.corrected.get(key);
    return kind === undefined
      ? found
      : {
          kind: KINDS.find(k => k === kind) ?? 'unknown',
          evidence: [...found.evidence, 'user'],
          confidence: 'confirmed-by-user',
          noise: false
        };
  }
}

const UNKNOWN: IClassification = {
  kind: 'unknown',
  evidence: [],
  confidence: 'unknown',
  noise: false
};

const KINDS = [
  'model',
  'dataset',
  'code',
  'config',
  'log',
  'cache',
  'other'
] as const;
