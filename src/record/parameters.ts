/** External parameters (what the author decided) and internal ones (what the recorder says of itself). */
import type { ITracedSubject } from '../condense/types';
import { nameKey } from '../journal/names';
import type { IDocument, ISession, ISessionObserver } from '../session/types';
import {
  documentsOf,
  isKept,
  sessionName,
  type IRecordContext
} from './context';
import { countGaps, isWriteSeen, type IRecordGap } from './gaps';
import { compare, sorted } from './json';
import { orderOf, worstOrder } from './order';
import type { PathReducer } from './paths';
import { CUT, cutSecrets, isSecretName } from './secrets';
import type { Machine, Recording, Statement } from './types';

type Definition = Statement['predicate']['buildDefinition'];
type External = Definition['externalParameters'];

export function externalParameters(
  context: IRecordContext,
  runListSha256: string
): External {
  const { slice } = context;
  const runs = slice.sessions.flatMap(s => s.runs);
  const execution = executionOf(context);
  const clients = clientCounts(context);
  return {
    documents: documents(context),
    runs: {
      total: runs.length,
      kept: runs.filter(isKept).length,
      sha256: runListSha256
    },
    order: worstOrder(slice.sessions.map(orderOf)),
    ...(execution === null
      ? {}
      : { parameters: parametersOf(context, execution.parameters) }),
    ...(clients === undefined ? {} : { clients }),
    ...(context.request.options.code ? { code: codeOf(context) } : {})
  };
}

/** Parameters as given; one whose name announces a secret has no value here. */
function parametersOf(
  { paths }: IRecordContext,
  given: Record<string, string>
): NonNullable<External['parameters']> {
  const shown = Object.entries(given).map(
    ([name, value]) =>
      [name, isSecretName(name) ? CUT : paths.text(value)] as const
  );
  return sorted(shown) ?? {};
}

/** The code of the runs kept, as the author asked to add it; what looks like a secret is cut. */
function codeOf(context: IRecordContext): NonNullable<External['code']> {
  const several = context.sessions.length > 1;
  return context.slice.sessions.flatMap(({ session, runs }) =>
    runs.filter(isKept).map(({ run }) => {
      const { code, number } = run;
      const text =
        code === null ? null : context.text(session.sid, code.sha256);
      return {
        ...(several ? { session: sessionName(context, session.sid) } : {}),
        run: number,
        ...(text === null ? {} : { text: shownText(context, text) })
      };
    })
  );
}

/** A text as it leaves the computer; home folders stay where full paths are asked for. */
export function shownText(
  { request, paths }: IRecordContext,
  text: string
): string {
  return request.options.fullPaths ? cutSecrets(text) : paths.text(text);
}

/** Notebooks whose cells ran; the one that the request names first. */
function documents(context: IRecordContext): External['documents'] {
  const primary = context.request.document;
  const found = new Map<string, External['documents'][number]>();
  for (const session of [...context.sessions].reverse()) {
    const own = documentsOf(context, session).sort(
      (a, b) => Number(isAt(b, primary)) - Number(isAt(a, primary))
    );
    for (const document of own) {
      const listed = listedDocument(context, session, document);
      const key = `${listed.name}\0${listed.sha256}`;
      found.set(key, found.get(key) ?? listed);
    }
  }
  return [...found.values()];
}

function isAt(
  document: IDocument,
  path: IRecordContext['request']['document']
) {
  return path !== null && nameKey(document.path) === nameKey(path);
}

function listedDocument(
  context: IRecordContext,
  { execution }: ISession,
  { docId, path, saved }: IDocument
): External['documents'][number] {
  const sha256 = execution?.docId === docId ? execution.sha256 : saved?.sha256;
  const cells = saved?.cells?.length;
  return {
    name: context.paths.reduce(path).rel,
    ...(sha256 ? { sha256 } : {}),
    ...(cells === undefined ? {} : { codeCells: cells })
  };
}

function clientCounts(context: IRecordContext): External['clients'] {
  const counts = new Map<string, number>();
  for (const { clients } of context.sessions) {
    for (const { label, runs } of clients) {
      if (runs > 0) {
        counts.set(label, (counts.get(label) ?? 0) + runs);
      }
    }
  }
  return sorted(counts);
}

/**
 * The execution that made the subjects; null for an interactive session. Only a
 * notebook that one program ran from the top, with nobody else in the kernel, is one.
 */
export function executionOf(context: IRecordContext): ISession['execution'] {
  const all = context.sessions.every(
    ({ execution, clients }) =>
      execution !== null &&
      execution.status !== 'running' &&
      clients.filter(client => client.runs > 0).length <= 1
  );
  return all ? (context.sessions.at(-1)?.execution ?? null) : null;
}

/* ---------------------------------------------------------------- recording */

