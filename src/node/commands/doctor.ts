/** `doctor`: what works here, what doesn't, and the cure. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { IDoctorReply } from '../../api';
import type { ICommonOptions, IContext } from '../context';
import { CliError, systemReason } from '../errors';
import { listFolder, statOf } from '../files';
import { findSigningKey, readKeyring } from '../keys';
import {
  askPython,
  askTracer,
  pythonCommand,
  type IPythonFacts,
  type TracerReply
} from '../python';
import { plural, printable, shortDigest, wrap } from '../text';
import { formatBytes } from '../terminal';
import { VERSION } from '../version';

type Check = IDoctorReply['checks'][number];

const MINIMUM_NODE = 20;
/** Below this much free space a long session may not be recorded to its end. */
const LOW_SPACE_BYTES = 1e9;

export interface IDoctorOptions extends ICommonOptions {
  installTracedKernel?: boolean;
  removeTracedKernel?: boolean;
}

export async function runDoctor(
  context: IContext,
  options: IDoctorOptions
): Promise<number> {
  if (options.installTracedKernel && options.removeTracedKernel) {
    throw new CliError(
      'usage',
      'Install or remove the traced kernel, not both.'
    );
  }
  if (options.installTracedKernel || options.removeTracedKernel) {
    return changeTracedKernel(context, options);
  }
  const facts = askPython(context);
  const checks = [
    checkNode(),
    ...checkPython(context, facts),
    checkProbeCopy(context, facts),
    ...checkHome(context),
    ...checkKey(context),
    checkTracer(facts),
    checkTool(context, 'cosign', 'Others can check your records with it.'),
    checkTool(
      context,
      'openssl',
      'Records can be checked with it, without this program.'
    )
  ];
  const reply: IDoctorReply = {
    ok: checks.every(check => check.outcome !== 'problem'),
    checks
  };
  context.terminal.out(
    options.json === true ? `${JSON.stringify(reply)}\n` : format(reply)
  );
  return reply.ok ? 0 : 1;
}

const LABEL = { ok: 'OK', problem: 'PROBLEM', note: 'NOTE' } as const;

function format(reply: IDoctorReply): string {
  const lines = reply.checks.flatMap(({ outcome, text, cure }) => [
    wrap(printable(text, 400), LABEL[outcome].padEnd(9)),
    ...(cure === null ? [] : [wrap(cure, `${' '.repeat(9)}→ `, ' '.repeat(11))])
  ]);
  const problems = reply.checks.filter(check => check.outcome === 'problem');
  const end =
    problems.length === 0
      ? 'Everything needed works.'
      : `${plural(problems.length, 'problem')}; the cure stands below each.`;
  return `jupyter-attest ${VERSION}\n\n${lines.join('\n')}\n\n${end}\n`;
}

const ok = (code: string, text: string): Check => ({
  code,
  outcome: 'ok',
  text,
  cure: null
});
const note = (
  code: string,
  text: string,
  cure: string | null = null
): Check => ({
  code,
  outcome: 'note',
  text,
  cure
});
const problem = (code: string, text: string, cure: string): Check => ({
  code,
  outcome: 'problem',
  text,
  cure
});

function checkNode(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= MINIMUM_NODE
    ? ok('node', `Node ${process.versions.node} makes and checks records.`)
    : problem(
        'node',
        `Node ${process.versions.node} is too old.`,
        `Install Node ${MINIMUM_NODE} or newer.`
      );
}

function checkPython(context: IContext, facts: IPythonFacts | null): Check[] {
  const python = pythonCommand(context);
  if (facts === null) {
    return [
      problem(
        'python',
        `${python} can't be started, so nothing can be recorded here. Checking records works without it.`,
        'Install Python 3.10 or newer, or set JUPYTER_ATTEST_PYTHON to the one that Jupyter uses.'
      )
    ];
  }
  const own = facts.packages['jupyter-attest'];
  if (own === null || own === undefined) {
    return [
      problem(
        'python-package',
        `Python ${facts.version} (${facts.executable}) has no jupyter-attest, so nothing is recorded with it.`,
        `${facts.executable} -m pip install jupyter-attest, or set JUPYTER_ATTEST_PYTHON to the Python that Jupyter uses.`
      )
    ];
  }
  return [
    ok(
      'python',
      `Python ${facts.version} with jupyter-attest ${own} (${facts.executable}).`
    ),
    checkJupyter(facts),
    checkProvisioner(facts),
    checkExtension(facts)
  ];
}

