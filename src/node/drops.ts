/** Runs that the author leaves out of a record: named by people, checked, as ids. */
import type { IRunNote } from '../api';
import type { IRun, ISession } from '../session/types';
import { CliError } from './errors';
import { printable } from './text';
import type { ITraced } from './trace';

/** What the choice is made from. */
export interface IDropBase {
  subjects: readonly ITraced[];
  /** All sessions that the record may stand on. */
  sessions: readonly ISession[];
  /** Sessions that a bare number may mean: those that wrote the subjects. */
  own: readonly ISession[];
}

interface IPlacedRun {
  session: ISession;
  run: IRun;
}

/**
 * Ids (`<sid>#<msgId>/<k>`) of the runs named, with those that ran inside them.
 *
 * @param names `7`, `<msgId>/<k>`, or either after `<session>#`.
 * @throws CliError `cannot-drop` for a run that isn't there, that ran inside another one,
 * or without which nothing recorded is left that wrote a subject.
 */
export function resolveDrops(
  base: IDropBase,
  names: readonly string[]
): string[] {
  const named = names.map(name => findRun(base, name));
  for (const { session, run } of named) {
    if (isInside(session, run)) {
      throw refuse(
        `Run ${run.number} ran inside another one: running that again runs it too. Leave out the outer run.`
      );
    }
  }
  const dropped = new Map(
    named
      .flatMap(({ session, run }) =>
        [run, ...insideOf(session, run)].map(each => ({ session, run: each }))
      )
      .map(each => [idOf(each.session.sid, each.run.id), each])
  );
  for (const { subject, match, session } of base.subjects) {
    const [first, last] =
      (match.kind === 'written' ? match.version.writers : null) ?? [];
    const writers =
      session?.session.runs.filter(
        ({ number }) => number >= (first ?? 1) && number <= (last ?? 0)
      ) ?? [];
    const sid = session?.session.sid ?? '';
    const isGone = ({ id }: IRun): boolean => dropped.has(idOf(sid, id));
    if (writers.length > 0 && writers.every(isGone)) {
      throw refuse(
        `Run ${writers[0]?.number} wrote ${printable(subject.path)}, which the record is about: it can't be left out.`
      );
    }
  }
  return [...dropped.keys()];
}

const idOf = (sid: string, id: string): string => `${sid}#${id}`;

function refuse(message: string): CliError {
  return new CliError('cannot-drop', message);
}

function findRun({ sessions, own }: IDropBase, name: string): IPlacedRun {
  const at = name.indexOf('#');
  const wanted = name.slice(at + 1);
  const among =
    at >= 0
      ? sessions.filter(
          ({ sid }) => at > 0 && sid.startsWith(name.slice(0, at))
        )
      : isNumber(wanted)
        ? own
        : sessions;
  const found = among.flatMap(session =>
    session.runs
      .filter(({ id, number }) => id === wanted || String(number) === wanted)
      .map(run => ({ session, run }))
  );
  const [first] = found;
  if (first === undefined) {
    const most = Math.max(0, ...among.map(({ runs }) => runs.length));
    throw refuse(
      `There is no run ${printable(name, 60)} to leave out.${most > 0 && isNumber(wanted) ? ` The session has runs 1 to ${most}.` : ''}`
    );
  }
  if (found.length > 1) {
    const ways = found.map(({ session }) => `${session.sid}#${wanted}`);
    throw refuse(
      `Run ${printable(name, 60)} is in several sessions. Write one of: ${ways.join(', ')}`
    );
  }
  return first;
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);

/** Started from another run's code, not by a client. */
function isInside({ runs }: ISession, { parent }: IRun): boolean {
  return parent !== null && runs.some(({ id }) => id === parent);
}

/** All runs that were started from this one's code. */
function insideOf({ runs }: ISession, outer: IRun): IRun[] {
  const ids = new Set([outer.id]);
  return runs.filter(({ id, parent }) => {
    const inside = parent !== null && ids.has(parent);
    if (inside) {
      ids.add(id);
    }
    return inside;
  });
}

/** Notes of a dry run, each with why it can't be left out, where it can't. */
export function withDropping(
  notes: readonly IRunNote[],
  base: IDropBase
): IRunNote[] {
  const byId = new Map(
    base.sessions.flatMap(session =>
      session.runs.map(
        run => [idOf(session.sid, run.id), { session, run }] as const
      )
    )
  );
  const writers = onlyWriters(base);
  return notes.map(note => {
    const placed = byId.get(idOf(note.sid, note.id));
    return placed === undefined
      ? note
      : { ...note, fixed: fixedBy(placed, writers) };
  });
}

function fixedBy(
  { session, run }: IPlacedRun,
  writers: ReadonlySet<string>
): NonNullable<IRunNote['fixed']> {
  if (isInside(session, run)) {
    return 'inside-another';
  }
  return writers.has(idOf(session.sid, run.id)) ? 'wrote-subject' : 'free';
}

/** Runs that alone wrote a subject, and those that they ran inside of. */
function onlyWriters({ subjects }: IDropBase): Set<string> {
  const found = new Set<string>();
  for (const { match, session } of subjects) {
    const [first, last] =
      (match.kind === 'written' ? match.version.writers : null) ?? [];
    const runs = session?.session.runs ?? [];
    let run = first === last ? runs.find(r => r.number === first) : undefined;
    while (run !== undefined) {
      found.add(idOf(session?.session.sid ?? '', run.id));
      const { parent } = run;
      run = runs.find(({ id }) => id === parent);
    }
  }
  return found;
}
