/** `sessions [PATH]`: what was recorded, newest first. */
import path from 'node:path';
import type { ISessionsReply, ISessionSummary, IWrittenFile } from '../../api';
import type { ISession } from '../../session/types';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { isSameFile } from '../files';
import { History, type IRecordedSession } from '../history';
import { isAlive, isOfThisHost, observersIn } from '../journals';
import { nameText } from '../../journal/names';
import { Corrections } from '../project';
import {
  formatTime,
  listNames,
  plural,
  printable,
  shortDigest,
  shorten,
  table
} from '../text';
import { formatBytes } from '../terminal';
import { describeWrite, lastWrites } from '../written';

/** People see this many files of a session; `--json` has all. */
const SHOWN_FILES = 8;

export async function runSessions(
  context: IContext,
  name: string | null,
  options: ICommonOptions
): Promise<number> {
  const history = new History(context.places.home);
  const wanted = name === null ? null : resolveName(context, options, name);
  const reply: ISessionsReply = { sessions: [], problems: [] };
  const found: ISession[] = [];
  for (const recorded of history.all(reply.problems)) {
    const { session } = recorded;
    if (wanted === null || concerns(session, wanted)) {
      found.push({ ...session, state: stateNow(recorded) });
    }
  }
  found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  for (const session of found) {
    reply.sessions.push(await summarizeSession(context, options, session));
  }
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : format(context, reply, name)
  );
  return 0;
}

/** A session whose observers are all gone without a word doesn't run any more. */
function stateNow({ session, sources }: IRecordedSession): ISession['state'] {
  if (session.state !== 'running') {
    return session.state;
  }
  const here = sources
    .flatMap(({ bytes }) => observersIn(bytes))
    .filter(isOfThisHost);
  return here.length > 0 && !here.some(isAlive) ? 'unknown' : 'running';
}

/** Whether a session is one of this notebook, or wrote this file. */
export function concerns(session: ISession, file: string): boolean {
  return (
    session.documents.some(document =>
      isSameFile(nameText(document.path), file)
    ) ||
    lastWrites(session).some(({ version }) =>
      isSameFile(nameText(version.path), file)
    )
  );
}

async function summarizeSession(
  context: IContext,
  options: ICommonOptions,
  session: ISession
): Promise<ISessionSummary> {
  const show = (file: string): string => showPath(context, options, file);
  const written: IWrittenFile[] = [];
  const corrections = new Corrections();
  for (const write of lastWrites(session)) {
    written.push(await describeWrite(session, write, show, corrections));
  }
  return {
    sid: session.sid,
    kernelId: session.kernelId,
    kernelName: session.kernelName,
    startedAt: session.startedAt,
    endedAt: session.endedAt,
    state: session.state,
    notebooks: session.documents.map(each => show(nameText(each.path))),
    runs: session.runs.length,
    filesRead: countFilesRead(session),
    gaps: new Set(session.gaps.map(gap => gap.code)).size,
    runsMissed: session.runsMissed,
    written
  };
}

function countFilesRead(session: ISession): number {
  const noise = new Set(
    session.files
      .filter(file => file.classification.noise)
      .map(file => file.key)
  );
  return new Set(
    session.reads.map(read => read.version.key).filter(key => !noise.has(key))
  ).size;
}

function format(
  context: IContext,
  reply: ISessionsReply,
  name: string | null
): string {
  const problems = reply.problems.map(
    ({ message }) => `Can't be read: ${printable(message, 400)}`
  );
  if (reply.sessions.length === 0) {
    const none =
      name === null
        ? `Nothing has been recorded yet in ${context.places.home}.`
        : `Nothing has been recorded for ${printable(name)}.`;
    const how = `Run a notebook with: ${context.program} execute NOTEBOOK, or work in JupyterLab.`;
    return `${[none, how, ...problems].join('\n')}\n`;
  }
  const blocks = reply.sessions.map(session => formatSession(session));
  return `${[...blocks, ...problems].join('\n\n')}\n`;
}

const STATE_WORDS: Record<ISessionSummary['state'], string> = {
  running: 'running',
  ended: 'ended',
  restarted: 'ended by a restart',
  died: 'the kernel died',
  unknown: 'not known how it ended'
};

function formatSession(session: ISessionSummary): string {
  const names = session.notebooks.map(each => printable(path.basename(each)));
  const title = names.length === 0 ? '(no notebook)' : listNames(names);
  const counts = [
    plural(session.runs, 'run'),
    `${plural(session.filesRead, 'file')} read`,
    `${plural(session.written.length, 'file')} written`,
    session.gaps === 0 ? 'no gaps noticed' : plural(session.gaps, 'gap')
  ];
  const late =
    session.runsMissed === 0
      ? []
      : [
          `  Started late: at least ${plural(session.runsMissed, 'run')} before recording began.`
        ];
  return [
    `${title} · ${formatTime(session.startedAt)} · ${STATE_WORDS[session.state]}`,
    `  ${session.sid}`,
    `  ${counts.join(', ')}`,
    ...late,
    ...formatWritten(session.written)
  ].join('\n');
}

const FILE_STATE_WORDS: Record<IWrittenFile['state'], string> = {
  unchanged: 'unchanged',
  changed: 'changed since',
  gone: 'gone',
  'not-checked': 'not checked'
};

function formatWritten(written: readonly IWrittenFile[]): string[] {
  const rows = written
    .slice(0, SHOWN_FILES)
    .map(file => [
      `    ${shorten(printable(file.path), 36)}`,
      file.sizeBytes === null ? '' : formatBytes(file.sizeBytes),
      file.sha256 === null ? '-' : shortDigest(file.sha256),
      FILE_STATE_WORDS[file.state],
      file.run === null ? '' : `run ${file.run}`
    ]);
  const hidden = written.length - rows.length;
  return [
    ...table(rows),
    ...(hidden > 0 ? [`    and ${plural(hidden, 'more file')}`] : [])
  ];
}