function checkJupyter(facts: IPythonFacts): Check {
  const found = ['jupyterlab', 'notebook', 'jupyter_server', 'ipykernel']
    .filter(name => typeof facts.packages[name] === 'string')
    .map(name => `${name} ${facts.packages[name]}`);
  return facts.packages['jupyter_server']
    ? ok('jupyter', `Jupyter: ${found.join(', ')}.`)
    : problem(
        'jupyter',
        'jupyter_server is missing.',
        `${facts.executable} -m pip install jupyterlab`
      );
}

function checkProvisioner(facts: IPythonFacts): Check {
  return facts.provisioner
    ? ok(
        'provisioner',
        'Jupyter finds the part that starts kernels with recording on.'
      )
    : problem(
        'provisioner',
        'Jupyter does not find the part that starts kernels with recording on.',
        `${facts.executable} -m pip install --force-reinstall jupyter-attest`
      );
}

function checkExtension(facts: IPythonFacts): Check {
  switch (facts.extension) {
    case true:
      return ok(
        'extension',
        'The server extension is on: kernels of a Jupyter server started now are recorded.'
      );
    case false:
      return problem(
        'extension',
        'The server extension is off: JupyterLab does not record.',
        `${facts.executable} -m jupyter server extension enable jupyter_attest`
      );
    case null:
      return note(
        'extension',
        'Whether the server extension is on could not be told.'
      );
  }
}

function checkProbeCopy(context: IContext, facts: IPythonFacts | null): Check {
  const folder = path.join(context.places.home, 'probe');
  const copies = listFolder(folder).filter(
    name => statOf(path.join(folder, name, 'probe.py')) !== null
  );
  if (copies.length > 0) {
    return ok(
      'probe',
      `The probe's copy for kernels is in place (${copies.join(', ')}).`
    );
  }
  return facts === null || !facts.probe
    ? note('probe', 'There is no copy of the probe for kernels yet.')
    : note(
        'probe',
        'There is no copy of the probe for kernels yet. It is made when Jupyter starts, or by the verb execute.'
      );
}

function checkHome(context: IContext): Check[] {
  const { home } = context.places;
  const reason = whyNotWritable(home);
  if (reason !== null) {
    return [
      problem(
        'home',
        `The journal folder ${home} can't be written: ${reason}.`,
        'Make it writable, or set JUPYTER_ATTEST_DIR to a folder that is.'
      )
    ];
  }
  const sessions = listFolder(path.join(home, 'sessions')).length;
  const records = listFolder(path.join(home, 'records')).length;
  return [
    ok(
      'home',
      `Journal folder ${home}: ${plural(sessions, 'session')}, ${plural(records, 'record')}.`
    ),
    checkSpace(home)
  ];
}

/** Try a write where the folder is, or where it would be made. */
function whyNotWritable(folder: string): string | null {
  let existing = folder;
  while (!fs.existsSync(existing) && path.dirname(existing) !== existing) {
    existing = path.dirname(existing);
  }
  const trial = path.join(existing, `.attest-${randomUUID().slice(0, 8)}.tmp`);
  try {
    fs.writeFileSync(trial, '', { mode: 0o600 });
    fs.rmSync(trial);
    return null;
  } catch (error) {
    return systemReason(error);
  }
}

function checkSpace(home: string): Check {
  let folder = home;
  while (!fs.existsSync(folder)) {
    folder = path.dirname(folder);
  }
  const { bavail, bsize } = fs.statfsSync(folder);
  const freeBytes = bavail * bsize;
  const text = `${formatBytes(freeBytes)} are free there.`;
  return freeBytes < LOW_SPACE_BYTES
    ? problem(
        'space',
        text,
        `Free some space, or delete old sessions: jupyter attest forget --before DATE`
      )
    : ok('space', text);
}

function checkKey(context: IContext): Check[] {
  const keyring = readKeyring(context.places.keys);
  const others = keyring.problems.map(text =>
    problem(
      'keyring',
      text,
      'Delete the file, or put a P-256 public key in its place.'
    )
  );
  try {
    const key = findSigningKey(context.places.keys);
    return [
      key === null
        ? note('key', 'No signing key yet; it is made with the first record.')
        : checkKeyMode(key.privateFile, key.fingerprint, keyring.keys.length),
      ...others
    ];
  } catch (error) {
    return [
      problem('key', (error as Error).message, 'Then make a new one: key new'),
      ...others
    ];
  }
}

