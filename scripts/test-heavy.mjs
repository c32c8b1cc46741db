/**
 * `npm run test:heavy`: the libraries that are too large for every run of the
 * tests (torch, TensorFlow, CatBoost, datasets …), in kernels of an environment
 * of their own, `.venv-heavy`: several GB the first time.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import {
  ROOT,
  environmentAt,
  exitWith,
  exitWithCounts,
  must,
  pipInstall,
  pytest,
  setUp,
  venv
} from './lib.mjs';

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

async function install(python) {
  await pipInstall(python, '--no-deps', TORCH);
  await pipInstall(python, ...PACKAGES);
  const where = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const { stdout } = spawnSync(python, ['-c', where], { encoding: 'utf8' });
  const stubs = path.join(ROOT, 'scripts', 'torch_cpu_stubs.py');
  await must(
    [python, stubs, stdout.trim()],
    'gcc and readelf are needed (on Debian: apt-get install gcc binutils).'
  );
}

try {
  await setUp('test');
  const key = [TORCH, ...PACKAGES].join('\n');
  const python = await environmentAt(
    '.venv-heavy',
    venv('python'),
    key,
    install
  );
  const tests = [
    'jupyter_attest/tests/probe/heavy_libraries.py',
    'jupyter_attest/tests/condense/heavy_notebooks.py'
  ];
  const args = [...tests, ...process.argv.slice(2)];
  const env = { JUPYTER_ATTEST_TEST_PYTHON: python };
  exitWithCounts(await pytest(venv('python'), args, env));
} catch (error) {
  exitWith(error);
}
