/**
 * The condensed notebook: the runs that a record keeps, in the order in which they
 * ran and with the text that ran, as an .ipynb that starts in any Jupyter. A member of
 * the record folder; the statement has its digest only. Format: nbformat 4.5.
 */
import type { IRunVerdict, ISessionSlice } from '../condense/types';
import type { Name } from '../journal/events';
import type { IRun, ISession } from '../session/types';
import { byproduct } from './byproducts';
import { isKept, sessionName, type IRecordContext } from './context';
import { inputsRead } from './dependencies';
import { compare } from './json';
import { pathUpwards } from './paths';
import type {
  ICondensedInput,
  ICondensedKernel,
  ICondensedMetadata,
  ICondensedPlace,
  ICondensedRun,
  ICondensedSubject
} from './replayable';
import type { IByproductFile } from './types';

export const CONDENSED_NAME = 'condensed.ipynb';

/** Kinds of runs that a client asked for; all others came from within one of them. */
const ASKED: readonly IRun['kind'][] = ['cell', 'silent'];

/** A run kept, with the session that it belongs to. */
interface IKeptRun extends IRunVerdict {
  session: ISession;
}

/**
 * The condensed notebook of a record.
 *
 * @returns null when the text of a run kept isn't there: it was forgotten, or never recorded.
 */
export function condensedNotebook(
  context: IRecordContext
): IByproductFile | null {
  const kept = inOrder(context.slice.sessions).filter(({ run }) =>
    ASKED.includes(run.kind)
  );
  const cells = kept.map(each => codeCell(context, each));
  if (kept.length === 0 || cells.some(cell => cell === null)) {
    return null;
  }
  const last = kept.at(-1)!.session;
  return byproduct(context, CONDENSED_NAME, {
    cells: withMarks(context, kept, cells as object[]),
    metadata: {
      kernelspec: {
        display_name: last.kernelName ?? 'Python 3',
        language: last.language ?? 'python',
        name: last.kernelName ?? 'python3'
      },
      language_info: { name: last.language ?? 'python' },
      jupyter_attest: metadataOf(context)
    },
    nbformat: 4,
    nbformat_minor: 5
  });
}

/** Runs kept of all sessions as they began; each session's own order is the recorder's. */
function inOrder(parts: readonly ISessionSlice[]): IKeptRun[] {
  const lists = parts.map(({ session, runs }) => {
    let latest = '';
    return runs.filter(isKept).map(verdict => {
      const { startedAt } = verdict.run;
      latest = startedAt !== null && startedAt > latest ? startedAt : latest;
      return { at: latest, run: { ...verdict, session } };
    });
  });
  return lists
    .flat()
    .sort((a, b) => compare(a.at, b.at))
    .map(({ run }) => run);
}

/* -------------------------------------------------------------------- cells */

function codeCell(
  context: IRecordContext,
  { run, session, verdict, reason }: IKeptRun
): object | null {
  const source =
    run.code === null ? null : context.text(session.sid, run.code.sha256);
  if (source === null) {
    return null;
  }
  const name = sessionName(context, session.sid);
  const facts: ICondensedRun = {
    session: name,
    run: run.number,
    kind: run.kind,
    status: run.status,
    ename: run.ename,
    executionCount: run.executionCount,
    durationMs: durationMs(run),
    ...(listsFiles(context, run) ? { listed: true as const } : {}),
    ...(run.overlapped ? { overlapped: true as const } : {}),
    verdict,
    reason
  };
  const tags = [
    ...(isParameters(session, source) ? ['parameters'] : []),
    ...(run.status === 'error' ? ['raises-exception'] : [])
  ];
  return {
    cell_type: 'code',
    execution_count: run.executionCount,
    id: `${name}-${run.number}`,
    metadata: {
      jupyter_attest: facts,
      ...(tags.length === 0 ? {} : { tags })
    },
    outputs: [],
    source
  };
}

/** The cell that `execute -p` put in, so that other values can be given again. */
function isParameters({ execution }: ISession, source: string): boolean {
  return (
    execution !== null &&
    Object.keys(execution.parameters).length > 0 &&
    source.startsWith('# Parameters\n')
  );
}

function listsFiles({ request, paths }: IRecordContext, { listed }: IRun) {
  return listed.some(
    folder =>
      paths.locate(folder).root !== 'prefix' &&
      pathUpwards(request.base, folder) !== null
  );
}

function durationMs({ durationNs, startedAt, endedAt }: IRun): number | null {
  if (durationNs !== null) {
    return Math.round(Number(durationNs) / 1e6);
  }
  return startedAt === null || endedAt === null
    ? null
    : Date.parse(endedAt) - Date.parse(startedAt);
}

