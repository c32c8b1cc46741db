/** What the parts of a record are made from. */
import type { IRunVerdict, ISessionSlice, ISlice } from '../condense/types';
import type { AttestRequested, Name } from '../journal/events';
import { nameKey } from '../journal/names';
import type { Sha256Function } from '../journal/sha256';
import { withFormat } from '../session/classify';
import { KINDS } from '../session/kinds';
import type {
  IClassification,
  IDocument,
  IFile,
  IFileVersion,
  ISession
} from '../session/types';
import type { PathReducer } from './paths';

export interface IRecordContext {
  request: AttestRequested;
  slice: ISlice;
  /** Sessions used, oldest first; the subjects' own is the last. */
  sessions: readonly ISession[];
  classes: Classifications;
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

/** Files of all sessions by session and path, with what the record adds and the author corrects. */
export class Classifications {
  private readonly corrected: Map<string, string>;
  private readonly formats: Map<string, string>;
  private readonly files = new Map<string, IFile>();
  private readonly intermediate = new Set<string>();

  constructor(context: Pick<IRecordContext, 'request' | 'sessions' | 'slice'>) {
    const { classifications, identities = [] } = context.request;
    this.corrected = new Map(
      classifications.map(c => [nameKey(c.path), c.kind])
    );
    this.formats = new Map(
      identities.flatMap(({ path, format }) =>
        format ? [[nameKey(path), format]] : []
      )
    );
    for (const session of context.sessions) {
      for (const file of session.files) {
        this.files.set(`${session.sid}\0${file.key}`, file);
      }
    }
    context.slice.sessions.forEach(part => this.findIntermediate(part));
  }

  of(sid: string, path: Name): IClassification {
    const key = nameKey(path);
    const found = this.files.get(`${sid}\0${key}`)?.classification ?? UNKNOWN;
    const format = this.formats.get(key);
    const known = format === undefined ? found : withFormat(found, format);
    const role = this.intermediate.has(key) ? ['role:written-then-read'] : [];
    const evidence = [...known.evidence, ...role];
    const kind = this.corrected.get(key);
    return kind === undefined
      ? { ...known, evidence }
      : {
          kind: KINDS.find(k => k === kind) ?? 'unknown',
          evidence: [...evidence, 'user'],
          confidence: 'confirmed-by-user',
          noise: false
        };
  }

  /** Files that a kept run wrote and a later kept one read. */
  private findIntermediate({ runs }: ISessionSlice): void {
    const written = new Set<IFileVersion>();
    for (const { run } of runs.filter(isKept)) {
      run.reads
        .filter(({ version }) => written.has(version))
        .forEach(({ version }) => this.intermediate.add(version.key));
      run.writes.forEach(version => written.add(version));
    }
  }
}

const UNKNOWN: IClassification = {
  kind: 'unknown',
  evidence: [],
  confidence: 'unknown',
  noise: false
};
