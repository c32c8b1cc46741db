/** Entry of the bundled program: one short process per request. */
import type { IContext } from './context';
import { findPlaces } from './places';
import { runProgram } from './program';
import { processTerminal } from './terminal';

/** Started by Python it is `jupyter attest`, otherwise the npm package's command. */
function programName(): string {
  return process.env.JUPYTER_ATTEST_PYTHON
    ? 'jupyter attest'
    : 'npx jupyter-attest';
}

async function makeContext(): Promise<IContext> {
  return {
    terminal: await processTerminal(),
    env: process.env,
    places: findPlaces(process.env),
    cwd: process.cwd(),
    program: programName(),
    now: () => new Date()
  };
}

// `| head` closes the pipe early; that is no error of ours.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runProgram(process.argv.slice(2), await makeContext());
