/**
 * What `npm start` and `npm test` share: running steps with a visible clock,
 * finding the tools, and setting up the checkout. No dependency: this runs
 * before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const WINDOWS = process.platform === 'win32';
const VENV = path.join(ROOT, '.venv');
const BIN = path.join(VENV, WINDOWS ? 'Scripts' : 'bin');

/** An error whose text is all that a person needs to see. */
export class Stop extends Error {}

/** Absolute path of a program of the checkout's own virtual environment. */
export function venv(program) {
  return path.join(BIN, WINDOWS ? `${program}.exe` : program);
}

/** npm as the argument vector that starts it, whatever started us. */
export function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli
    ? [process.execPath, cli, ...args]
    : [WINDOWS ? 'npm.cmd' : 'npm', ...args];
}

/** A program of node_modules/.bin, run by this Node. */
export function local(program, ...args) {
  const suffix = WINDOWS ? '.cmd' : '';
  return [path.join(ROOT, 'node_modules', '.bin', program + suffix), ...args];
}

/** Environment of every child: the checkout's programs first, no browser download. */
export function environment(extra = {}) {
  return {
    ...process.env,
    PATH: [BIN, process.env.PATH].join(path.delimiter),
    VIRTUAL_ENV: VENV,
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...extra
  };
}

/**
 * Run a command to its end.
 * @returns exit code and the last 40,000 characters of its output
 * @throws Stop when the program isn't there
 */
export function run(command, { env, log, inherit = false, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), {
      cwd,
      env: environment(env),
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: WINDOWS && command[0].endsWith('.cmd')
    });
    let output = '';
    const keep = data => {
      output = (output + data).slice(-40000);
      log?.(String(data));
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', error =>
      reject(new Stop(`${command[0]} can't be started: ${error.message}`))
    );
    child.on('close', code => resolve({ code: code ?? 1, output }));
  });
}

const seconds = since => `${((Date.now() - since) / 1000).toFixed(0)} s`;

/** How many steps run at this moment. */
let running = 0;

/**
 * Show a step while it runs, with its time; on a terminal the line is live, unless
 * another step's is.
 * @param work gives a short note to print behind the name, or nothing
 */
export async function step(name, work) {
  const begun = Date.now();
  const tty = process.stdout.isTTY && running === 0;
  running += 1;
  const draw = () => process.stdout.write(`\r  ${name} … ${seconds(begun)} `);
  const clock = tty ? setInterval(draw, 1000) : undefined;
  process.stdout.write(`  ${name} …${tty ? '' : '\n'}`);
  try {
    const note = await work();
    clearInterval(clock);
    const end = [...(note ? [note] : []), seconds(begun)].join(', ');
    process.stdout.write(
      tty ? `\r\x1b[2K  ${name}: ${end}\n` : `  ${name}: ${end}\n`
    );
  } catch (error) {
    clearInterval(clock);
    process.stdout.write(
      tty ? `\r\x1b[2K  ${name}: failed\n` : `  ${name}: failed\n`
    );
    throw error;
  } finally {
    running -= 1;
  }
}

/** Run a command as part of a step; its output is shown only when it fails. */
export async function must(command, cure, options) {
  const { code, output } = await run(command, options);
  if (code !== 0) {
    throw new Stop(
      `${output.trimEnd()}\n\n${path.basename(command[0])} ended with ${code}. ${cure}`
    );
  }
}

/**
 * Run pytest and show what it says.
 * @returns how many tests passed and failed; one failed at least if it ended badly
 */
export async function pytest(python, args, env = {}) {
  const { code, output } = await run([python, '-m', 'pytest', ...args], {
    env
  });
  console.log(output);
  const number = word =>
    Number(new RegExp(`(\\d+) ${word}`).exec(output)?.[1] ?? 0);
  const broken = number('failed') + number('errors?');
  const failed = code !== 0 && broken === 0 ? 1 : broken;
  return { passed: number('passed'), failed };
}

/** Say in the last line what came out, and end so. */
export function exitWithCounts({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

/**
 * Make a virtual environment of its own unless it is there.
 * @param install given its interpreter, puts everything in place; done again when `key` changes
 * @returns its interpreter
 */
export async function environmentAt(name, base, key, install) {
  const home = path.join(ROOT, name);
  const python = path.join(home, WINDOWS ? 'Scripts/python.exe' : 'bin/python');
  const stamp = path.join(home, '.attest-stamp');
  await once(`Making ${name}`, stamp, key, async () => {
    await must([base, '-m', 'venv', home], 'Is venv installed?');
    await install(python);
  });
  return python;
}

/** Install packages with an environment's own pip. */
export function pipInstall(python, ...args) {
  const pip = [python, '-m', 'pip', 'install', '--quiet'];
  return must([...pip, ...args], 'Is PyPI reachable?');
}

/* ------------------------------------------------------------------ setup */

function hashOf(...files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) {
    hash.update(file).update(fs.readFileSync(path.join(ROOT, file)));
  }
  return hash.digest('hex');
}

/** Every file below the folders, sorted, build output aside. */
function filesBelow(...folders) {
  const found = [];
  const walk = folder => {
    for (const entry of fs.readdirSync(path.join(ROOT, folder), {
      withFileTypes: true
    })) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== '__tests__') {
          walk(name);
        }
      } else {
        found.push(name);
      }
    }
  };
  folders.forEach(walk);
  return found.sort();
}

