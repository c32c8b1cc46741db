/**
 * `npm run test:heavy`: the libraries that are too large for every run of the
 * tests (torch, TensorFlow, CatBoost, datasets …), in kernels of an environment
 * of their own, `.venv-heavy`: several GB the first time.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, exitWith, must, run, setUp, step, venv } from './lib.mjs';

const HOME = path.join(ROOT, '.venv-heavy');
const PYTHON = path.join(HOME, 'bin', 'python');

/** Installed first and alone: what torch would bring for GPUs is left out. */
const TORCH = 'torch>=2.15,<2.16';
const PACKAGES = [
  'ipykernel>=7,<8',
  'numpy>=2.4,<2.5',
  'pandas>=3.1,<3.2',
  'scikit-learn>=1.9,<1.10',
  'pyarrow>=26,<27',
  'h5py>=3.14,<3.17',
  'onnx>=1.23,<1.24',
  'safetensors>=0.8,<0.9',
  'onnxruntime>=1.32,<1.33',
  'soundfile>=0.14,<0.15',
  'datasets>=5.2,<5.3',
  'transformers>=5.24,<5.25',
  'tokenizers>=0.23,<0.24',
  'catboost>=1.2,<1.3',
  'tensorflow-cpu>=2.21,<2.22',
  'keras>=3.15,<3.16',
  // What torch needs beside the libraries for GPUs.
  ...['filelock', 'sympy', 'networkx', 'jinja2', 'typing_extensions', 'fsspec']
];

async function environment() {
  const stamp = path.join(HOME, '.attest-stamp');
  const key = [TORCH, ...PACKAGES].join('\n');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key) {
    return;
  }
  await step('Making .venv-heavy (several GB)', async () => {
    const pip = [PYTHON, '-m', 'pip', 'install', '--quiet'];
    const cure = 'Is PyPI reachable?';
    await must([venv('python'), '-m', 'venv', HOME], 'Is venv installed?');
    await must([...pip, '--no-deps', TORCH], cure);
    await must([...pip, ...PACKAGES], cure);
    const where = 'import sysconfig; print(sysconfig.get_path("purelib"))';
    const { stdout } = spawnSync(PYTHON, ['-c', where], { encoding: 'utf8' });
    const stubs = path.join(ROOT, 'scripts', 'torch_cpu_stubs.py');
    await must(
      [PYTHON, stubs, stdout.trim()],
      'gcc and readelf are needed (on Debian: apt-get install gcc binutils).'
    );
  });
  fs.writeFileSync(stamp, key);
}

try {
  await setUp('test');
  await environment();
  const tests = [
    'jupyter_attest/tests/probe/heavy_libraries.py',
    'jupyter_attest/tests/condense/heavy_notebooks.py'
  ];
  const { code, output } = await run(
    [venv('python'), '-m', 'pytest', '-q', ...tests, ...process.argv.slice(2)],
    { env: { JUPYTER_ATTEST_TEST_PYTHON: PYTHON } }
  );
  console.log(output);
  const number = word =>
    Number(new RegExp(`(\\d+) ${word}`).exec(output)?.[1] ?? 0);
  const passed = number('passed');
  const broken = number('failed') + number('errors?');
  const failed = code !== 0 && broken === 0 ? 1 : broken;
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
} catch (error) {
  exitWith(error);
}
