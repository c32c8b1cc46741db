/**
 * Gaps: what the observers themselves said they missed, and what the fold
 * concludes from facts that don't fit together.
 */
import type { EventOf, JournalEvent, Name } from '../journal/events';
import gapSentences from '../journal/gaps.json';
import type { IReadProblem } from '../journal/read';
import { actsOf, eventsOf, mainProbe, type ISessionLog } from './log';
import { gap } from './gap';
import { remoteExecution, unseededDraws } from './elsewhere';
import { isInFile } from './queries';
import { unexplained } from './meter';
import { coveredRuns, leftByTracer, missedByTracer } from './traced';
import type { IFiles } from './files';
import type { IRuns } from './runs';
import type { GapCode, IDocument, IFile, IGap, IRun, ISession } from './types';

const isGapCode = (code: string): code is GapCode =>
  Object.hasOwn(gapSentences, code);

export interface IGapFacts {
  log: ISessionLog;
  session: Omit<ISession, 'gaps'>;
  runs: IRuns;
  files: IFiles;
  documents: ReadonlyMap<string, IDocument>;
}

/** All gaps of a session, grouped by where they come from. */
export function findGaps(facts: IGapFacts): IGap[] {
  const concluded = [
    ...fromStart(facts),
    ...fromProblems(facts.log.problems),
    ...fromKernel(facts),
    ...fromRuns(facts),
    ...fromProbes(facts),
    ...fromFiles(facts),
    ...fromMeters(facts),
    ...fromScan(facts),
    ...fromDocuments(facts),
    ...unseededDraws(facts.runs.runs),
    ...remoteExecution(facts.runs.runs)
  ];
  const known = new Set(concluded.map(g => g.code));
  const all = [...concluded, ...stated(facts.log, known)];
  return closeByTracer(facts, all);
}

/** What a tracer saw isn't missing; what it was to see and didn't is. */
function closeByTracer({ log, runs }: IGapFacts, gaps: IGap[]): IGap[] {
  const covered = coveredRuns(log);
  const missed = missedByTracer(log, runs.runs, covered);
  const left = leftByTracer(gaps, runs.runs, covered);
  return missed === null ? left : [...left, gap('tracer-stopped', missed)];
}

/** What observers stated, unless the fold concluded the same from the facts. */
function stated(log: ISessionLog, known: ReadonlySet<GapCode>): IGap[] {
  const files = [log.recorder, ...log.probes.map(p => p.events)];
  const events = files.flatMap(each => [...eventsOf(each, 'gap')]);
  return events.flatMap(event => {
    const found = statedGap(event);
    const twice = SAID_TWICE.has(found.code) && known.has(found.code);
    return twice || found.code === 'tracer-stopped' ? [] : [found];
  });
}

/** Codes that the fold finds by itself where the facts are there. */
const SAID_TWICE: ReadonlySet<GapCode> = new Set<GapCode>([
  'late-start',
  'no-probe',
  'no-recorder',
  'audit-vetoed',
  'paused',
  'kernel-died',
  'no-scan',
  'scan-incomplete',
  'probe-silent'
]);

function statedGap(event: EventOf<'gap'>): IGap {
  const { covers } = event;
  const run = covers.run ?? (event['run'] as string | null | undefined) ?? null;
  const path = covers.path ?? null;
  if (!isGapCode(event.code)) {
    return gap('unknown-event', {
      run,
      path,
      detail: 'gap of an unknown kind'
    });
  }
  const detail = covers.library ?? covers.reason ?? null;
  return gap(event.code, { count: covers.count ?? 1, run, path, detail });
}

function fromStart({ log, session, runs }: IGapFacts): IGap[] {
  const gaps: IGap[] = [];
  if (session.runsMissed > 0) {
    gaps.push(gap('late-start', { count: session.runsMissed }));
  }
  if (!session.hasRecorder) {
    gaps.push(gap('no-recorder'));
  }
  if (session.install === 'none') {
    gaps.push(gap('no-probe', { count: Math.max(1, runs.runs.length) }));
  }
  if (mainProbe(log)?.hello?.channels.audit === 'vetoed') {
    gaps.push(gap('audit-vetoed'));
  }
  return gaps;
}

function fromProblems(problems: readonly IReadProblem[]): IGap[] {
  return problems.map(({ code, count, detail }) =>
    gap(code === 'unknown-type' ? 'unknown-event' : 'event-gap', {
      count,
      detail
    })
  );
}

function fromKernel({ log, session }: IGapFacts): IGap[] {
  const gaps: IGap[] = [];
  const told = eventsOf(log.recorder, 'recording.paused', 'kernel.died');
  for (const { type } of told) {
    gaps.push(gap(type === 'kernel.died' ? 'kernel-died' : 'paused'));
  }
  if (session.previousSid !== null) {
    gaps.push(gap('kernel-restarted'));
  }
  return gaps;
}

