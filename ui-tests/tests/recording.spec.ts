import * as fs from 'node:fs';
import { expect } from '@jupyterlab/galata';
import type { Statement } from '../../src/record/types';
import {
  WRITE_MODEL,
  attestButton,
  attestDialog,
  chooseFromStatus,
  onDisk,
  openDialog,
  openNotebook,
  readJson,
  statusButton,
  test
} from '../lab';

const NAME = 'small.ipynb';

test('the status always says whether recording is on', async ({
  page,
  tmpPath
}) => {
  await openNotebook(page, tmpPath, NAME, ['x = 1', 'y = 2', 'z = 3']);
  await expect(statusButton(page)).toHaveText(/^Provenance: recording/, {
    timeout: 20_000
  });
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'true');
  await expect(attestButton(page)).toHaveAccessibleName(
    'Attest… (Nothing has been recorded for this notebook)'
  );
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'false', {
    timeout: 15_000
  });

  await chooseFromStatus(page, 'Pause Recording');
  await expect(statusButton(page)).toHaveText('Provenance: off');
  await expect(statusButton(page)).toHaveAttribute(
    'title',
    'Nothing is being recorded.'
  );
  await page.notebook.runCell(1, { inplace: true, wait: true });

  await chooseFromStatus(page, 'Resume Recording');
  await expect(statusButton(page)).toHaveText(/^Provenance: recording/);

  await chooseFromStatus(page, 'Forget…');
  const question = page.getByRole('dialog', {
    name: /Forget what was recorded/
  });
  await expect(question.getByRole('checkbox')).toHaveCount(1);
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toBeHidden();
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'false');

  await page.menu.clickMenuItem('Kernel>Shut Down Kernel');
  await expect(statusButton(page)).toHaveText('Provenance: off', {
    timeout: 20_000
  });
  await chooseFromStatus(page, 'Forget…');
  await question.getByRole('button', { name: 'Forget' }).click();
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'true', {
    timeout: 20_000
  });

  await page.activity.activateTab('Launcher');
  await expect(statusButton(page)).toBeHidden();
});

test('a file that changed after its run is refused', async ({
  page,
  tmpPath
}) => {
  await openNotebook(page, tmpPath, NAME, [WRITE_MODEL]);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  const dialog = await openDialog(page);
  const sign = dialog.getByRole('button', { name: 'Sign and save' });
  await expect(sign).toHaveAttribute('aria-disabled', 'false', {
    timeout: 20_000
  });

  // Changed while the dialog was open: compared once more on the way.
  const before = fs.readFileSync(onDisk(tmpPath, 'model.pkl'));
  fs.writeFileSync(onDisk(tmpPath, 'model.pkl'), 'something else');
  await sign.click();
  const refusal = dialog.getByRole('alert');
  await expect(refusal).toContainText(
    "model.pkl isn't the file that run 1 wrote.",
    { timeout: 20_000 }
  );
  await expect(refusal).toContainText('Run 1 wrote');
  await expect(refusal).toContainText('The file now');
  const box = dialog.getByRole('checkbox', { name: 'model.pkl' });
  await expect(box).toBeDisabled();
  await expect(box).not.toBeChecked();
  await expect(sign).toHaveAttribute('aria-disabled', 'true');
  await expect(sign).toHaveAccessibleDescription(
    'Choose at least one file this record is about.'
  );
  expect(fs.existsSync(onDisk(tmpPath, 'model.pkl.sigstore.json'))).toBe(false);

  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(attestDialog(page)).toBeHidden();

  // Known from the start the next time.
  await attestButton(page).click();
  await expect(dialog.getByRole('alert')).toContainText(
    "isn't the file that run 1 wrote."
  );
  fs.writeFileSync(onDisk(tmpPath, 'model.pkl'), before);
  await dialog.getByRole('button', { name: 'Compare again' }).click();
  await expect(box).toBeChecked({ timeout: 20_000 });
  await expect(sign).toHaveAttribute('aria-disabled', 'false', {
    timeout: 20_000
  });
});

test('a file whose write was not seen can be chosen, and the record says so', async ({
  page,
  tmpPath
}) => {
  await openNotebook(page, tmpPath, NAME, [WRITE_MODEL]);
  // Outside of the notebook's folder, which is watched.
  const given = `given-${Date.now()}.bin`;
  fs.writeFileSync(onDisk(given), 'made elsewhere');
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await expect(attestButton(page)).toHaveAttribute('aria-disabled', 'false', {
    timeout: 15_000
  });

  await test.step('without a record, the menu exports an unsigned one', async () => {
    const download = page.waitForEvent('download');
    await page.menu.clickMenuItem('File>Export Provenance File');
    const file = await download;
    expect(file.suggestedFilename()).toBe(`${NAME}.intoto.json`);
    const statement = readJson<Statement>(await file.path());
    expect(statement.subject.map(({ name }) => name)).toEqual(['model.pkl']);
  });

  const dialog = await openDialog(page);
  await dialog.getByRole('checkbox', { name: 'model.pkl' }).uncheck();
  await dialog.getByRole('button', { name: 'Another file…' }).click();
  await dialog.getByRole('combobox', { name: 'Path of the file' }).fill(given);
  await dialog.getByRole('button', { name: 'Choose' }).click();
  await expect(dialog.getByRole('checkbox', { name: given })).toBeChecked();
  await dialog.getByRole('button', { name: 'Show' }).click({ timeout: 20_000 });
  await expect(
    dialog.getByText("How this file was written wasn't recorded.")
  ).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});
