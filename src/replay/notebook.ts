/** The condensed notebook read back: what is to be run again, and from what. */
import * as z from 'zod/mini';
import { CondensedMetadata, CondensedRun } from '../record/replayable';

/** One run to be run again. */
export interface IReplayRun extends CondensedRunFields {
  code: string;
  /** Its cell, so that a minimized notebook can be made. */
  cell: unknown;
}
type CondensedRunFields = z.infer<typeof CondensedRun>;

export interface IReplayNotebook {
  metadata: z.infer<typeof CondensedMetadata>;
  kernelName: string;
  runs: IReplayRun[];
}

const Notebook = z.looseObject({
  cells: z.array(
    z.looseObject({
      cell_type: z.string(),
      source: z.string(),
      metadata: z.looseObject({ jupyter_attest: z.optional(z.unknown()) })
    })
  ),
  metadata: z.looseObject({
    kernelspec: z.looseObject({ name: z.string() }),
    jupyter_attest: CondensedMetadata
  })
});
type Notebook = z.infer<typeof Notebook>;

/** @returns null when it isn't a condensed notebook of this version. */
export function readCondensed(text: string): IReplayNotebook | null {
  const parsed = parse(text);
  if (parsed === null) {
    return null;
  }
  const runs: IReplayRun[] = [];
  for (const cell of parsed.cells.filter(each => each.cell_type === 'code')) {
    const facts = z.safeParse(CondensedRun, cell.metadata.jupyter_attest);
    if (!facts.success) {
      return null;
    }
    runs.push({ ...facts.data, code: cell.source, cell });
  }
  const { kernelspec, jupyter_attest: metadata } = parsed.metadata;
  return { metadata, kernelName: kernelspec.name, runs };
}

function parse(text: string): Notebook | null {
  try {
    const parsed = z.safeParse(Notebook, JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The same notebook without some of its runs. */
export function withoutRuns(
  text: string,
  dropped: ReadonlySet<string>
): string {
  const notebook = JSON.parse(text) as Notebook;
  const cells = notebook.cells.filter(cell => {
    const facts = z.safeParse(CondensedRun, cell.metadata.jupyter_attest);
    return !facts.success || !dropped.has(runKey(facts.data));
  });
  return `${JSON.stringify({ ...notebook, cells }, null, 1)}\n`;
}

export const runKey = ({ session, run }: { session: string; run: number }) =>
  `${session}#${run}`;
