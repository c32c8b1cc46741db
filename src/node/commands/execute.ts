/** `execute`: run a notebook from the top in a fresh kernel under the recorder. */
import fs from 'node:fs';
import type { IExecuteReply } from '../../api';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { CliError, EXIT_IMPOSSIBLE, readError } from '../errors';
import { pythonCommand, runModule } from '../python';
import { printable } from '../text';
import { createForSession } from './create';

export interface IExecuteOptions extends ICommonOptions {
  output?: string;
  parameter?: [string, string][];
  kernel?: string;
  trace?: boolean;
  attest?: boolean;
  timeout?: string;
  allowErrors?: boolean;
}

/** Lines of `python -m jupyter_attest.execute --json-progress`. */
type ExecuteLine =
  | { type: 'cell'; done: number; total: number }
  | ({ type: 'done' } & Omit<IExecuteReply, 'type'>)
  | { type: 'error'; message?: string };

export async function runExecute(
  context: IContext,
  name: string,
  options: IExecuteOptions
): Promise<number> {
  const notebook = resolveName(context, options, name);
  try {
    fs.accessSync(notebook, fs.constants.R_OK);
  } catch (error) {
    throw readError(name, error);
  }
  const { code, reply, problem, stderr } = await runNotebook(
    context,
    notebook,
    options
  );
  if (reply === null) {
    throw couldNotRun(context, name, problem, stderr);
  }
  sayDone(context, options, reply);
  if (code !== 0 || reply.status !== 'ok') {
    return code === 0 ? 1 : code;
  }
  return options.attest === true && reply.sid !== null
    ? createForSession(context, options, reply.sid)
    : 0;
}

interface IEnd {
  code: number;
  reply: IExecuteReply | null;
  problem: string | null;
  stderr: string;
}

async function runNotebook(
  context: IContext,
  notebook: string,
  options: IExecuteOptions
): Promise<IEnd> {
  const progress = context.terminal.progress('Running cells', 1, 'cells');
  let reply: IExecuteReply | null = null;
  let problem: string | null = null;
  const onLine = (text: string): void => {
    const line = parseLine(text);
    switch (line?.type) {
      case 'cell':
        progress.update(line.done, line.total);
        sayCell(context, options, line);
        break;
      case 'done':
        reply = line;
        break;
      case 'error':
        problem = line.message ?? null;
        break;
      case undefined:
        break;
    }
  };
  try {
    const args = moduleArguments(context, notebook, options);
    const end = await runModule(
      context,
      'jupyter_attest.execute',
      args,
      onLine
    );
    return { ...end, reply, problem };
  } finally {
    progress.stop();
  }
}

function moduleArguments(
  context: IContext,
  notebook: string,
  options: IExecuteOptions
): string[] {
  const {
    output,
    parameter = [],
    kernel,
    trace,
    timeout,
    allowErrors
  } = options;
  return [
    notebook,
    ...(output === undefined
      ? []
      : ['-o', resolveName(context, options, output)]),
    ...parameter.flatMap(([name, value]) => ['-p', name, value]),
    ...(kernel === undefined ? [] : ['--kernel', kernel]),
    ...(trace === true ? ['--trace'] : []),
    ...(timeout === undefined ? [] : ['--timeout', timeout]),
    ...(allowErrors === true ? ['--allow-errors'] : []),
    '--json-progress'
  ];
}

function parseLine(text: string): ExecuteLine | null {
  try {
    return JSON.parse(text) as ExecuteLine;
  } catch {
    return null;
  }
}

/** Where nobody watches a bar, a line per tenth of the notebook. */
function sayCell(
  context: IContext,
  options: ICommonOptions,
  line: { done: number; total: number }
): void {
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify({ type: 'cell', ...line })}\n`);
  } else if (!context.terminal.interactive) {
    const step = Math.max(1, Math.ceil(line.total / 10));
    const due = line.done % step === 0 || line.done === line.total;
    if (line.done > 0 && due) {
      context.terminal.err(`Cell ${line.done} of ${line.total}\n`);
    }
  }
}

function sayDone(
  context: IContext,
  options: IExecuteOptions,
  reply: IExecuteReply
): void {
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(reply)}\n`);
    return;
  }
  const lines = [
    reply.status === 'ok'
      ? 'The notebook ran through, recorded from its start.'
      : `The notebook stopped: ${printable(reply.ename ?? reply.status)}. What ran until then is recorded.`,
    ...(reply.output === null
      ? []
      : [`  With its outputs: ${showPath(context, options, reply.output)}`]),
    ...(reply.sid === null ? [] : [`  Session:           ${reply.sid}`])
  ];
  context.terminal.out(`${lines.join('\n')}\n`);
}

function couldNotRun(
  context: IContext,
  name: string,
  problem: string | null,
  stderr: string
): CliError {
  const python = pythonCommand(context);
  if (/No module named '?"?jupyter_attest/.test(stderr)) {
    return new CliError(
      'no-python',
      `${python} has no jupyter-attest. Install it there (${python} -m pip install jupyter-attest), or set JUPYTER_ATTEST_PYTHON to the Python that has it.`
    );
  }
  const lastLine = (stderr.trim().split('\n').pop() ?? '').replace(
    /^jupyter-attest: /,
    ''
  );
  const why = printable(problem ?? lastLine, 500) || 'it gave no reason';
  const sentence = `Could not run ${name}: ${why.replace(/\.$/, '')}.`;
  return new CliError('execution', sentence, {
    exitCode: EXIT_IMPOSSIBLE
  });
}
