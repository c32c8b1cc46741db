/** Databases that kept runs asked: dependencies with what is known of their answers. */
import { isInFile } from '../session/queries';
import type { IAnswer, IQuery } from '../session/types';
import { isKept, sessionName, type IRecordContext } from './context';
import { compare } from './json';
import type { DatabaseAnswer, DatabaseDependency } from './types';

interface IAsked {
  sid: string;
  queries: IQuery[];
}

/** More statements to one database are only counted by their runs, more answers not listed. */
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
        const known = found.get(uri) ?? { sid: session.sid, queries: [] };
        found.set(uri, known);
        known.queries.push(query);
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => compare(a, b))
    .map(([uri, asked]) => dependency(context, uri, asked));
}

function uriOf(context: IRecordContext, query: IQuery): string | null {
  const { dialect, host, database } = query;
  if (isInFile(query) || (host === null && dialect === null)) {
    return null;
  }
  const parts = [dialect ?? 'database', host ?? '', database ?? ''];
  const shown = parts.map(part =>
    encodeURIComponent(shownPlace(context, part))
  );
  return `nbdb:${shown.join('/')}`;
}

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/])/;

/** A host or a database as it leaves the computer; a socket and a file by their last names. */
export function shownPlace({ paths }: IRecordContext, text: string): string {
  return ABSOLUTE.test(text) ? paths.reduce(text).rel : paths.text(text);
}

function dependency(
  context: IRecordContext,
  uri: string,
  { sid, queries }: IAsked
): DatabaseDependency {
  const [{ dialect }] = queries as [IQuery];
  const runs = new Set(queries.flatMap(({ run }) => run ?? []));
  const answers = answersOf(queries);
  const listed = answers.slice(0, MAX_STATEMENTS);
  const absent =
    answers.length > listed.length ? 'too-many' : absentOf(queries);
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
      nb_statements: statementsOf(queries),
      ...(listed.length === 0 ? {} : { nb_answers: listed }),
      ...(absent === null ? {} : { nb_absent: absent })
    }
  };
}

function statementsOf(queries: readonly IQuery[]): string[] {
  const found = new Set(queries.flatMap(({ sha256 }) => sha256 ?? []));
  return [...found].slice(0, MAX_STATEMENTS).sort(compare);
}

/** Each answer once, whoever fetched it; in an order of their own. */
function answersOf(queries: readonly IQuery[]): DatabaseAnswer[] {
  const found = new Map<string, DatabaseAnswer>();
  for (const query of queries) {
    if (query.answer !== null) {
      const answer = listedAnswer(query.sha256, query.answer);
      found.set(JSON.stringify(answer), answer);
    }
  }
  return [...found]
    .sort(([a], [b]) => compare(a, b))
    .map(([, answer]) => answer);
}

/** An answer as records and run lists have it. */
export function listedAnswer(
  statement: string | null,
  { fetched, reported, sha256, absent }: IAnswer
): DatabaseAnswer {
  return {
    ...(statement === null ? {} : { statement }),
    ...(fetched === null ? {} : { fetched }),
    ...(reported === null ? {} : { reported }),
    ...(sha256 === null ? { absent: absent ?? 'not-taken' } : { sha256 })
  };
}

/** Why not everything that was answered has a digest; null where it has. */
function absentOf(queries: readonly IQuery[]): string | null {
  const reasons = queries.map(({ answer }) =>
    answer === null ? 'not-taken' : answer.absent
  );
  const without = reasons.filter(reason => reason !== null);
  return without.sort(compare)[0] ?? null;
}