/** A heading with the inputs, and a note wherever another kernel went on. */
function withMarks(
  context: IRecordContext,
  kept: readonly IKeptRun[],
  cells: readonly object[]
): object[] {
  return [
    markdown('about', heading(context, kept.length)),
    ...cells.flatMap((cell, index) => {
      const before = kept[index - 1]?.session;
      const { session, run } = kept[index]!;
      const isNew = before !== undefined && before !== session;
      const id = `kernel-${sessionName(context, session.sid)}-${run.number}`;
      return [
        ...(isNew ? [markdown(id, kernelNote(context, session))] : []),
        cell
      ];
    })
  ];
}

function markdown(id: string, source: string): object {
  return { cell_type: 'markdown', id, metadata: {}, source };
}

function heading(context: IRecordContext, count: number): string {
  const total = context.slice.sessions.flatMap(({ runs }) => runs).length;
  const subjects = subjectList(context).map(({ name }) => code(name));
  const inputs = inputList(context);
  const rows = inputs.map(
    ({ up, rel, sha256 }) =>
      `| ${code(up ?? rel)} | ${sha256 === null ? 'none' : code(sha256)} |`
  );
  return [
    `# The runs that made ${subjects.join(', ')}`,
    '',
    `${count} of ${total} recorded runs, in the order in which they ran, with the text that ran.`,
    '',
    ...(rows.length === 0
      ? ['No file that was there before was seen to be read.']
      : [
          'Files that were there before, and their fingerprints (SHA-256):',
          '',
          '| file | fingerprint |',
          '|---|---|',
          ...rows
        ])
  ].join('\n');
}

function kernelNote(context: IRecordContext, session: ISession): string {
  const previous = context.sessions.find(s => s.sid === session.previousSid);
  return previous === undefined
    ? `From here on, another kernel (${sessionName(context, session.sid)}) ran.`
    : 'Here the kernel was restarted.';
}

/** A name in Markdown that can't be read as anything else. */
const code = (text: string): string =>
  `\`${text.replace(/[`|\n\r]/g, '\u{fffd}')}\``;

/* ----------------------------------------------------------------- metadata */

function metadataOf(context: IRecordContext): ICondensedMetadata {
  const { request, paths, slice } = context;
  return {
    version: 1,
    folder: paths.reduceFolder(request.base),
    kernels: context.sessions.map(session => kernelOf(context, session)),
    inputs: inputList(context),
    subjects: subjectList(context),
    notCells: inOrder(slice.sessions)
      .filter(({ run }) => ['callback', 'expression'].includes(run.kind))
      .map(({ run, session }) => ({
        session: sessionName(context, session.sid),
        run: run.number,
        kind: run.kind
      }))
  };
}

function kernelOf(
  context: IRecordContext,
  session: ISession
): ICondensedKernel {
  const { hello } = session.machine;
  const previous = context.sessions.find(s => s.sid === session.previousSid);
  return {
    session: sessionName(context, session.sid),
    kernelName: session.kernelName,
    python: hello?.python ?? null,
    hashSeed: hello?.hashSeed ?? null,
    cwd: hello?.cwd ? cwdOf(context, hello.cwd) : null,
    killed: wasKilled(context, session),
    follows: previous === undefined ? null : sessionName(context, previous.sid)
  };
}

/** Killed before another kernel went on: then nothing of it was written at its end. */
function wasKilled({ sessions }: IRecordContext, { sid, state }: ISession) {
  return state === 'died' && sessions.some(each => each.previousSid === sid);
}

function cwdOf({ request, paths }: IRecordContext, cwd: Name): ICondensedPlace {
  const up = pathUpwards(request.base, cwd);
  return up === ''
    ? { root: 'notebook', rel: '' }
    : { ...paths.reduceFolder(cwd), ...(up === null ? {} : { up }) };
}

/** What lay there before: each version that a kept run read and no kept run wrote. */
function inputList(context: IRecordContext): ICondensedInput[] {
  return inputsRead(context)
    .map(version => {
      const { root, rel, nameBytes } = context.paths.locate(version.path);
      const up =
        root === 'notebook'
          ? null
          : pathUpwards(context.request.base, version.path);
      return {
        root,
        rel,
        ...(nameBytes === null ? {} : { nameBytes }),
        ...(up === null ? {} : { up }),
        sha256: version.sha256,
        bytes: version.stat?.size ?? null
      };
    })
    .sort((a, b) => compare(`${a.root}/${a.rel}`, `${b.root}/${b.rel}`));
}

function subjectList({ request, paths }: IRecordContext): ICondensedSubject[] {
  return request.subjects
    .filter(({ folder }) => folder !== true)
    .map(({ path, sha256 }) => {
      const { root, rel } = paths.locate(path);
      const up = root === 'notebook' ? null : pathUpwards(request.base, path);
      const name = paths.reduce(path).rel;
      return { name, root, rel, ...(up === null ? {} : { up }), sha256 };
    });
}
