/** Files beside the statement: run list, coverage, environment. Named by digest, shared by choice. */
import type { IRunVerdict, ISessionSlice } from '../condense/types';
import type { Name } from '../journal/events';
import { nameText } from '../journal/names';
import type {
  IFile,
  IFileVersion,
  ILate,
  IQuery,
  IRun,
  ISession
} from '../session/types';
import { sessionName, type IRecordContext } from './context';
import { listedAnswer, shownPlace } from './databases';
import type { IDependencies } from './dependencies';
import type { IRecordGap } from './gaps';
import { compare, jsonLines } from './json';
import { shownText } from './parameters';
import type { IListedRun } from './runlist';
import { cutSecrets } from './secrets';
import type { IByproductFile } from './types';

/** More questions of one run to databases aren't listed. */
const MAX_QUERIES = 200;

type ListedFile = IListedRun['reads'][number];

export function byproduct(
  context: IRecordContext,
  name: string,
  value: Record<string, unknown>
): IByproductFile {
  const bytes = jsonLines(value);
  return { name, bytes, sha256: context.sha256(bytes) };
}

/* ---------------------------------------------------------------- run list */

/** Every run of the sessions used, in true order, with its verdict. */
export function listRuns(context: IRecordContext): IListedRun[] {
  return context.slice.sessions.flatMap(part => {
    const lists = listsOf(context, part.session);
    return part.runs.map(verdict => listedRun(context, lists, part, verdict));
  });
}

export const runList = (
  context: IRecordContext,
  runs: readonly IListedRun[]
): IByproductFile => byproduct(context, 'runs.json', { runs });

/** What the runs of one session have in common. */
interface ILists {
  /** How the session is called in this record. */
  name: string;
  /** Label of each client. */
  clients: ReadonlyMap<string, string>;
  /** Reduced path of each notebook. */
  notebooks: ReadonlyMap<string, string>;
  /** What each run asked databases. */
  queries: ReadonlyMap<number | null, IQuery[]>;
  /** Row of a version; null when it isn't listed. */
  row(version: IFileVersion): ListedFile | null;
  /** A text by its digest, as it leaves the computer, and whether something was cut out. */
  text(sha256: string): { shown: string | null; isCut: boolean };
}

function listsOf(
  context: IRecordContext,
  { sid, clients, documents, queries }: ISession
): ILists {
  const row = remembered((version: IFileVersion) => {
    const { noise } = context.classes.of(sid, version.path);
    return noise ? null : listedVersion(context, version);
  });
  const text = remembered((sha256: string) => {
    const whole = context.text(sid, sha256);
    const shown = whole === null ? null : shownText(context, whole);
    return { shown, isCut: shown !== whole };
  });
  return {
    name: sessionName(context, sid),
    clients: new Map(clients.map(c => [c.id, c.label])),
    notebooks: new Map(
      documents.map(d => [d.docId, context.paths.reduce(d.path).rel])
    ),
    queries: byRun(queries),
    row,
    text
  };
}

/** The same function, which works a value out once. */
function remembered<K, V>(work: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return key => {
    const found = known.has(key) ? known.get(key)! : work(key);
    known.set(key, found);
    return found;
  };
}

const rowsOf = ({ row }: ILists, versions: readonly IFileVersion[]) =>
  [...new Set(versions)].map(row).filter(found => found !== null);

/** One row for each version read; an unstable read has no digest, whatever was hashed. */
function listedReads(lists: ILists, { reads }: IRun): ListedFile[] {
  if (reads.length === 0) {
    return [];
  }
  const unstable = new Set(
    reads.filter(read => read.unstable).map(read => read.version)
  );
  const sure = new Set(
    reads.filter(read => read.sure).map(read => read.version)
  );
  const late = new Map(reads.map(read => [read.version, read.late] as const));
  return [...new Set(reads.map(read => read.version))].flatMap(version => {
    const row = lists.row(version);
    return row === null
      ? []
      : [
          {
            ...row,
            ...(unstable.has(version) ? { sha256: null, unstable: true } : {}),
            ...(sure.has(version) ? {} : { may: true }),
            ...lateness(late.get(version), 'read')
          }
        ];
  });
}

function nameOf(
  context: IRecordContext,
  path: Name
): { name: string; root: string } {
  const { root, rel } = context.paths.reduce(path);
  return { name: rel, root };
}

