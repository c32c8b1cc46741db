/**
 * The list of runs beside a record, read back (`byproducts.ts` writes it). It isn't
 * signed itself: the record has its digest, which the caller compares first.
 */
import * as z from 'zod/mini';
import type { IRunNote } from '../api';
import { Sha256 } from '../journal/digest';
import { DatabaseAnswer } from './types';

const text = z.nullable(z.string());

const ListedFile = z.looseObject({
  name: z.string(),
  sha256: text,
  may: z.optional(z.boolean())
});

const ListedRun = z.looseObject({
  number: z.int(),
  id: z.string(),
  sid: z.string(),
  session: z.string(),
  kind: z.string(),
  status: z.string(),
  executionCount: z.nullable(z.int()),
  client: z.nullable(z.looseObject({ label: text })),
  notebook: text,
  startedAt: text,
  endedAt: text,
  code: z.nullable(
    z.looseObject({
      sha256: Sha256,
      /** Absent where something was cut out of the text. */
      salt: z.optional(z.string()),
      text: z.nullish(z.string()),
      cut: z.optional(z.literal(true))
    })
  ),
  reads: z.array(ListedFile),
  writes: z.array(ListedFile),
  queried: z.optional(
    z.array(
      z.looseObject({
        dialect: text,
        host: text,
        database: text,
        ...DatabaseAnswer.shape
      })
    )
  ),
  verdict: z.string(),
  reason: z.string(),
  because: z.optional(
    z.array(
      z.looseObject({
        code: z.string(),
        resource: z.optional(z.string()),
        run: z.optional(z.int())
      })
    )
  )
});
export type IListedRun = z.infer<typeof ListedRun>;

const RunList = z.looseObject({ runs: z.array(ListedRun) });

/** The runs of a `runs.json`; null when it isn't one that this version can read. */
export function parseRunList(content: string): IListedRun[] | null {
  try {
    return RunList.parse(JSON.parse(content)).runs;
  } catch {
    return null;
  }
}

/** Longest first line of code in a note, in characters. */
const MAX_LINE = 120;

/** A run as people are told of it: names instead of digests, one line instead of the code. */
export function noteOf(run: IListedRun): IRunNote {
  const { number, id, sid, session, status, notebook, startedAt } = run;
  const { verdict, reason } = run;
  const names = (files: readonly { name: string }[]) => [
    ...new Set(files.map(({ name }) => name))
  ];
  return {
    number,
    id,
    sid,
    session,
    status,
    notebook,
    startedAt,
    line: firstLine(run.code?.text ?? null),
    reads: names(run.reads),
    writes: names(run.writes),
    verdict,
    reason,
    because: (run.because ?? []).map(detail => ({
      code: detail.code,
      ...(detail.resource === undefined ? {} : { resource: detail.resource }),
      ...(detail.run === undefined ? {} : { run: detail.run })
    }))
  };
}

/** The first line that isn't empty, cut. */
export function firstLine(code: string | null): string | null {
  const line = code?.split('\n').find(each => each.trim()) ?? null;
  return line === null ? null : line.slice(0, MAX_LINE);
}