function fromRuns({ session, runs }: IGapFacts): IGap[] {
  const gaps: IGap[] = [];
  if (runs.probeSilent > 0 && session.install !== 'none') {
    gaps.push(gap('probe-silent', { count: runs.probeSilent }));
  }
  const foreign = foreignRuns(session);
  for (const run of runs.runs) {
    const here = { run: run.id };
    if (run.kind === 'silent') {
      gaps.push(gap('silent-run', here));
    }
    if (run.kind === 'callback' || asksForInput(run)) {
      gaps.push(gap('user-input', here));
    }
    if (run.status === 'killed') {
      gaps.push(gap('killed-run', here));
    }
    if (run.overlapped) {
      gaps.push(gap('overlapping-runs', here));
    }
    if (run.outlived) {
      gaps.push(gap('background-thread', here));
    }
    if (run.textForgotten) {
      gaps.push(gap('text-forgotten', here));
    }
    if (makesCode(run)) {
      gaps.push(gap('dynamic-code', here));
    }
    if (run.asked === 'past-server' && !isNamed(run, session)) {
      gaps.push(gap('kernel-originated', here));
    }
    if (foreign.has(run.id)) {
      gaps.push(
        gap('second-client', { ...here, detail: foreign.get(run.id)! })
      );
    }
  }
  for (const { verdict } of session.withoutRun) {
    gaps.push(gap(verdict === 'aborted' ? 'aborted-run' : 'unknown-request'));
  }
  return gaps;
}

/** Builtins and methods that make code of a text; the others only reach names. */
const MAKING = new Set(
  'exec eval compile run_cell run_cell_async run_code ex'.split(' ')
);

/** Functions of the standard library that run a text as code. */
const RUNS_TEXT =
  /^(timeit|cProfile|profile|doctest|runpy|code|codeop|pdb|trace)(\.|$)/;

function makesCode({ facts }: IRun): boolean {
  return (
    facts !== null &&
    (facts.dynamic.some(name => MAKING.has(name)) ||
      facts.calls.some(call => RUNS_TEXT.test(functionOf(call))))
  );
}

/** A call of `input`, or of `getpass`. */
function asksForInput({ facts }: IRun): boolean {
  return (
    facts?.calls.some(call => {
      const called = functionOf(call);
      return (
        called === 'getpass.getpass' ||
        (call.name === 'input' && !/^__main__\./.test(called))
      );
    }) ?? false
  );
}

type Call = NonNullable<IRun['facts']>['calls'][number];

/** Of a call on a module the probe names the module. */
const functionOf = ({ name, receiverType, target }: Call): string =>
  receiverType === 'module'
    ? `${target ?? ''}.${name.split('.').at(-1)!}`
    : (target ?? '');

/** Clients that are known to reach kernels on a way of their own. */
const DIRECT = new Set(['console', 'server-side executor', 'headless']);

const isNamed = ({ client }: IRun, { clients }: Pick<ISession, 'clients'>) =>
  clients.some(({ id, label }) => id === client && DIRECT.has(label));

/** Runs of clients that belong to no notebook, beside one that does: id → label. */
function foreignRuns(
  session: Pick<ISession, 'runs' | 'clients'>
): Map<string, string> {
  const labels = new Map(session.clients.map(c => [c.id, c.label]));
  const found = new Map<string, string>();
  if (!session.runs.some(run => run.docId !== null)) {
    return found;
  }
  for (const run of session.runs) {
    if (run.docId === null && run.client !== null && run.parent === null) {
      found.set(run.id, labels.get(run.client) ?? 'unknown client');
    }
  }
  return found;
}

/** What each event of a probe means as a gap: things that were seen to happen but not seen into. */
function fromProbes({ log, files }: IGapFacts): IGap[] {
  const gaps: IGap[] = [];
  const told = new Set(
    log.probes.flatMap(({ hello }) =>
      hello?.install === 'child' ? [hello.pid] : []
    )
  );
  const seen = new Set<string>();
  const once = (code: GapCode, event: JournalEvent, detail: string) => {
    const run = (event['run'] as string | null | undefined) ?? null;
    const key = `${code}\0${run}\0${detail}`;
    if (!seen.has(key)) {
      seen.add(key);
      gaps.push(gap(code, { run, detail }));
    }
  };
  for (const event of log.probes.flatMap(p => [...actsOf(p.events)])) {
    switch (event.type) {
      case 'process.started':
        if (event.by !== 'tracer' && !event.probed && !isTold(event, told)) {
          gaps.push(
            gap('child-process', { run: event.run, detail: event.how })
          );
        }
        break;
      case 'net.connected':
        once('network', event, event.host);
        break;
      case 'http.requested':
      case 'remote.read':
        once('network', event, hostOf(event.url));
        break;
      case 'db.queried':
        if (
          !isInFile({
            dialect: event.dialect ?? null,
            host: event.host ?? null
          })
        ) {
          once('network', event, event.host ?? event.dialect ?? 'database');
        }
        break;
      default: // other events are no gap
        break;
    }
  }
  for (const { path, run } of files.mapped) {
    gaps.push(gap('mapped-write', { path, run }));
  }
  return gaps;
}

