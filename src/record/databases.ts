/** Databases that kept runs asked: dependencies without a digest of what they answered. */
import type { IQuery } from '../session/types';
import { isKept, sessionName, type IRecordContext } from './context';
import { compare } from './json';
import type { DatabaseDependency } from './types';

interface IAsked {
  sid: string;
  dialect: string | null;
  runs: Set<number>;
  /** Salted digests. */
  statements: Set<string>;
}

/** More statements to one database are only counted by their runs. */
const MAX_STATEMENTS = 100;

/** One for each database on a host; one in a file is that file. */
export function databases(context: IRecordContext): DatabaseDependency[] {
  const found = new Map<string, IAsked>();
  for (const { session, runs } of context.slice.sessions) {
    const kept = new Set(runs.filter(isKept).map(({ run }) => run.number));
    const asked = session.queries.filter(
      ({ run }) => run === null || kept.has(run)
    );
    for (const query of asked) {
      const uri = uriOf(context, query);
      if (uri !== null) {
        const { dialect } = query;
        const known = found.get(uri) ?? {
          sid: session.sid,
          dialect,
          runs: new Set(),
          statements: new Set()
        };
        found.set(uri, known);
        if (query.run !== null) {
          known.runs.add(query.run);
        }
        if (query.sha256 !== null && known.statements.size < MAX_STATEMENTS) {
          known.statements.add(query.sha256);
        }
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => compare(a, b))
    .map(([uri, asked]) => dependency(context, uri, asked));
}

function uriOf(
  { paths }: IRecordContext,
  { dialect, host, database }: IQuery
): string | null {
  const parts = [dialect ?? 'database', host ?? '', database ?? ''];
  const shown = parts.map(part => encodeURIComponent(paths.text(part)));
  return host === null ? null : `nbdb:${shown.join('/')}`;
}

function dependency(
  context: IRecordContext,
  uri: string,
  { sid, dialect, runs, statements }: IAsked
): DatabaseDependency {
  return {
    uri,
    annotations: {
      nb_kind: 'database',
      ...(dialect === null ? {} : { nb_dialect: dialect }),
      ...(context.sessions.length > 1
        ? { nb_session: sessionName(context, sid) }
        : {}),
      ...(runs.size === 0
        ? {}
        : { nb_run: Math.min(...runs), nb_runs: runs.size }),
      nb_statements: [...statements].sort(compare),
      nb_absent: 'not-taken'
    }
  };
}
