/** What databases were asked, and what is known of their answers. */
import type { EventOf } from '../journal/events';
import { eventsOf, type ISessionLog } from './log';
import type { IRuns } from './runs';
import type { IAnswer, IQuery } from './types';

/** Databases that lie in a file, which is read as one. */
const IN_FILES: ReadonlySet<string | null> = new Set(['sqlite', 'duckdb']);

export const isInFile = ({
  dialect,
  host
}: Pick<IQuery, 'dialect' | 'host'>): boolean =>
  host === null && IN_FILES.has(dialect);

/** Statements of each run, with each answer to them that was seen. */
export function queriesOf(log: ISessionLog, { byId }: IRuns): IQuery[] {
  return log.probes.flatMap(({ events }) => {
    const found = new Map<string, IQuery[]>();
    const answers = new Map<number, IAnswer>();
    for (const event of eventsOf(events, 'db.queried')) {
      const query: IQuery = {
        run: byId.get(event.run ?? '')?.number ?? null,
        dialect: event.dialect ?? null,
        host: event.host ?? null,
        database: event.database ?? null,
        sha256: event.statement?.sha256 ?? null,
        answer: null
      };
      const key = JSON.stringify(query);
      const asked = found.get(key) ?? [query];
      found.set(key, asked);
      if (event.result !== undefined) {
        addResult(asked, query, newestAnswer(answers, event.result));
      }
    }
    return [...found.values()].flat();
  });
}

/** One object for each answer: what is told later of it is said of all that it was told of before. */
function newestAnswer(
  known: Map<number, IAnswer>,
  result: NonNullable<EventOf<'db.queried'>['result']>
): IAnswer {
  const { fetched = null, reported = null, sha256 = null } = result;
  const absent = result.absent ?? (sha256 === null ? 'not-taken' : null);
  const told = { fetched, reported, sha256, absent };
  const answer = Object.assign(known.get(result.id) ?? told, told);
  known.set(result.id, answer);
  return answer;
}

function addResult(asked: IQuery[], query: IQuery, answer: IAnswer): void {
  const [first] = asked;
  if (first !== undefined && first.answer === null) {
    first.answer = answer;
  } else if (!asked.some(known => known.answer === answer)) {
    asked.push({ ...query, answer });
  }
}
