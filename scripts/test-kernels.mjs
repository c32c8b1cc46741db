/**
 * `npm run test:kernels`: the tests in kernels of other versions than the
 * checkout's own, each in an environment of its own below `.venv-kernels`. A row
 * whose Python isn't on this computer is left out, unless it is asked for.
 *
 * `npm run test:kernels -- 3.10 3.13` takes these rows only; whatever isn't a
 * version goes to pytest (default: the tests of the probe).
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  Stop,
  environmentAt,
  exitWith,
  exitWithCounts,
  pipInstall,
  pytest,
  setUp,
  venv
} from './lib.mjs';

/** Each Python with the ipykernel and the IPython that it is tested with. */
const ROWS = new Map([
  ['3.10', ['ipykernel==6.29.5', 'ipython<9']],
  ['3.12', ['ipykernel>=6.30,<7', 'ipython>=9,<10']],
  ['3.13', ['ipykernel>=7,<8', 'ipython>=9']]
]);
/** Libraries of the tests, in the newest version that the Python has. */
const LIBRARIES = [
  ...['numpy', 'pandas', 'pyarrow', 'polars', 'duckdb', 'h5py', 'tables'],
  ...['netCDF4', 'zarr', 'safetensors', 'xgboost-cpu<3.3', 'lightgbm', 'lxml'],
  ...['onnx', 'opencv-python-headless', 'scikit-learn', 'joblib', 'sqlalchemy'],
  ...['httpx', 'aiohttp', 'requests', 'fsspec', 'matplotlib', 'ipywidgets']
];

/** An interpreter of a version, null if there is none. */
function find(version) {
  const pyenv = path.join(os.homedir(), '.pyenv', 'versions');
  const kept = fs.existsSync(pyenv) ? fs.readdirSync(pyenv) : [];
  const names = [
    ...[`python${version}`, 'python3', 'python'],
    ...kept
      .filter(name => name.startsWith(`${version}.`))
      .map(name => path.join(pyenv, name, 'bin', 'python'))
  ];
  const ask = 'import sys, ensurepip; print("%d.%d" % sys.version_info[:2])';
  const is = name =>
    spawnSync(name, ['-c', ask], { encoding: 'utf8' }).stdout?.trim() ===
    version;
  return names.find(is) ?? null;
}

try {
  const given = process.argv.slice(2);
  const asked = given.filter(word => ROWS.has(word));
  const chosen = given.filter(word => !ROWS.has(word));
  const tests = chosen.length > 0 ? chosen : ['jupyter_attest/tests/probe'];
  await setUp('test');
  const sum = { passed: 0, failed: 0 };
  for (const version of asked.length > 0 ? asked : ROWS.keys()) {
    const found = find(version);
    if (found === null && asked.length > 0) {
      throw new Stop(`Python ${version} isn't on this computer.`);
    }
    if (found === null) {
      console.log(`Python ${version}: not on this computer, left out`);
      continue;
    }
    const packages = [...ROWS.get(version), ...LIBRARIES];
    const python = await environmentAt(
      path.join('.venv-kernels', version),
      found,
      packages.join('\n'),
      made => pipInstall(made, ...packages)
    );
    const env = { JUPYTER_ATTEST_TEST_PYTHON: python };
    const { passed, failed } = await pytest(venv('python'), tests, env);
    console.log(`Python ${version}: ${passed} passed, ${failed} failed`);
    sum.passed += passed;
    sum.failed += failed;
  }
  exitWithCounts(sum);
} catch (error) {
  exitWith(error);
}