/** A Python that carried the probe told its own story; a shell may have done more than start it. */
function isTold(
  event: EventOf<'process.started'>,
  told: ReadonlySet<number>
): boolean {
  return event.pid !== null && told.has(event.pid) && event.shell !== true;
}

/** Host of a URL, without a user or a port. */
function hostOf(url: string): string {
  return /^[^:/?#]+:\/\/(?:[^@/?#]*@)?([^:/?#]*)/.exec(url)?.[1] ?? 'unknown';
}

function fromFiles({ session, runs }: IGapFacts): IGap[] {
  const listed = session.files.filter(f => !f.classification.noise);
  const gaps = listed.flatMap(file => fileGaps(file, runs));
  const keys = new Set(listed.map(f => f.key));
  const loose = new Map<string, Name>();
  for (const { run, version } of session.reads) {
    if (run === null && keys.has(version.key)) {
      loose.set(version.key, version.path);
    }
  }
  for (const file of listed) {
    const written = file.versions.some(
      v => v.origin === 'run' && v.writers === null && v.late === undefined
    );
    if (written) {
      loose.set(file.key, file.path);
    }
  }
  return [
    ...gaps,
    ...[...loose.values()].map(path => gap('unattributed', { path }))
  ];
}

/** One gap of a kind for a file, however many of its versions show it. */
function fileGaps(file: IFile, runs: IRuns): IGap[] {
  const found = new Map<GapCode, IGap>();
  const add = (code: GapCode, run: string | null) => {
    const before = found.get(code);
    found.set(code, before ?? gap(code, { path: file.path, run }));
  };
  for (const version of file.versions) {
    const run = runs.runs[(version.writers?.[0] ?? 0) - 1]?.id ?? null;
    if (version.stillOpen) {
      add('still-open', run);
    }
    if (version.racy) {
      add('racy-timestamp', run);
    }
    if (version.late !== undefined) {
      add('late-write', runs.runs[version.late.run - 1]?.id ?? null);
    } else if (version.origin === 'run' && version.certainty === 'may') {
      add('write-by-scan', run);
    }
  }
  return [...found.values()];
}

/** Bytes that no event explains, and the libraries that may have moved them. */
function fromMeters({ log, session, files }: IGapFacts): IGap[] {
  return unexplained(log, session.runs, files.files).flatMap(
    ({ run, amount, libraries }) => [
      gap('unattributed-bytes', { run, detail: amount }),
      ...libraries.map(name =>
        gap('native-io', { run, detail: `${name}, ${amount}` })
      )
    ]
  );
}

function fromScan({ log, session }: IGapFacts): IGap[] {
  if (session.scan === 'none') {
    return [gap('no-scan')];
  }
  const roots = new Map<string, Name>();
  for (const event of eventsOf(log.recorder, 'scan.done')) {
    if (!event.complete) {
      roots.set(JSON.stringify(event.root), event.root);
    }
  }
  for (const event of eventsOf(log.recorder, 'folder.manifest')) {
    if (event.complete === false) {
      roots.set(JSON.stringify(event.path), event.path);
    }
  }
  return [...roots.values()].map(path => gap('scan-incomplete', { path }));
}

/** Cells that ran with another text than was saved last, or that are gone. */
function fromDocuments({ session, documents }: IGapFacts): IGap[] {
  const gaps: IGap[] = [];
  for (const { docId, path, saved } of documents.values()) {
    if (saved?.cells == null) {
      continue;
    }
    const texts = new Map(saved.cells.map(c => [c.cellId, c.code.sha256]));
    const last = new Map<string, string>();
    for (const run of session.runs) {
      if (run.docId === docId && run.cellId !== null && run.code !== null) {
        last.set(run.cellId, run.code.sha256);
      }
    }
    const differing = [...last].filter(([id, text]) => texts.get(id) !== text);
    if (differing.length > 0) {
      gaps.push(gap('notebook-differs', { count: differing.length, path }));
    }
  }
  return gaps;
}

/** Reads of a session whose bytes have no (or no certain) digest: one gap a version. */
export function digestGaps(
  reads: ISession['reads'],
  noise: ReadonlySet<string>
): IGap[] {
  const gaps = new Map<ISession['reads'][number]['version'], IGap>();
  for (const { version, unstable } of reads) {
    if (noise.has(version.key)) {
      continue;
    }
    const here = { path: version.path, detail: version.absent };
    if (unstable) {
      gaps.set(version, gap('unstable-file', here));
    } else if (version.sha256 === null && !gaps.has(version)) {
      gaps.set(version, gap('digest-absent', here));
    }
  }
  return [...gaps.values()];
}
