/** `create`: the record of files that a recorded session wrote. */
import path from 'node:path';
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  ICreateRequest
} from '../../api';
import { signBundle, signerFromPem } from '../../envelope/sign';
import { AttestRequested, type RecordOptions } from '../../journal/events';
import { nameText } from '../../journal/names';
import { prepare, prepareAgain, takeMissing, type IPrepared } from '../attest';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { CliError, EXIT_NO } from '../errors';
import { statOf, writeAtomic } from '../files';
import {
  cutSession,
  History,
  readJournals,
  type IRecordedSession
} from '../history';
import { keepRecord, makeAttestFolder, type IKept } from '../keep';
import { ensureSigningKey } from '../keys';
import {
  matchSubject,
  refuse,
  Refusal,
  takeSubjects,
  type ISubject
} from '../subjects';
import type { IProgress } from '../terminal';
import { traceSubject, withEarlier, type ITaken, type ITraced } from '../trace';
import { formatCreated, formatRefused } from '../words';
import { compareWithDisk, lastWrites, writerNumber } from '../written';

export interface ICreateOptions extends ICommonOptions {
  for?: string[];
  session?: string;
  notebook?: string;
  journal?: string[];
  sign?: 'local' | 'none';
  dryRun?: boolean;
  output?: string;
  code?: boolean;
  packages?: boolean;
  userName?: boolean;
  fullPaths?: boolean;
  stdin?: boolean;
  draft?: boolean;
}

/** A request, whether it came as options, from a server or from `execute --attest`. */
interface IWish extends ICreateRequest {
  journal?: string[] | undefined;
  output?: string | undefined;
  draft?: boolean | undefined;
}

export async function runCreate(
  context: IContext,
  options: ICreateOptions
): Promise<number> {
  const wish =
    options.stdin === true
      ? readWish(await context.terminal.readInput())
      : toWish(options);
  return create(context, options, wish);
}

/** The record of everything that a session wrote and that is still unchanged. */
export async function createForSession(
  context: IContext,
  options: ICommonOptions,
  sid: string
): Promise<number> {
  return create(context, options, { for: [], session: sid, sign: 'local' });
}

function toWish(options: ICreateOptions): IWish {
  const { session, notebook, journal, output, dryRun, draft } = options;
  const named = session ?? notebook ?? journal;
  if (options.for === undefined && named === undefined) {
    throw new CliError(
      'usage',
      'Say which file the record is about: create --for FILE'
    );
  }
  const wanted: Partial<RecordOptions> = {
    code: options.code !== false,
    packages: options.packages !== false,
    userName: options.userName === true,
    fullPaths: options.fullPaths === true
  };
  return {
    for: options.for ?? [],
    sign: options.sign ?? 'local',
    options: wanted,
    dryRun: dryRun === true,
    journal,
    output,
    draft,
    ...(session === undefined ? {} : { session }),
    ...(notebook === undefined ? {} : { notebook })
  };
}

/** A request from standard input, as the server sends it. */
function readWish(text: string): IWish {
  const wrong = (what: string): CliError =>
    new CliError('usage', `The request on standard input ${what}.`);
  let wish: Partial<ICreateRequest>;
  try {
    wish = JSON.parse(text) as Partial<ICreateRequest>;
  } catch {
    throw wrong('is not JSON');
  }
  const isText = (value: unknown): boolean =>
    value === undefined || typeof value === 'string';
  if (
    !Array.isArray(wish.for) ||
    !wish.for.every(each => typeof each === 'string') ||
    !isText(wish.session) ||
    !isText(wish.notebook) ||
    (wish.sign !== 'local' && wish.sign !== 'none')
  ) {
    throw wrong('is not one that this version understands');
  }
  const request =
    wish.request === undefined || wish.request === null
      ? null
      : AttestRequested.safeParse(wish.request);
  if (request !== null && !request.success) {
    throw wrong('holds a preview that this version does not understand');
  }
  return { ...wish, for: wish.for, sign: wish.sign };
}

