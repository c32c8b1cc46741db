/** Run one program with the checkout's virtual environment and Chromium in reach. */
import { chromium } from './chromium.mjs';
import { ROOT, exitWith, local, run, setUp, venv } from './lib.mjs';
import fs from 'node:fs';

try {
  const [program, ...args] = process.argv.slice(2);
  await setUp('test');
  const inVenv = fs.existsSync(venv(program));
  const env =
    program === 'playwright' ? { CHROMIUM_PATH: await chromium() } : {};
  const command = inVenv ? [venv(program), ...args] : local(program, ...args);
  const { code } = await run(command, { inherit: true, env, cwd: ROOT });
  process.exit(code);
} catch (error) {
  exitWith(error);
}