/** Do the work unless it was done for the same inputs before. */
async function once(name, stamp, key, work) {
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key) {
    return;
  }
  await step(name, work);
  fs.writeFileSync(stamp, key);
}

/** Python ≥ 3.10 with venv: `$PYTHON`, then the names that systems use. */
function findPython() {
  const check =
    'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 3)';
  const names = process.env.PYTHON
    ? [process.env.PYTHON]
    : [
        'python3',
        'python',
        'python3.13',
        'python3.12',
        'python3.11',
        'python3.10'
      ];
  for (const name of names) {
    if (spawnSync(name, ['-c', check], { stdio: 'ignore' }).status === 0) {
      return name;
    }
  }
  throw new Stop(
    `Python 3.10 or newer with its venv module is missing (looked for ${names.join(', ')}).\n` +
      'Install it (on Debian: apt-get install python3 python3-venv), or name one: PYTHON=/path/to/python3 npm start'
  );
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Stop(
      `Node ${process.versions.node} is too old: Node 20 or newer is needed.`
    );
  }
}

/** What an editable install can't put in place, the labextension and the server's config: [what, where]. */
const at = (...parts) => path.join(VENV, ...parts);
const LINKS = [
  [
    path.join(ROOT, 'jupyter_attest', 'labextension'),
    at('share', 'jupyter', 'labextensions', 'jupyter-attest')
  ],
  [
    path.join(ROOT, 'jupyter-config', 'server-config', 'jupyter_attest.json'),
    at('etc', 'jupyter', 'jupyter_server_config.d', 'jupyter_attest.json')
  ]
];

/** Before pip works: it would write through the links, into the checkout. */
function unlink() {
  for (const [, place] of LINKS) {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

function link() {
  unlink();
  for (const [target, place] of LINKS) {
    fs.mkdirSync(path.dirname(place), { recursive: true });
    if (WINDOWS) {
      fs.cpSync(target, place, { recursive: true });
    } else {
      fs.symlinkSync(target, place);
    }
  }
}

/**
 * Bring the checkout to where everything can run: npm packages, build output,
 * virtual environment. Each part is done again only when its inputs changed.
 * @param extra `examples` or `test`: the extra of pyproject.toml to install
 * @param beside started as soon as the npm packages are there, beside the rest
 * @returns what `beside` resolves to
 */
export async function setUp(extra, beside = async () => {}) {
  checkNode();
  const python = findPython();
  await once(
    'Installing npm packages (about a minute)',
    path.join(ROOT, 'node_modules', '.attest-stamp'),
    hashOf('package-lock.json'),
    () =>
      must(
        npm('ci', '--no-audit', '--no-fund'),
        'Is the npm registry reachable?'
      )
  );
  const [result] = await Promise.all([beside(), build(extra, python)]);
  return result;
}

async function build(extra, python) {
  await once(
    'Building',
    path.join(ROOT, 'lib', '.attest-stamp'),
    hashOf(
      'package.json',
      'tsconfig.json',
      ...filesBelow('src', 'style', 'schema', 'scripts')
    ),
    () => must(npm('run', 'build'), 'The build failed; its output is above.')
  );
  const stamp = path.join(VENV, `.attest-stamp-${extra}`);
  await once(
    'Installing Python packages into .venv (about a minute)',
    stamp,
    hashOf('pyproject.toml') + python,
    async () => {
      if (!fs.existsSync(venv('python'))) {
        await must(
          [python, '-m', 'venv', VENV],
          'The virtual environment could not be made. On Debian: apt-get install python3-venv'
        );
      }
      unlink();
      await must(
        [
          venv('python'),
          '-m',
          'pip',
          'install',
          '--quiet',
          '-e',
          `.[${extra}]`
        ],
        'Is PyPI reachable?'
      );
    }
  );
  link();
}

/** Print what went wrong, without a stack for what a person can mend. */
export function exitWith(error) {
  if (error instanceof Stop) {
    process.stderr.write(`\n${error.message}\n`);
  } else {
    process.stderr.write(`\n${error.stack}\n`);
  }
  process.exit(1);
}

/** A folder of its own below the system's temporary folder. */
export function temporary(name) {
  return fs.mkdtempSync(path.join(os.tmpdir(), `jupyter-attest-${name}-`));
}