async function create(
  context: IContext,
  options: ICommonOptions,
  wish: IWish
): Promise<number> {
  const report = new Reporter(context, options);
  try {
    const done =
      wish.draft === true
        ? await createDraft(context, options, wish, report)
        : await createRecordOf(context, options, wish, report);
    report.stop();
    report.finish(done, wish.dryRun === true);
    return 0;
  } catch (error) {
    report.stop();
    if (error instanceof Refusal) {
      report.refused(error.reply);
      return EXIT_NO;
    }
    throw error;
  }
}

/** Progress and answer, as JSON lines or for a person. */
class Reporter {
  constructor(
    private readonly context: IContext,
    private readonly options: ICommonOptions
  ) {}

  progress(
    step: 'reading' | 'comparing' | 'writing',
    done: number,
    total: number,
    file?: string
  ): void {
    const name = file === undefined ? undefined : path.basename(file);
    if (this.options.json === true) {
      this.line({
        type: 'progress',
        step,
        done,
        total,
        ...(name === undefined ? {} : { name })
      });
    } else {
      this.bar ??= this.context.terminal.progress('', total, 'bytes');
      this.bar.update(done, total, `Comparing ${name ?? ''}`);
    }
  }

  finish(done: ICreateDone & { kept: IKept | null }, dryRun: boolean): void {
    const { kept, ...reply } = done;
    if (this.options.json === true) {
      this.line(reply);
    } else if (dryRun) {
      this.context.terminal.out(`${reply.statement}\n`);
      this.context.terminal.err(
        formatCreated(this.context, this.options, reply, null)
      );
    } else {
      this.context.terminal.out(
        formatCreated(this.context, this.options, reply, kept)
      );
    }
  }

