/** `create`: the record of files that a recorded session wrote. */
import os from 'node:os';
import path from 'node:path';
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  IRunNote
} from '../../api';
import { signBundle, signerFromPem } from '../../envelope/sign';
import type { AttestRequested } from '../../journal/events';
import { nameText } from '../../journal/names';
import { noteOf } from '../../record/runlist';
import { prepare, prepareAgain, takeMissing, type IPrepared } from '../attest';
import { namedSession, traceAll, unchangedWrites } from '../choose';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { resolveDrops, withDropping, type IDropBase } from '../drops';
import { CliError, EXIT_NO } from '../errors';
import { writeAtomic } from '../files';
import { cutSession, History } from '../history';
import { identify } from '../identities/identify';
import { keepRecord, makeAttestFolder, type IKept } from '../keep';
import { ensureSigningKey } from '../keys';
import { refuse, Refusal, takeSubjects, type ISubject } from '../subjects';
import type { IProgress } from '../terminal';
import { withEarlier, type ITaken } from '../trace';
import { awaitHelpers } from '../waiting';
import { readWish, toWish, type ICreateOptions, type IWish } from '../wish';
import { formatCreated, formatRefused } from '../words';

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

async function create(
  context: IContext,
  options: ICommonOptions,
  wish: IWish
): Promise<number> {
  const report = new Reporter(context, options);
  await awaitHelpers(context);
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

  finish(done: Done, dryRun: boolean): void {
    const { kept, leftOut, ...reply } = done;
    const made = { done: reply, kept, leftOut };
    const { terminal } = this.context;
    if (this.options.json === true) {
      this.line(reply);
    } else if (dryRun) {
      terminal.out(`${reply.statement}\n`);
      terminal.err(formatCreated(this.context, this.options, made));
    } else {
      terminal.out(formatCreated(this.context, this.options, made));
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

type Done = ICreateDone & {
  kept: IKept | null;
  /** Runs that the author left out. */
  leftOut: IRunNote[];
};

async function createRecordOf(
  context: IContext,
  options: ICommonOptions,
  wish: IWish,
  report: Reporter
): Promise<Done> {
  const history = new History(context.places.home);
  const { prepared, subjects, dropping } = await prepareWish(
    context,
    options,
    wish,
    history,
    report
  );
  if (wish.dryRun === true) {
    const hint =
      wish.sign === 'local' ? ensureSigningKey(context.places.keys).hint : null;
    const notes = prepared.record.runs.map(noteOf);
    return {
      ...describe(context, options, prepared, { hint, dryRun: true }),
      runs: dropping === null ? notes : withDropping(notes, dropping)
    };
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
    kept,
    leftOut:
      request.drops.length === 0
        ? []
        : record.runs
            .filter(({ verdict }) => verdict === 'dropped-by-user')
            .map(noteOf)
  };
}

interface IReady {
  prepared: IPrepared;
  subjects: ISubject[];
  /** What a choice of runs to leave out rests on; null for a preview's record. */
  dropping: IDropBase | null;
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
  // A draft is made anew at every save: large and far-away files wait for the record.
  const { sessions, taken } = await withEarlier(
    history,
    start,
    async session =>
      wish.draft === true
        ? []
        : takeMissing(session, (done, total, name) =>
            report.progress('reading', done, total, name)
          )
  );
  const dropping = {
    subjects: traced,
    sessions: sessions.map(({ session }) => session),
    own: start.map(({ session }) => session)
  };
  const prepared = prepare({
    subjects: traced,
    sessions,
    taken,
    identities:
      wish.draft === true ? [] : identify(context.env, dropping.sessions),
    options: wish.options,
    drops: resolveDrops(dropping, wish.drops ?? []),
    notebook:
      wish.notebook === undefined
        ? null
        : resolveName(context, options, wish.notebook),
    userHome: context.env.HOME || os.homedir(),
    now: context.now()
  });
  return { prepared, subjects, dropping };
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
  const sids = [...new Set(request.prefixes.map(prefix => prefix.sid))].filter(
    sid => sid !== ''
  );
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
  const prepared = prepareAgain(request, sessions, taken);
  return { prepared, subjects, dropping: null };
}

/** A draft is made at every other save: larger files are left to the record itself. */
const DRAFT_BYTES = 64 * 1024 * 1024;

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
  const names = await unchangedWrites(history.get(wish.session), DRAFT_BYTES);
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
