import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import type { Statement } from '../../src/record/types';
import {
  HOME,
  WRITE_MODEL,
  attestDialog,
  onDisk,
  openDialog,
  openNotebook,
  readJson,
  recordFolders,
  serverFolders,
  sign,
  statementOf,
  statusButton,
  test,
  type IBundle
} from '../lab';

const NAME = 'later.ipynb';
const PORT = Number(process.env.ATTEST_UI_PORT ?? 18888) + 1;

/** A server of its own over the same folders: what a restart gives. */
async function startServer(): Promise<ChildProcess> {
  const log = fs.openSync(path.join(HOME, 'second-server.log'), 'w');
  const config = path.join(__dirname, '..', 'jupyter_server_test_config.py');
  const server = spawn('jupyter', ['lab', '--config', config], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      ATTEST_UI_PORT: String(PORT),
      ...serverFolders(),
      JUPYTER_RUNTIME_DIR: path.join(HOME, 'runtime-2')
    }
  });
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${PORT}/api/status`).then(
          answer => answer.ok,
          () => false
        ),
      { timeout: 60_000 }
    )
    .toBe(true);
  return server;
}

/** What stays the same when a record is made again: all but times and ids. */
function lasting(statement: Statement): unknown {
  const { buildDefinition, runDetails } = statement.predicate;
  const { externalParameters, internalParameters, resolvedDependencies } =
    buildDefinition;
  return {
    subject: statement.subject,
    runs: externalParameters.runs,
    order: externalParameters.order,
    documents: externalParameters.documents,
    gaps: internalParameters.recording.gaps,
    sessions: internalParameters.recording.sessions,
    resolvedDependencies,
    builder: runDetails.builder.id
  };
}

const newest = (folder: string): Statement =>
  statementOf(readJson<IBundle>(onDisk(folder, 'model.pkl.sigstore.json')));

async function attestAgain(page: Page, folder: string): Promise<Statement> {
  const dialog = await openDialog(page);
  await expect(
    dialog.getByRole('checkbox', { name: 'model.pkl' })
  ).toBeChecked();
  expect(await sign(page, dialog)).toBe('model.pkl.sigstore.json');
  return newest(folder);
}

test('the next morning: kernel gone, server another one, the same record', async ({
  page,
  tmpPath,
  browser
}) => {
  await openNotebook(page, tmpPath, NAME, ['x = 1', WRITE_MODEL]);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await page.notebook.runCell(1, { inplace: true, wait: true });
  await page.notebook.save();
  const first = await attestAgain(page, tmpPath);

  await page.menu.clickMenuItem('Kernel>Shut Down Kernel');
  await expect(statusButton(page)).toHaveText('Provenance: off', {
    timeout: 20_000
  });
  const second = await attestAgain(page, tmpPath);
  expect(lasting(second)).toEqual(lasting(first));

  const server = await startServer();
  const morning = await browser.newPage();
  try {
    await morning.goto(
      `http://127.0.0.1:${PORT}/lab/tree/${tmpPath}/${NAME}?reset`
    );
    const third = await attestAgain(morning, tmpPath);
    expect(lasting(third)).toEqual(lasting(first));
  } finally {
    await morning.close();
    server.kill('SIGTERM');
  }
  await test.step('every record is kept, and only the copy is replaced', () => {
    const folders = recordFolders(tmpPath, NAME);
    expect(folders).toHaveLength(3);
    const ids = folders.map(
      folder =>
        statementOf(readJson<IBundle>(`${folder}/record.sigstore.json`))
          .predicate.runDetails.metadata.invocationId
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids).toContain(
      newest(tmpPath).predicate.runDetails.metadata.invocationId
    );
  });
});

test('two records asked for at once are both kept', async ({
  page,
  tmpPath,
  request,
  baseURL
}) => {
  await openNotebook(page, tmpPath, NAME, [WRITE_MODEL]);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  const dialog = await openDialog(page);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(attestDialog(page)).toBeHidden();
  const ask = (): Promise<string> =>
    request
      .post(`${baseURL}/jupyter-attest/api/records`, {
        data: {
          for: [`${tmpPath}/model.pkl`],
          notebook: `${tmpPath}/${NAME}`,
          sign: 'local'
        }
      })
      .then(answer => answer.text());
  const answers = await Promise.all([ask(), ask()]);
  for (const answer of answers) {
    const last = answer.trim().split('\n').pop() ?? '';
    expect(JSON.parse(last)).toMatchObject({ type: 'done', signed: true });
  }
  expect(recordFolders(tmpPath, NAME)).toHaveLength(2);

  await test.step('the menu exports one of them', async () => {
    const download = page.waitForEvent('download');
    await page.menu.clickMenuItem('File>Export Provenance File');
    const file = await download;
    expect(file.suggestedFilename()).toBe('model.pkl.sigstore.json');
    const kept = recordFolders(tmpPath, NAME).map(folder =>
      readJson<IBundle>(`${folder}/record.sigstore.json`)
    );
    expect(kept).toContainEqual(readJson<IBundle>(await file.path()));
  });
});
