/** `forget`: delete recorded texts or whole sessions, and the copies of them. */
import fs from 'node:fs';
import path from 'node:path';
import type { IForgetReply } from '../../api';
import { nameText } from '../../journal/names';
import { showPath, type ICommonOptions, type IContext } from '../context';
import { CliError, EXIT_NO, systemReason } from '../errors';
import { listFolder, readLimited, statOf } from '../files';
import { History, type IRecordedSession } from '../history';
import {
  findSession,
  isAlive,
  listSessions,
  observersIn,
  readIndex
} from '../journals';
import { attestFolder } from '../keep';
import { homeRecords } from '../records';
import { formatTime, listNames, plural, printable } from '../text';
import { addTombstones } from '../tombstones';
import { writeAtomic } from '../files';

export interface IForgetOptions extends ICommonOptions {
  session?: string;
  run?: string;
  before?: string;
  yes?: boolean;
}

/** What is to go. */
interface IPlan {
  /** Sessions that go whole. */
  sessions: IDoomed[];
  /** One text of one session. */
  text: { session: IRecordedSession; sha256: string; run: number } | null;
}

interface IDoomed {
  sid: string;
  folder: string;
  /** Null when it can't be read; it can be deleted all the same. */
  recorded: IRecordedSession | null;
}

export async function runForget(
  context: IContext,
  options: IForgetOptions
): Promise<number> {
  const plan = makePlan(context, options);
  if (plan.sessions.length === 0 && plan.text === null) {
    return answer(context, options, EMPTY, 'There is nothing to forget.');
  }
  const question = `${describePlan(plan)} This can't be undone.`;
  if (options.yes !== true && options.json !== true) {
    const agreed = await context.terminal.confirm(`${question} Go on?`);
    if (agreed === null) {
      throw new CliError(
        'usage',
        `${question} Add --yes to do it without a question.`
      );
    }
    if (!agreed) {
      context.terminal.err('Nothing was deleted.\n');
      return EXIT_NO;
    }
  }
  const reply = carryOut(context, plan);
  return answer(context, options, reply, summary(context, reply));
}

const EMPTY: IForgetReply = {
  sessions: [],
  texts: [],
  files: [],
  problems: []
};

function makePlan(context: IContext, options: IForgetOptions): IPlan {
  const { session, run, before } = options;
  const given = [session, before].filter(each => each !== undefined);
  if (given.length !== 1 || (run !== undefined && session === undefined)) {
    throw new CliError(
      'usage',
      'Say what to forget: --session ID, --session ID --run R, or --before DATE.'
    );
  }
  const history = new History(context.places.home);
  if (session !== undefined && run !== undefined) {
    return { sessions: [], text: findText(history.get(session), run) };
  }
  return {
    text: null,
    sessions:
      session === undefined
        ? sessionsBefore(context, history, before ?? '')
        : [oneSession(context, history, session)]
  };
}

function findText(
  recorded: IRecordedSession,
  wanted: string
): NonNullable<IPlan['text']> {
  const run = recorded.session.runs.find(
    ({ id, number }) =>
      id === wanted || id === `${wanted}/0` || String(number) === wanted
  );
  if (run === undefined) {
    throw new CliError(
      'missing',
      `Session ${recorded.session.sid} has no run ${wanted}.`
    );
  }
  if (run.code === null) {
    throw new CliError('missing', `Run ${run.number} has no recorded text.`);
  }
  return { session: recorded, sha256: run.code.sha256, run: run.number };
}

function oneSession(context: IContext, history: History, id: string): IDoomed {
  const { sid, folder } = findSession(context.places.home, id);
  const recorded = history.peek(sid);
  if (recorded !== null && isInUse(recorded)) {
    throw new CliError(
      'usage',
      `Session ${sid} is still being recorded. Shut its kernel down first, or forget single runs with --run.`
    );
  }
  return { sid, folder, recorded };
}

/** Sessions that ended before a day. Those still in use stay. */
function sessionsBefore(
  context: IContext,
  history: History,
  date: string
): IDoomed[] {
  const limit = Date.parse(date);
  if (!/^\d{4}-\d\d-\d\d/.test(date) || Number.isNaN(limit)) {
    throw new CliError('usage', `${date} is no date. Write it as 2026-09-01.`);
  }
  return listSessions(context.places.home)
    .map(({ sid, folder }) => ({ sid, folder, recorded: history.peek(sid) }))
    .filter(
      ({ recorded }) =>
        recorded !== null &&
        Date.parse(recorded.session.lastAt) < limit &&
        !isInUse(recorded)
    );
}

/** Whether a process that writes this session still runs. */
function isInUse({ session, sources }: IRecordedSession): boolean {
  return (
    session.state === 'running' &&
    sources.some(({ bytes }) => observersIn(bytes).some(isAlive))
  );
}

function describePlan({ sessions, text }: IPlan): string {
  if (text !== null) {
    const same = text.session.session.runs.filter(
      run => run.code?.sha256 === text.sha256
    );
    const numbers = same.map(run => String(run.number));
    return `Delete the code text of ${same.length === 1 ? 'run' : 'runs'} ${listNames(numbers, 8)}, here and in record folders.`;
  }
  const [first] = sessions;
  const started = first?.recorded?.session.startedAt;
  return sessions.length === 1
    ? `Delete session ${first?.sid}${started === undefined ? '' : ` of ${formatTime(started)}`} with everything recorded in it.`
    : `Delete ${plural(sessions.length, 'session')} with everything recorded in them.`;
}