  refused(reply: ICreateRefused): void {
    if (this.options.json === true) {
      this.line(reply);
    } else {
      this.context.terminal.err(
        formatRefused(this.context, this.options, reply)
      );
    }
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private line(progress: CreateProgress): void {
    this.context.terminal.out(`${JSON.stringify(progress)}\n`);
  }

  private bar: IProgress | null = null;
}

type Done = ICreateDone & { kept: IKept | null };

async function createRecordOf(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  report: Reporter
): Promise<Done> {
  const history = new History(context.places.home);
  const { prepared, subjects } = await prepareWish(
    context,
    options,
    wish,
    history,
    report
  );
  if (wish.dryRun === true) {
    const hint =
      wish.sign === 'local' ? ensureSigningKey(context.places.keys).hint : null;
    return describe(context, options, prepared, { hint, dryRun: true });
  }
  report.progress('writing', 0, 1);
  const key =
    wish.sign === 'local' ? ensureSigningKey(context.places.keys) : null;
  const bundle =
    key === null
      ? null
      : await signBundle(
          prepared.record.bytes,
          await signerFromPem(key.privatePem)
        );
  const kept = keepRecord({
    home: context.places.home,
    prepared,
    subjects,
    bundle,
    keyHint: key?.hint ?? null,
    output:
      wish.output === undefined
        ? null
        : resolveName(context, options, wish.output),
    now: context.now()
  });
  return describe(context, options, prepared, {
    hint: key?.hint ?? null,
    dryRun: false,
    kept
  });
}

function describe(
  context: IContext,
  options: ICommonOptions,
  { request, record }: IPrepared,
  end: { hint: string | null; dryRun: boolean; kept?: IKept }
): Done {
  const { hint, dryRun, kept = null } = end;
  const show = (file: string): string => showPath(context, options, file);
  const folder =
    kept?.folder?.problem === null ? kept.folder.path : kept?.record;
  return {
    type: 'done',
    dryRun,
    invocationId: request.invocationId,
    statement: Buffer.from(record.bytes).toString('utf8'),
    statementBytes: record.bytes.length,
    request,
    summary: record.summary,
    signed: hint !== null && !dryRun,
    keyHint: hint,
    record: folder === undefined ? null : show(folder),
    copy:
      kept === null
        ? null
        : { path: show(kept.copy.path), problem: kept.copy.problem },
    kept
  };
}

interface IReady {
  prepared: IPrepared;
  subjects: ISubject[];
}

async function prepareWish(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  history: History,
  report: Reporter
): Promise<IReady> {
  if (wish.request !== undefined && wish.request !== null) {
    return prepareRequest(context, options, wish.request, history, report);
  }
  const named = namedSession(context, options, wish, history);
  const names =
    wish.for.length > 0
      ? wish.for.map(name => resolveName(context, options, name))
      : await unchangedWrites(named);
  const subjects = await takeAll(names, report);
  const traced = traceAll(context, options, history, subjects, named);
  const start = [
    ...new Set([
      ...traced.flatMap(({ session }) => (session === null ? [] : [session])),
      ...(named === null ? [] : [named])
    ])
  ];
  const { sessions, taken } = await withEarlier(history, start, session =>
    takeMissing(session, (done, total, name) =>
      report.progress('reading', done, total, name)
    )
  );
  const prepared = prepare({
    subjects: traced,
    sessions,
    taken,
    options: wish.options,
    notebook:
      wish.notebook === undefined
        ? null
        : resolveName(context, options, wish.notebook),
    now: context.now()
  });
  return { prepared, subjects };
}

function takeAll(
  names: readonly string[],
  report: Reporter
): Promise<ISubject[]> {
  return takeSubjects(
    names,
    (_, name) => (done, total) =>
      report.progress('comparing', done, total, name)
  );
}

/** The session that the caller named, however they did. */
function namedSession(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  history: History
): IRecordedSession | null {
  if (wish.journal !== undefined) {
    return readJournals(
      wish.journal.map(name => resolveName(context, options, name))
    );
  }
  if (wish.session !== undefined) {
    return history.get(wish.session);
  }
  if (wish.notebook === undefined || wish.for.length > 0) {
    return wish.notebook === undefined
      ? null
      : newestOf(history, resolveName(context, options, wish.notebook));
  }
  const found = newestOf(history, resolveName(context, options, wish.notebook));
  if (found === null) {
    throw refuse(
      'no-session',
      `Nothing has been recorded for ${wish.notebook}.`
    );
  }
  return found;
}

/** The newest session of a notebook. */
function newestOf(history: History, notebook: string): IRecordedSession | null {
  const all = [...history.all()].filter(({ session }) =>
    session.documents.some(each => nameText(each.path) === notebook)
  );
  return all.reduce<IRecordedSession | null>(
    (newest, each) =>
      newest === null || each.session.startedAt > newest.session.startedAt
        ? each
        : newest,
    null
  );
}

const ALL_SIZES = Number.POSITIVE_INFINITY;

/** Paths of what a session wrote and nothing changed since. */
async function unchangedWrites(
  named: IRecordedSession | null
): Promise<string[]> {
  if (named === null) {
    throw refuse('no-subject', 'Say which file the record is about.');
  }
  const names: string[] = [];
  for (const { file, version } of lastWrites(named.session)) {
    const { state } = await compareWithDisk(version, ALL_SIZES);
    const { kind } = file.classification;
    if (state === 'unchanged' && kind !== 'cache' && kind !== 'log') {
      names.push(nameText(version.path));
    }
  }
  if (names.length === 0) {
    throw refuse(
      'nothing-written',
      'This session wrote no file that is still there unchanged, so there is nothing to make a record of.'
    );
  }
  return names;
}

/** Find the write of every subject, or refuse. */
function traceAll(
  context: IContext,
  options: ICommonOptions,
  history: History,
  subjects: readonly ISubject[],
  named: IRecordedSession | null
): ITraced[] {
  const traced = subjects.map(subject => traceOne(history, subject, named));
  const changed = traced.filter(({ match }) => match.kind === 'changed');
  if (changed.length > 0) {
    throw refuseChanged(context, options, changed);
  }
  const unseen = traced.filter(
    ({ match, subject }) => match.kind === 'not-seen' && !subject.whole
  );
  if (named === null && unseen.length > 0) {
    const names = unseen.map(({ subject }) =>
      showPath(context, options, subject.path)
    );
    throw refuse(
      'no-session',
      `No recorded session wrote ${names.join(', ')}. If one did unseen, name its notebook: create --for FILE --notebook NOTEBOOK`
    );
  }
  return traced;
}

/** In the named session first; a write that wasn't seen there may be another's. */
function traceOne(
  history: History,
  subject: ISubject,
  named: IRecordedSession | null
): ITraced {
  if (subject.whole) {
    return { subject, session: null, match: { kind: 'not-seen' } };
  }
  if (named === null) {
    return traceSubject(history, subject);
  }
  const match = matchSubject(named.session, subject);
  if (match.kind !== 'not-seen') {
    return { subject, session: named, match };
  }
  const elsewhere = traceSubject(history, subject);
  return elsewhere.match.kind === 'written'
    ? elsewhere
    : { subject, session: null, match };
}

function refuseChanged(
  context: IContext,
  options: ICommonOptions,
  changed: readonly ITraced[]
): Refusal {
  const files = changed.map(({ subject, match }) => {
    const version = match.kind === 'changed' ? match.version : null;
    return {
      path: showPath(context, options, subject.path),
      run: version === null ? null : writerNumber(version),
      recordedSha256: version?.sha256 ?? null,
      recordedAt: version?.at ?? null,
      nowSha256: subject.sha256,
      nowAt: new Date(Number(statOf(subject.path)?.mtimeMs ?? 0n)).toISOString()
    };
  });
  const [first] = files;
  const run = first?.run === null ? 'the session' : `run ${first?.run}`;
  return refuse(
    'changed',
    files.length === 1
      ? `${first?.path} isn't the file that ${run} wrote.`
      : `${files.length} files aren't the ones that the session wrote.`,
    files
  );
}

/** Make the record of a preview: same bytes, or none. */
async function prepareRequest(
  context: IContext,
  options: ICommonOptions,
  request: AttestRequested,
  history: History,
  report: Reporter
): Promise<IReady> {
  const paths = [...new Set(request.subjects.map(each => nameText(each.path)))];
  const subjects = await takeAll(paths, report);
  const changed = request.subjects.filter(
    wanted => !subjects.some(each => each.sha256 === wanted.sha256)
  );
  if (changed.length > 0) {
    throw refuse(
      'changed',
      `${nameText(changed[0]?.path ?? '')} has changed since the preview. Look at a new preview.`,
      changed.map(wanted => {
        const name = nameText(wanted.path);
        const now = subjects.find(each => each.path === name);
        return {
          path: showPath(context, options, name),
          run: null,
          recordedSha256: wanted.sha256,
          recordedAt: request.t,
          nowSha256: now?.sha256 ?? null,
          nowAt: null
        };
      })
    );
  }
  const sids = [...new Set(request.prefixes.map(prefix => prefix.sid))];
  const sessions = sids.map(sid =>
    cutSession(history.get(sid), request.prefixes)
  );
  const taken: ITaken[] = [];
  for (const { session } of sessions) {
    taken.push(
      ...(await takeMissing(session, (done, total, name) =>
        report.progress('reading', done, total, name)
      ))
    );
  }
  return { prepared: prepareAgain(request, sessions, taken), subjects };
}

/** At most this many subjects in a draft: the newest ones. */
const DRAFT_SUBJECTS = 1024;

/** The unsigned draft beside a notebook, about all that its session wrote. */
async function createDraft(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  report: Reporter
): Promise<Done> {
  if (wish.notebook === undefined || wish.session === undefined) {
    throw new CliError('usage', 'A draft needs --session and --notebook.');
  }
  const history = new History(context.places.home);
  const names = await unchangedWrites(history.get(wish.session));
  const { prepared } = await prepareWish(
    context,
    options,
    { ...wish, for: names.slice(0, DRAFT_SUBJECTS) },
    history,
    report
  );
  const notebook = resolveName(context, options, wish.notebook);
  const file = path.join(makeAttestFolder(notebook), 'draft.intoto.json');
  writeAtomic(file, prepared.record.bytes);
  return {
    ...describe(context, options, prepared, { hint: null, dryRun: false }),
    record: showPath(context, options, file)
  };
}
