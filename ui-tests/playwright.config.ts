/**
 * Browser tests against a real JupyterLab with real kernels. Everything that
 * the server writes goes into folders of this run, never into the user's.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { defineConfig } from '@playwright/test';

const PORT = process.env.ATTEST_UI_PORT ?? '18888';

/** One folder for the whole run: workers read it from the environment. */
process.env.ATTEST_UI_HOME ??= fs.mkdtempSync(
  path.join(os.tmpdir(), 'attest-ui-')
);
const home = process.env.ATTEST_UI_HOME;
const folder = (name: string): string => {
  const made = path.join(home, name);
  fs.mkdirSync(made, { recursive: true });
  return made;
};

export default defineConfig({
  testDir: 'tests',
  outputDir: path.join(home, 'results'),
  workers: 1,
  retries: 0,
  timeout: 120_000,
  reporter: 'list',
  reportSlowTests: null,
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1440, height: 900 },
    video: 'off',
    trace: 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run'
      ]
    }
  },
  webServer: {
    // Its words go to a file, where a failure can be looked up.
    command: `jupyter lab --config "${path.join(__dirname, 'jupyter_server_test_config.py')}" > "${path.join(home, 'server.log')}" 2>&1`,
    url: `http://127.0.0.1:${PORT}/api/status`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
    env: {
      ATTEST_UI_PORT: PORT,
      JUPYTERLAB_GALATA_ROOT_DIR: folder('root'),
      JUPYTER_ATTEST_DIR: folder('journals'),
      JUPYTER_CONFIG_DIR: folder('config'),
      JUPYTER_DATA_DIR: folder('data'),
      JUPYTER_RUNTIME_DIR: folder('runtime'),
      IPYTHONDIR: folder('ipython')
    }
  }
});