/** The note is written first: a half-done deletion never looks like a whole record. */
function carryOut(context: IContext, plan: IPlan): IForgetReply {
  const { home } = context.places;
  const reply: IForgetReply = {
    sessions: [],
    texts: [],
    files: [],
    problems: []
  };
  const remove = (file: string, folder = false): boolean => {
    try {
      fs.rmSync(file, { recursive: folder, force: folder });
      return true;
    } catch (error) {
      reply.problems.push(
        `${file} could not be deleted: ${systemReason(error)}.`
      );
      return false;
    }
  };
  const { text } = plan;
  addTombstones(
    home,
    text === null
      ? plan.sessions.map(({ sid }) => ({ session: sid }))
      : [{ session: text.session.session.sid, text: text.sha256 }],
    context.now()
  );
  if (text !== null) {
    const file = path.join(text.session.folder, 'texts', text.sha256);
    if (statOf(file) === null || remove(file)) {
      reply.texts.push(text.sha256);
    }
  }
  for (const { sid, folder } of plan.sessions) {
    if (remove(folder, true)) {
      reply.sessions.push(sid);
    }
  }
  if (reply.sessions.length > 0) {
    dropFromIndex(home, new Set(reply.sessions), reply);
  }
  for (const file of copiesOf(home, plan)) {
    if (remove(file)) {
      reply.files.push(showPath(context, { json: true }, file));
    }
  }
  return reply;
}

/** The index is a cache: lines of deleted sessions go. */
function dropFromIndex(
  home: string,
  sids: ReadonlySet<string>,
  reply: IForgetReply
): void {
  const file = path.join(home, 'index.jsonl');
  if (!readIndex(home).some(({ sid }) => sids.has(sid))) {
    return;
  }
  try {
    const kept = fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .filter(
        line => line !== '' && ![...sids].some(sid => line.includes(sid))
      );
    writeAtomic(file, kept.map(line => `${line}\n`).join(''), { mode: 0o600 });
  } catch (error) {
    reply.problems.push(
      `${file}: ${systemReason((error as Error).cause ?? error)}.`
    );
  }
}

/** Run lists of record folders that hold a text to be forgotten, and drafts of its notebooks. */
function copiesOf(home: string, plan: IPlan): string[] {
  const sids = new Set(plan.sessions.map(({ sid }) => sid));
  const recorded = [
    ...plan.sessions.map(each => each.recorded),
    plan.text?.session ?? null
  ].filter(each => each !== null);
  const notebooks = new Set(
    recorded.flatMap(({ session }) =>
      session.documents.map(({ path: name }) => nameText(name))
    )
  );
  const beside = [...notebooks].map(attestFolder);
  const lists = [
    ...homeRecords(home).map(file => path.dirname(file)),
    ...beside.flatMap(subfolders)
  ].map(folder => path.join(folder, 'runs.json'));
  const drafts = beside.map(folder => path.join(folder, 'draft.intoto.json'));
  return [
    ...new Set([
      ...lists
        .filter(file => holdsText(file, sids, plan.text?.sha256 ?? null))
        .flatMap(withNotebooks),
      ...drafts.filter(file => statOf(file) !== null)
    ])
  ];
}

/** The condensed notebooks beside a run list hold its texts too. */
function withNotebooks(list: string): string[] {
  const folder = path.dirname(list);
  return [
    list,
    ...listFolder(folder)
      .filter(name => name.endsWith('.ipynb'))
      .map(name => path.join(folder, name))
  ];
}

function subfolders(folder: string): string[] {
  try {
    return fs.readdirSync(folder).map(name => path.join(folder, name));
  } catch {
    return [];
  }
}

const RUN_LIST_LIMIT_BYTES = 1024 * 1024 * 1024;

function holdsText(
  file: string,
  sids: ReadonlySet<string>,
  sha256: string | null
): boolean {
  const bytes = readLimited(file, RUN_LIST_LIMIT_BYTES);
  if (bytes === null || typeof bytes === 'string') {
    return false;
  }
  try {
    const { runs } = JSON.parse(bytes.toString('utf8')) as {
      runs: {
        sid?: string;
        code?: { sha256?: string; text?: string | null } | null;
      }[];
    };
    return runs.some(
      ({ sid, code }) =>
        typeof code?.text === 'string' &&
        (code.sha256 === sha256 || (sid !== undefined && sids.has(sid)))
    );
  } catch {
    return false;
  }
}

function summary(context: IContext, reply: IForgetReply): string {
  const { sessions, texts, files, problems } = reply;
  const lines = [
    ...(sessions.length > 0
      ? [`Deleted ${plural(sessions.length, 'session')}.`]
      : []),
    ...(texts.length > 0 ? ['Deleted the text.'] : []),
    ...(files.length > 0
      ? [
          'With it went these copies; the signed records themselves stay as they are:',
          ...files.map(
            file => `  ${printable(showPath(context, {}, file), 400)}`
          )
        ]
      : []),
    ...problems.map(problem => `Not deleted: ${printable(problem, 400)}`),
    'A note that something was deleted is kept.'
  ];
  return lines.join('\n');
}

function answer(
  context: IContext,
  options: ICommonOptions,
  reply: IForgetReply,
  text: string
): number {
  context.terminal.out(
    options.json === true ? `${JSON.stringify(reply)}\n` : `${text}\n`
  );
  return reply.problems.length === 0 ? 0 : EXIT_NO;
}
