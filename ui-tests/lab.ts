/**
 * What the browser tests share: small notebooks, the button and the dialog by
 * their names, and the files that a record leaves on the server's disk.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  expect,
  test as galataTest,
  type IJupyterLabPageFixture
} from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';
import type { Statement } from '../src/record/types';

export const HOME = process.env.ATTEST_UI_HOME as string;
/** Folder that the contents paths of the server start from. */
export const ROOT = path.join(HOME, 'root');

/**
 * Galata's test, without its stand-in for the sessions API: that would answer
 * for our own route of the same name. Sessions are ended after each test.
 */
export const test = galataTest.extend({
  sessions: async ({ request, baseURL }, use) => {
    await use(null);
    const open = await request.get(`${baseURL}/api/sessions`);
    for (const { id } of (await open.json()) as { id: string }[]) {
      await request.delete(`${baseURL}/api/sessions/${id}`);
    }
  }
});

/** Absolute path of a contents path. */
export const onDisk = (...parts: string[]): string => path.join(ROOT, ...parts);

export const sha256 = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Run a piece of Python with the tests' interpreter; its output. */
export function python(code: string, ...args: string[]): string {
  const done = spawnSync('python', ['-c', code, ...args], { encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(done.stderr);
  }
  return done.stdout;
}

/** Where the server of this run keeps what it writes: for programs that work beside it. */
export function serverFolders(): Record<string, string> {
  const inHome = (name: string): string => path.join(HOME, name);
  return {
    JUPYTERLAB_GALATA_ROOT_DIR: ROOT,
    JUPYTER_ATTEST_DIR: inHome('journals'),
    JUPYTER_CONFIG_DIR: inHome('config'),
    JUPYTER_DATA_DIR: inHome('data'),
    IPYTHONDIR: inHome('ipython')
  };
}

/** Run the command line with the server's journals and keys; its JSON and exit code. */
export function attestProgram(...args: string[]): {
  code: number | null;
  reply: Record<string, unknown>;
} {
  const done = spawnSync(
    'python',
    ['-m', 'jupyter_attest', ...args, '--json'],
    {
      encoding: 'utf8',
      env: { ...process.env, ...serverFolders() }
    }
  );
  const last = done.stdout.trim().split('\n').pop() ?? '';
  return { code: done.status, reply: JSON.parse(last) };
}

/** An .ipynb with these code cells. */
export function notebookOf(cells: string[]): string {
  return JSON.stringify({
    cells: cells.map((source, index) => ({
      cell_type: 'code',
      id: `cell-${index}`,
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    })),
    metadata: {
      kernelspec: {
        display_name: 'Python 3 (ipykernel)',
        language: 'python',
        name: 'python3'
      }
    },
    nbformat: 4,
    nbformat_minor: 5
  });
}

/** Put a notebook into the test's folder and open it with a kernel. */
export async function openNotebook(
  page: IJupyterLabPageFixture,
  folder: string,
  name: string,
  cells: string[]
): Promise<void> {
  await page.contents.uploadContent(
    notebookOf(cells),
    'text',
    `${folder}/${name}`
  );
  await page.notebook.openByPath(`${folder}/${name}`);
  await page.notebook.activate(name);
}

/** The toolbar's button of the notebook in front. */
export const attestButton = (page: Page): Locator =>
  page.getByRole('button', { name: /^Attest…/ }).locator('visible=true');

export const statusButton = (page: Page): Locator =>
  page.getByRole('button', { name: /^Provenance: / });

/** Choose an entry of the status item's menu. */
export async function chooseFromStatus(
  page: Page,
  entry: string
): Promise<void> {
  await statusButton(page).click();
  await page.getByRole('menu').getByText(entry, { exact: true }).click();
}

export const attestDialog = (page: Page): Locator =>
  page.getByRole('dialog', { name: 'Create a record' });

/** Press the button once something was recorded; the dialog, with its list read. */
export async function openDialog(page: Page): Promise<Locator> {
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'false', {
    timeout: 15_000
  });
  await attestButton(page).click();
  const dialog = attestDialog(page);
  await expect(
    dialog.getByRole('button', { name: 'Another file…' })
  ).toBeVisible({ timeout: 20_000 });
  return dialog;
}

/** Sign what is chosen; the path that the notification says. */
export async function sign(page: Page, dialog: Locator): Promise<string> {
  const button = dialog.getByRole('button', { name: 'Sign and save' });
  await expect(button).toHaveAttribute('aria-disabled', 'false', {
    timeout: 20_000
  });
  await button.click();
  const saved = page.getByText(/^Record saved: /).first();
  await expect(saved).toBeVisible({ timeout: 20_000 });
  await expect(dialog).toBeHidden();
  return (await saved.innerText()).replace('Record saved: ', '').trim();
}

export interface IBundle {
  mediaType: string;
  dsseEnvelope: { payload: string; payloadType: string };
}

export function statementOf(bundle: IBundle): Statement {
  return JSON.parse(
    Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8')
  );
}

export const readJson = <T>(file: string): T =>
  JSON.parse(fs.readFileSync(file, 'utf8')) as T;

/** Record folders of a notebook, by invocation. */
export function recordFolders(folder: string, notebook: string): string[] {
  const place = onDisk(folder, '.attest', notebook);
  return fs.existsSync(place)
    ? fs
        .readdirSync(place, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(entry => path.join(place, entry.name))
    : [];
}

/** Two cells, of which the second needs the first. */
export const SCALED_MODEL = [
  'scale = 3',
  [
    'import pickle',
    'with open("model.pkl", "wb") as file:',
    '    pickle.dump({"weights": [scale, 2]}, file)'
  ].join('\n')
];

/** A cell that leaves a model: pickled, so that its write is seen. */
export const WRITE_MODEL = [
  'import pickle',
  'with open("model.pkl", "wb") as file:',
  '    pickle.dump({"weights": [1, 2, 3]}, file)'
].join('\n');