export function recordingOf(
  context: IRecordContext,
  gaps: readonly IRecordGap[]
): Recording {
  const { request, slice, sessions } = context;
  const { options, userName, deriver } = request;
  return {
    deriver: { name: deriver.name, version: deriver.version },
    sessions: slice.sessions.map(({ session, runs }) => ({
      name: sessionName(context, session.sid),
      sid: session.sid,
      startedOn: session.startedAt,
      runs: runs.length,
      kept: runs.filter(isKept).length
    })),
    kernelStart:
      sessions.length > 0 && sessions.every(s => s.startSeen)
        ? 'seen'
        : 'not-seen',
    install: worst(
      INSTALLS,
      sessions.map(s => s.install)
    ),
    runsBeforeStart: sessions.reduce((sum, s) => sum + s.runsMissed, 0),
    observers: observers(sessions),
    channels: channels(sessions),
    gaps: countGaps(gaps),
    subjects: subjectCounts(context),
    ...(options.userName && userName !== null ? { userName } : {})
  };
}

/** The whole of a folder counts as seen when each of its files does. */
function subjectCounts({
  request,
  slice
}: IRecordContext): Recording['subjects'] {
  const isSeen = (subject: ITracedSubject) =>
    isWriteSeen(subject) && subject.version?.certainty === 'sure';
  const folders = request.subjects.filter(({ folder }) => folder === true);
  const seenFolders = folders.filter(({ path }) => {
    const inside = slice.subjects.filter(({ subject }) =>
      subject.key.startsWith(`${nameKey(path)}/`)
    );
    return inside.length > 0 && inside.every(isSeen);
  });
  return {
    total: request.subjects.length,
    seen: slice.subjects.filter(isSeen).length + seenFolders.length
  };
}

const INSTALLS = ['launch', 'late', 'none'] as const;
const AUDITS = ['ok', 'vetoed', 'none'] as const;
const SCANS = ['complete', 'incomplete', 'none'] as const;

/** The worst of what was seen; the worst there is when nothing was. */
function worst<T>(scale: readonly T[], seen: readonly T[]): T {
  const ranks = seen.map(value => scale.indexOf(value));
  return scale[ranks.length === 0 ? scale.length - 1 : Math.max(...ranks)]!;
}

function observers(sessions: readonly ISession[]): Recording['observers'] {
  const found = new Map<string, ISessionObserver>();
  for (const { kind, domain, version, count } of sessions.flatMap(
    s => s.observers
  )) {
    const key = JSON.stringify([kind, domain, version]);
    const before = found.get(key)?.count ?? 0;
    found.set(key, { kind, domain, version, count: before + count });
  }
  return [...found].sort(([a], [b]) => compare(a, b)).map(([, o]) => o);
}

function channels(sessions: readonly ISession[]): Recording['channels'] {
  const hellos = sessions.map(s => s.machine.hello);
  const last = hellos.at(-1)?.channels;
  const wrappers = sorted(
    hellos.flatMap(hello =>
      // Said at the kernel's start, where a library not yet loaded has no state to tell.
      (hello?.channels.wrappers ?? [])
        .filter(w => w.state !== 'not loaded')
        .map(w => [w.library, w.state] as const)
    )
  );
  return {
    audit: worst(
      AUDITS,
      hellos.map(hello => hello?.channels.audit ?? 'none')
    ),
    scan: worst(
      SCANS,
      sessions.map(s => s.scan)
    ),
    tap: sessions.length > 0 && sessions.every(s => s.tapped) ? 'ok' : 'none',
    ...(wrappers === undefined ? {} : { wrappers }),
    ...(last?.meter === undefined ? {} : { meter: last.meter }),
    ...(last?.maps === undefined ? {} : { maps: last.maps })
  };
}

/* ------------------------------------------------------------------ machine */

/** Of the last session; what wasn't read is left out, never null. */
export function machineOf({ sessions, paths }: IRecordContext): Machine {
  const session = sessions.at(-1);
  if (session === undefined) {
    return {};
  }
  const { hello, hardware, determinism } = session.machine;
  return present({
    kernel: session.kernelName,
    language: session.language,
    python: hello?.python,
    implementation: hello?.implementation,
    ipykernel: hello?.ipykernel,
    ipython: hello?.ipython,
    system: hardware?.system,
    release: hardware?.release,
    machine: hardware?.machine,
    cpu: hardware?.cpu,
    cpuCount: hardware?.cpuCount,
    memoryBytes: hardware?.memoryBytes,
    accelerators: nonEmpty(
      hardware?.accelerators.map(({ kind, name, driver }) =>
        present({ kind, name, driver })
      )
    ),
    containerHints: nonEmpty(hardware?.containerHints),
    determinism: setOnly(paths, determinism?.flags),
    seeds: setOnly(paths, determinism?.seeds),
    hashSeed: hello?.hashSeed,
    flags: hello && sorted(Object.entries(hello.flags).filter(([, v]) => !!v))
  }) as Machine;
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== null && v !== undefined)
  ) as Present<T>;
}

function nonEmpty<T>(list: T[] | undefined): T[] | undefined {
  return list?.length ? list : undefined;
}

function setOnly(
  paths: PathReducer,
  values: Record<string, string | null> | undefined
): Record<string, string> | undefined {
  return sorted(
    Object.entries(values ?? {}).flatMap(([name, value]) =>
      value === null ? [] : [[name, paths.text(value)] as const]
    )
  );
}