function listedVersion(
  context: IRecordContext,
  version: IFileVersion
): ListedFile {
  return {
    ...nameOf(context, version.path),
    sha256: version.sha256,
    ...(version.certainty === 'may' ? { may: true } : {}),
    ...(isOfChild(version) ? { by: 'child' } : {}),
    ...lateness(version.late, 'wrote')
  };
}

function listedRun(
  context: IRecordContext,
  lists: ILists,
  { session: { sid } }: ISessionSlice,
  { run, verdict, reason, because }: IRunVerdict
): IListedRun {
  return {
    number: run.number,
    id: run.id,
    sid,
    session: lists.name,
    kind: run.kind,
    status: run.status,
    ename: run.ename,
    parent: run.parent,
    client:
      run.client === null
        ? null
        : { id: run.client, label: lists.clients.get(run.client) ?? null },
    asked: run.asked,
    notebook: lists.notebooks.get(run.docId ?? '') ?? null,
    cellId: run.cellId,
    executionCount: run.executionCount,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    seenBy: run.seenBy,
    code: listedCode(lists, run),
    reads: listedReads(lists, run),
    writes: rowsOf(lists, run.writes),
    ...listedQueries(context, lists.queries.get(run.number) ?? []),
    ...(run.state?.random === undefined ? {} : { random: run.state.random }),
    ...(run.notOpened.length === 0
      ? {}
      : { notOpened: run.notOpened.map(path => nameOf(context, path)) }),
    verdict,
    reason,
    because: because.map(({ path, ...told }) => ({
      ...told,
      ...(path === undefined
        ? {}
        : { resource: context.paths.reduce(path).rel })
    }))
  };
}

function byRun(queries: readonly IQuery[]): Map<number | null, IQuery[]> {
  const found = new Map<number | null, IQuery[]>();
  for (const query of queries) {
    const known = found.get(query.run) ?? [];
    known.push(query);
    found.set(query.run, known);
  }
  return found;
}

/** What it asked databases, those in files too. */
function listedQueries(
  context: IRecordContext,
  queries: readonly IQuery[]
): Pick<IListedRun, 'queried'> {
  const shown = (text: string | null) =>
    text === null ? null : shownPlace(context, text);
  const queried = queries
    .slice(0, MAX_QUERIES)
    .map(({ dialect, host, database, sha256, answer }) => ({
      dialect,
      host: shown(host),
      database: shown(database),
      ...(answer === null
        ? { ...(sha256 === null ? {} : { statement: sha256 }) }
        : listedAnswer(sha256, answer))
    }));
  return queried.length === 0 ? {} : { queried };
}

/** A child process wrote it and the kernel itself didn't. */
const isOfChild = ({ seenBy }: IFileVersion) =>
  seenBy.includes('worker') && !seenBy.includes('probe');

const lateness = (late: ILate | undefined, act: 'read' | 'wrote') =>
  late === undefined ? {} : { late: lateWords(late, act) };

/** Says whose doing a late read or write was, and for whom it may have been. */
function lateWords({ run, during, shared }: ILate, act: string): string {
  const runs = (numbers: readonly number[], joint: string) =>
    `${numbers.length === 1 ? 'run' : 'runs'} ${numbers.join(joint)}`;
  const who = shared ? 'thread or child' : 'task';
  const told = `A ${who} that run ${run} had started ${act} it after the end of run ${run}`;
  if (during.length === 0) {
    return `${told}.`;
  }
  const meanwhile = `${told}, while ${runs(during, ' and ')} went on`;
  return shared
    ? `${meanwhile}: it was for ${runs([run, ...during], ' or ')}.`
    : `${meanwhile}.`;
}

function listedCode({ text }: ILists, { code }: IRun): IListedRun['code'] {
  if (code === null) {
    return null;
  }
  const { sha256, salt, bytes } = code;
  const { shown, isCut } = text(sha256);
  // With the salt, what was cut could be guessed until the fingerprint fits.
  return isCut
    ? { sha256, bytes, text: shown, cut: true }
    : { sha256, salt, bytes, text: shown };
}

/* ---------------------------------------------------------------- coverage */

