import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect } from '@jupyterlab/galata';
import {
  onDisk,
  openDialog,
  python,
  readJson,
  recordFolders,
  sha256,
  sign,
  statementOf,
  test,
  type IBundle
} from '../lab';

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');
const NATIVE =
  'pd.DataFrame(model[-1].coef_).rename(columns=str).to_parquet("coefficients.parquet")';

interface IRunList {
  runs: {
    number: number;
    status: string;
    code: { text: string | null } | null;
    verdict: string;
  }[];
}

/** The cleaned table, as the first example makes it from the raw one. */
function makeCleanTable(folder: string): string {
  const file = onDisk(folder, 'clean.parquet');
  python(
    `import sys, pandas as pd
raw = pd.read_csv(sys.argv[1])
names = {"Culmen Length (mm)": "bill_length_mm", "Culmen Depth (mm)": "bill_depth_mm",
         "Flipper Length (mm)": "flipper_length_mm", "Body Mass (g)": "body_mass_g", "Species": "species"}
raw.rename(columns=names)[list(names.values())].dropna().to_parquet(sys.argv[2])`,
    path.join(EXAMPLES, 'data', 'penguins_raw.csv'),
    file
  );
  return file;
}

test('a session out of order becomes a signed record of two models', async ({
  page,
  tmpPath
}) => {
  const notebook = '2-train.ipynb';
  const table = makeCleanTable(tmpPath);
  await page.contents.uploadFile(
    path.join(EXAMPLES, notebook),
    `${tmpPath}/${notebook}`
  );
  await page.notebook.openByPath(`${tmpPath}/${notebook}`);
  await page.notebook.activate(notebook);
  const run = (index: number): Promise<boolean> =>
    page.notebook.runCell(index, { inplace: true, wait: true });
  const textOf = (index: number): Promise<string> =>
    page.notebook.getCellTextInput(index);

  // Cells: 0 title, 1 parameters, 2 read, 3 split, 4 fit, 5 save, 6 measure, 7 plot.
  const ran: string[] = [];
  const runs = async (index: number): Promise<void> => {
    ran.push(await textOf(index));
    expect(await run(index)).toBe(true);
  };
  await runs(2);
  await runs(1);
  await runs(3);
  await runs(4);
  await page.notebook.setCell(
    4,
    'code',
    (await textOf(4)).replace('max_iter=500', 'max_iter=400')
  );
  await runs(4);
  await runs(6);
  await page.notebook.selectCells(6);
  await page.notebook.deleteCells();
  await page.notebook.addCell('code', NATIVE);
  await runs(7);
  await runs(5);
  await page.notebook.save();

  const file = onDisk(tmpPath, notebook);
  const bytes = fs.readFileSync(file);

  const dialog = await openDialog(page);
  await expect(
    dialog.getByRole('checkbox', { name: 'model.joblib' })
  ).toBeChecked();
  await dialog.getByRole('checkbox', { name: 'coefficients.parquet' }).check();
  await expect(dialog.getByText(/of 8 runs in order/)).toBeVisible({
    timeout: 20_000
  });
  await expect(
    dialog.getByText('Self-reported: you could have changed it before signing')
  ).toBeVisible();
  await dialog.getByRole('button', { name: 'Why?' }).click();
  await expect(
    dialog.getByText(/Its author controls the computer/)
  ).toBeVisible();
  await dialog.getByRole('button', { name: 'Preview what is signed' }).click();
  const preview = dialog.getByRole('region', {
    name: 'Exactly what will be signed'
  });
  await expect(preview.last()).toContainText('https://in-toto.io/Statement/v1');
  const previewed = await preview.last().textContent();
  const saved = await sign(page, dialog);
  expect(saved).toBe('2-train.ipynb.sigstore.json');

  await test.step('the bundle names both models and the dataset', () => {
    const bundle = readJson<IBundle>(onDisk(tmpPath, saved));
    const statement = statementOf(bundle);
    expect(
      Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8')
    ).toBe(previewed);
    expect(
      statement.subject.map(({ name, digest }) => [name, digest.sha256]).sort()
    ).toEqual(
      ['coefficients.parquet', 'model.joblib'].map(name => [
        name,
        sha256(onDisk(tmpPath, name))
      ])
    );
    const { resolvedDependencies, internalParameters } =
      statement.predicate.buildDefinition;
    const data = resolvedDependencies.find(
      each => 'name' in each && each.name === 'clean.parquet'
    );
    expect(data).toMatchObject({ digest: { sha256: sha256(table) } });
    const { observers, gaps } = internalParameters.recording;
    expect(observers.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['probe', 'server'])
    );
    expect(Array.isArray(gaps)).toBe(true);
  });

  await test.step('the folder has every run in true order with its text', () => {
    const [folder, ...more] = recordFolders(tmpPath, notebook);
    expect(more).toEqual([]);
    const { runs: listed } = readJson<IRunList>(`${folder}/runs.json`);
    expect(listed.map(({ code }) => code?.text)).toEqual(ran);
    expect(listed.map(({ number }) => number)).toEqual(
      ran.map((_, index) => index + 1)
    );
  });

  await test.step('the .ipynb is what a plain save writes', async () => {
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    const canonical = python(
      `import sys, nbformat
text = open(sys.argv[1], encoding="utf-8").read()
written = nbformat.writes(nbformat.reads(text, as_version=4), nbformat.NO_CONVERT)
print(written.rstrip("\\n") == text.rstrip("\\n"))`,
      file
    );
    expect(canonical.trim()).toBe('True');
    expect(bytes.toString('utf8').toLowerCase()).not.toContain('attest');
  });

  await test.step('the viewer shows it with the ceiling and its reasons', async () => {
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await expect(
      page.getByRole('heading', { level: 1, name: /more file/ })
    ).toBeVisible();
    const answer = page.getByRole('region', {
      name: 'Has it changed? Who signed it?'
    });
    await expect(answer).toContainText('Unchanged since it was signed', {
      timeout: 15_000
    });
    await page.getByRole('tab', { name: /^Runs/ }).click();
    await expect(
      page.getByRole('row', { name: /joblib/ }).first()
    ).toBeVisible();
    await page.getByRole('tab', { name: /^Not recorded/ }).click();
    await expect(
      page.getByText("A short list doesn't prove that nothing else is missing.")
    ).toBeVisible();
    await page.getByRole('tab', { name: 'Technical details' }).click();
    await expect(page.getByText(/At most SLSA Build L1/)).toBeVisible();
    await expect(
      page.getByText(/Its author controls the computer/)
    ).toBeVisible();
  });
});
