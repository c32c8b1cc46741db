/**
 * `npm run test:companions`: a real server that has also loaded the extensions
 * which run and save notebooks from inside it, in an environment of its own,
 * `.venv-companions`.
 */
import {
  ROOT,
  environmentAt,
  exitWith,
  exitWithCounts,
  pipInstall,
  pytest,
  setUp,
  venv
} from './lib.mjs';

const PACKAGES = [
  ...['jupyter-server-nbmodel>=0.2.9', 'jupyter-collaboration>=5,<6'],
  ...['jupyterlab>=4.5,<5', 'pytest', 'pytest-timeout', 'jsonschema'],
  ...['requests', 'websocket-client', 'pytest-jupyter[server]']
];

try {
  await setUp('test');
  const python = await environmentAt(
    '.venv-companions',
    venv('python'),
    PACKAGES.join('\n'),
    made => pipInstall(made, ...PACKAGES, '-e', ROOT)
  );
  const tests = ['jupyter_attest/tests/server/companions.py'];
  exitWithCounts(await pytest(python, [...tests, ...process.argv.slice(2)]));
} catch (error) {
  exitWith(error);
}
