/** How the cells of a session ran, against their order in the saved notebook. */
import type { IRunVerdict, ISessionSlice } from '../condense/types';
import type { GapCode, ISavedCell, ISession } from '../session/types';
import { isKept } from './context';
import type { OrderVerdict } from './types';

const RANK: OrderVerdict[] = [
  'top-to-bottom',
  'in-order',
  'unknown',
  'out-of-order'
];

/** The worst of several verdicts; `unknown` for none. */
export function worstOrder(verdicts: readonly OrderVerdict[]): OrderVerdict {
  const ranks = verdicts.map(verdict => RANK.indexOf(verdict));
  return ranks.length === 0 ? 'unknown' : RANK[Math.max(...ranks)]!;
}

/** Order of the kept runs of one session, over all its notebooks. */
export function orderOf({ session, runs }: ISessionSlice): OrderVerdict {
  const kept = runs.filter(isKeptCell);
  const docIds = new Set(kept.map(({ run }) => run.docId));
  const verdicts = [...docIds].flatMap(docId =>
    docId === null ? [] : [orderInDocument(session, docId, kept)]
  );
  if (docIds.has(null) || !isWhole(session)) {
    verdicts.push(verdicts.length === 0 ? 'unknown' : 'in-order');
  }
  return worstOrder(verdicts);
}

/** What the author left out did run: leaving it out betters no order. */
const isKeptCell = (verdict: IRunVerdict) =>
  (isKept(verdict) || verdict.verdict === 'dropped-by-user') &&
  verdict.run.kind === 'cell' &&
  verdict.run.parent === null;

/** After these, runs may have been that nobody wrote down. */
const RUNS_MISSING: ReadonlySet<GapCode> = new Set<GapCode>([
  'paused',
  'event-gap',
  'unknown-event',
  'unknown-request'
]);

const isWhole = (session: ISession) =>
  session.startSeen &&
  session.runsMissed === 0 &&
  session.install !== 'late' &&
  !session.gaps.some(({ code }) => RUNS_MISSING.has(code));

function orderInDocument(
  session: ISession,
  docId: string,
  kept: readonly IRunVerdict[]
): OrderVerdict {
  const document = session.documents.find(d => d.docId === docId);
  const cells = (document?.saved?.cells ?? []).filter(c => c.code.bytes > 0);
  if (document?.saved?.cells == null) {
    return executedWhole(session, docId) ? 'top-to-bottom' : 'unknown';
  }
  let last = -1;
  let asSaved = true;
  for (const { run } of kept) {
    if (run.docId !== docId || run.code?.bytes === 0) {
      continue;
    }
    const text = run.code?.sha256 ?? null;
    const at = placeOf(cells, run.cellId, text, last);
    if (at <= last) {
      return 'out-of-order';
    }
    asSaved &&= at === last + 1 && cells[at]!.code.sha256 === text;
    last = at;
  }
  return asSaved ? 'top-to-bottom' : 'in-order';
}

/** Place of a run's cell in the notebook: by its id, else the next with its text; -1 for none. */
function placeOf(
  cells: readonly ISavedCell[],
  cellId: string | null,
  text: string | null,
  last: number
): number {
  if (cellId !== null) {
    return cells.findIndex(cell => cell.cellId === cellId);
  }
  return cells.findIndex((cell, i) => i > last && cell.code.sha256 === text);
}

/** A program ran the notebook from the top and all of it. */
function executedWhole({ execution }: ISession, docId: string): boolean {
  return (
    execution !== null &&
    execution.docId === docId &&
    execution.status === 'ok' &&
    execution.executed === execution.cells
  );
}