/** Everything that was not seen, file by file; the same whenever the record is made. */
export function coverage(
  context: IRecordContext,
  gaps: readonly IRecordGap[],
  dependencies: IDependencies
): IByproductFile {
  const { request, slice } = context;
  const numbers = new Map(
    context.sessions.flatMap(({ sid, runs }) =>
      runs.map(run => [`${sid}\0${run.id}`, run.number] as const)
    )
  );
  return byproduct(context, 'coverage.json', {
    gaps: gaps.map(({ code, count, sid, run, path, detail }) => ({
      code,
      count,
      session: sid === null ? null : sessionName(context, sid),
      run: numbers.get(`${sid}\0${run}`) ?? null,
      path: path === null ? null : shownPath(context, path),
      detail:
        detail === null || /[\\/]/.test(detail) ? null : cutSecrets(detail)
    })),
    folded: dependencies.folded,
    files: context.sessions.flatMap(session => coveredFiles(context, session)),
    subjects: slice.subjects.map(({ subject, sid, version }, i) => ({
      ...shownPath(context, request.subjects[i]!.path),
      sha256: subject.sha256,
      session:
        version === null || sid === null ? null : sessionName(context, sid),
      runs: version?.writers ?? null,
      certainty: version?.certainty ?? null,
      seenBy: version?.seenBy ?? []
    }))
  });
}

/** A reduced path, its bytes only where they matter. */
function shownPath(context: IRecordContext, path: Name): object {
  const { root, rel, nameBytes } = context.paths.reduce(path);
  return { root, rel, ...(nameBytes === null ? {} : { nameBytes }) };
}

function coveredFiles(context: IRecordContext, session: ISession): object[] {
  const listed = session.files
    .map(file => ({ file, found: context.classes.of(session.sid, file.path) }))
    .filter(({ found }) => !found.noise)
    .sort((a, b) => compare(a.file.key, b.file.key));
  return listed.map(({ file, found }) => ({
    session: sessionName(context, session.sid),
    ...shownPath(context, file.path),
    kind: found.kind,
    confidence: found.confidence,
    evidence: found.evidence,
    versions: versionsOf(context, file)
  }));
}

function versionsOf(context: IRecordContext, { versions }: IFile): object[] {
  return versions.map(version => ({
    origin: version.origin,
    writers: version.writers,
    certainty: version.certainty,
    seenBy: version.seenBy,
    bytes: version.stat?.size ?? null,
    sha256: version.sha256,
    taken: version.taken,
    absent: version.absent,
    stillOpen: version.stillOpen,
    ...(version.from === null
      ? {}
      : { movedFrom: context.paths.reduce(version.from).rel }),
    ended: version.ended
  }));
}

/* ------------------------------------------------------------- environment */

/** The kernels' packages and machines, in full. */
export function environment(context: IRecordContext): IByproductFile {
  return byproduct(context, 'environment.json', {
    sessions: context.sessions.map(session => {
      const { packages, hardware, determinism, hello } = session.machine;
      return {
        session: sessionName(context, session.sid),
        kernelName: session.kernelName,
        python: hello?.python ?? null,
        implementation: hello?.implementation ?? null,
        ipykernel: hello?.ipykernel ?? null,
        ipython: hello?.ipython ?? null,
        flags: hello?.flags ?? {},
        hardware: hardware && withoutLine(context, hardware),
        determinism: determinism && withoutLine(context, determinism),
        listedBy: packages?.listedBy ?? null,
        packages: (packages?.packages ?? []).map(
          ({ name, version, origin }) => ({
            name: nameText(name),
            version: nameText(version),
            ...(origin && !/[\\/]/.test(origin) ? { origin } : {})
          })
        )
      };
    })
  });
}

type Hardware = NonNullable<ISession['machine']['hardware']>;
type Determinism = NonNullable<ISession['machine']['determinism']>;

/** Only the fields that we know: an observer's others may hold anything. */
function withoutLine(
  { paths }: IRecordContext,
  event: Hardware | Determinism
): object {
  if (event.type === 'env.determinism') {
    const shown = (values: Record<string, string | null>) =>
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          value === null ? null : paths.text(value)
        ])
      );
    return { flags: shown(event.flags), seeds: shown(event.seeds) };
  }
  const { system, release, machine, cpu, cpuCount, memoryBytes } = event;
  return {
    system,
    release,
    machine,
    cpu,
    cpuCount,
    memoryBytes,
    accelerators: event.accelerators.map(({ kind, name, driver }) => ({
      kind,
      name,
      driver
    })),
    containerHints: event.containerHints
  };
}
