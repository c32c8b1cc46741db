/**
 * `npm start`: set up, record and attest the two example notebooks, tell the
 * story of the model, then open JupyterLab on the examples. Ends after the
 * story without a terminal or with `--once`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Stop, exitWith, run, setUp, step, venv } from './lib.mjs';

/** Notebook → the file that its record is about. */
const EXAMPLES = [
  ['1-clean.ipynb', 'clean.parquet'],
  ['2-train.ipynb', 'model.joblib']
];

const examples = path.join(ROOT, 'examples');
const attest = (...args) => [venv('jupyter-attest'), ...args];

/** Run one of our own commands; what it prints is the message when it fails. */
async function command(...args) {
  const { code, output } = await run(attest(...args), { cwd: examples });
  if (code !== 0) {
    throw new Stop(
      `${output.trimEnd()}\n\njupyter attest ${args[0]} ended with ${code}.`
    );
  }
}

async function record(notebook, artifact) {
  await step(`Recording ${notebook}`, () => command('execute', notebook));
  await step(`Attesting ${artifact}`, () =>
    command('create', '--for', artifact, '--sign', 'local')
  );
}

/** Show a command as a person would type it, then what it prints. */
async function show(...args) {
  console.log(`\n$ jupyter attest ${args.join(' ')}\n`);
  const { code } = await run(attest(...args), { inherit: true, cwd: examples });
  if (code !== 0) {
    throw new Stop(`jupyter attest ${args[0]} ended with ${code}.`);
  }
}

async function main() {
  console.log('jupyter-attest: setting up');
  await setUp('examples');
  console.log('Recording the examples');
  for (const [notebook, artifact] of EXAMPLES) {
    await record(notebook, artifact);
  }
  const [, model] = EXAMPLES.at(-1);
  await show('explain', model);
  await show('verify', ...EXAMPLES.map(([, artifact]) => artifact));

  if (!process.stdout.isTTY || process.argv.includes('--once')) {
    return;
  }
  console.log(
    '\nOpening JupyterLab with recording on. Ctrl+C twice ends it.\n'
  );
  const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
  const lab = [venv('jupyter'), 'lab', '--notebook-dir', examples, ...root];
  process.on('SIGINT', () => {}); // JupyterLab asks and ends; so do we, after it
  const { code } = await run(lab, { inherit: true });
  process.exit(code);
}

if (!fs.existsSync(examples)) {
  exitWith(new Stop('Run this in a checkout of jupyter-attest.'));
}
main().catch(exitWith);
