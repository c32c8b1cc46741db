/**
 * `npm test`: set up, then lint, types, jest, pytest and the browser tests. What needs
 * npm packages only runs beside the rest of the setting up. Everything runs even when
 * something before it failed; the last line counts.
 */
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from './chromium.mjs';
import { strace } from './strace.mjs';
import {
  Stop,
  exitWith,
  local,
  npm,
  run,
  setUp,
  step,
  temporary,
  venv
} from './lib.mjs';

/** Those that need npm packages only, and those that need what is built and installed. */
const EARLY_LINTERS = ['types', 'eslint', 'prettier', 'css'];
const LATE_LINTERS = ['schemas', 'ruff', 'format', 'mypy'];

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function count({ passed, failed, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const words = [`${passed} passed`, `${failed} failed`];
  return [...words, ...(skipped ? [`${skipped} skipped`] : [])].join(', ');
}

/** A suite that wrote no readable report has failed, whatever its exit code. */
function counted(code, report, read) {
  try {
    const result = read(fs.readFileSync(report, 'utf8'));
    const lost = code !== 0 && result.failed === 0;
    return count(lost ? { ...result, failed: 1 } : result);
  } catch {
    return count({ passed: 0, failed: 1 });
  }
}

async function suite(name, command, report, read, env) {
  await step(name, async () => {
    const { code, output } = await run(command, { env });
    const note = counted(code, report, read);
    if (code !== 0) {
      failures.push(`\n===== ${name}\n${output.trimEnd()}`);
    }
    return note;
  });
}

async function lint(name) {
  await step(`lint: ${name}`, async () => {
    const { code, output } = await run(npm('run', '--silent', `lint:${name}`));
    if (code !== 0) {
      failures.push(`\n===== lint: ${name}\n${output.trimEnd()}`);
    }
    return count({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 });
  });
}

function readJest(text) {
  const report = JSON.parse(text);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests
  };
}

function readJunit(text) {
  const [, head] = /<testsuite ([^>]*)>/.exec(text);
  const number = name =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)[1]);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}

function readPlaywright(text) {
  const { stats, errors } = JSON.parse(text);
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped
  };
}

async function main() {
  const reports = temporary('reports');
  const at = name => path.join(reports, name);
  console.log('jupyter-attest: setting up, and checking what needs no more');
  await setUp('test', async () => {
    for (const name of EARLY_LINTERS) {
      await lint(name);
    }
  });
  let browser;
  await step('Finding a browser', async () => {
    browser = await chromium();
    return browser;
  });

  await step('Finding strace', strace);

  console.log('Checking');
  for (const name of LATE_LINTERS) {
    await lint(name);
  }
  await suite(
    'unit tests (jest)',
    local('jest', '--json', `--outputFile=${at('jest.json')}`),
    at('jest.json'),
    readJest
  );
  await suite(
    'kernel and server tests (pytest)',
    [venv('python'), '-m', 'pytest', `--junitxml=${at('pytest.xml')}`],
    at('pytest.xml'),
    readJunit
  );
  await suite(
    'browser tests (galata)',
    local(
      'playwright',
      'test',
      '-c',
      'ui-tests/playwright.config.ts',
      '--reporter=list,json'
    ),
    at('ui.json'),
    readPlaywright,
    { CHROMIUM_PATH: browser, PLAYWRIGHT_JSON_OUTPUT_NAME: at('ui.json') }
  );
  fs.rmSync(reports, { recursive: true, force: true });

  failures.forEach(failure => console.log(failure));
  const skipped = total.skipped ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  if (total.failed > 0 || total.passed === 0) {
    process.exit(1);
  }
}

main().catch(error => {
  if (error instanceof Stop) {
    console.error(`\n${error.message}`);
    console.log(`\n${total.passed} passed, ${total.failed + 1} failed`);
    process.exit(1);
  }
  exitWith(error);
});