function checkKeyMode(file: string, fingerprint: string, known: number): Check {
  const mode = Number(statOf(file)?.mode ?? 0n) & 0o777;
  return process.platform !== 'win32' && (mode & 0o077) !== 0
    ? problem(
        'key',
        `Others on this computer can read the signing key (mode ${mode.toString(8)}).`,
        `chmod 600 ${file}`
      )
    : ok(
        'key',
        `Signing key ${shortDigest(fingerprint)}; ${plural(known, 'key')} in the keyring.`
      );
}

const HOW_TO_INSTALL =
  'On Debian or Ubuntu: apt-get install strace. It is optional.';

/** Whether an optional tracer could be around a kernel, and is offered. */
function checkTracer(facts: IPythonFacts | null): Check {
  const tracer = facts?.tracer ?? null;
  if (tracer === null) {
    return note('tracer', 'Whether kernels can be traced could not be told.');
  }
  if (tracer.reason !== null) {
    return note(
      'tracer',
      `Kernels can't be traced here: ${tracer.reason}. Nothing needs it.`,
      tracer.strace === null && process.platform === 'linux'
        ? HOW_TO_INSTALL
        : null
    );
  }
  const offered = tracer.installed
    ? `Jupyter offers the kernel "${TRACED_KERNEL}".`
    : `The kernel "${TRACED_KERNEL}" is not installed.`;
  return {
    ...ok('tracer', `strace ${tracer.strace} can trace kernels. ${offered}`),
    cure: tracer.installed
      ? null
      : 'If you want it: doctor --install-traced-kernel'
  };
}

const TRACED_KERNEL = 'Python 3 (traced)';

/** Make or remove the kernel that Jupyter starts under a tracer. */
function changeTracedKernel(
  context: IContext,
  options: IDoctorOptions
): number {
  const install = options.installTracedKernel === true;
  const reply = askTracer(context, install ? 'install' : 'remove');
  if (reply.problem !== undefined) {
    throw new CliError(
      'not-writable',
      `The traced kernel was not ${install ? 'installed' : 'removed'}: ${printable(reply.problem, 400)}.`
    );
  }
  const check = install ? installedCheck(reply) : removedCheck(reply);
  const answer: IDoctorReply = {
    ok: check.outcome !== 'problem',
    checks: [check]
  };
  const words = [check.text, ...(check.cure === null ? [] : [check.cure])];
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(answer)}\n`
      : `${words.map(text => wrap(text, '')).join('\n')}\n`
  );
  return 0;
}

function installedCheck({ folder, reason }: TracerReply): Check {
  const text = `Jupyter now offers the kernel "${TRACED_KERNEL}" (${folder}).`;
  return reason == null
    ? ok('traced-kernel', text)
    : note(
        'traced-kernel',
        `${text} It will run untraced for now, and its records say so: ${reason}.`,
        /PATH/.test(reason) ? HOW_TO_INSTALL : null
      );
}

function removedCheck({ removed }: TracerReply): Check {
  return removed === true
    ? ok('traced-kernel', `The kernel "${TRACED_KERNEL}" is removed.`)
    : note('traced-kernel', `There was no kernel "${TRACED_KERNEL}".`);
}

function checkTool(context: IContext, tool: string, use: string): Check {
  const folders = (context.env.PATH ?? '').split(path.delimiter);
  const found = folders
    .filter(folder => folder !== '')
    .map(folder => path.join(folder, tool))
    .find(file => isExecutable(file) || isExecutable(`${file}.exe`));
  if (found === undefined) {
    return note(tool, `${tool} is not on PATH. It isn't needed. ${use}`);
  }
  const version = toolVersion(found, tool);
  return ok(tool, `${tool}${version} is on PATH. ${use}`);
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function toolVersion(file: string, tool: string): string {
  const { stdout } = spawnSync(file, ['version'], {
    encoding: 'utf8',
    timeout: 10_000
  });
  const found = new RegExp(
    tool === 'cosign' ? 'GitVersion:\\s*v?(\\S+)' : 'SSL (\\S+)'
  ).exec(stdout ?? '');
  return found?.[1] === undefined ? '' : ` ${found[1]}`;
}
