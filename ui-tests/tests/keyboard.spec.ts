import * as fs from 'node:fs';
import { expect } from '@jupyterlab/galata';
import {
  SCALED_MODEL,
  attestButton,
  attestDialog,
  onDisk,
  openNotebook,
  test
} from '../lab';

test('the dialog is opened, read and cancelled by keyboard', async ({
  page,
  tmpPath
}) => {
  await openNotebook(page, tmpPath, 'keys.ipynb', SCALED_MODEL);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await page.notebook.runCell(1, { inplace: true, wait: true });
  const button = attestButton(page);
  await expect(button).toHaveAttribute('aria-disabled', 'false', {
    timeout: 15_000
  });
  await button.focus();
  await page.keyboard.press('Enter');
  const dialog = attestDialog(page);
  const cancel = dialog.getByRole('button', { name: 'Cancel' });
  await expect(cancel).toBeFocused();
  const sign = dialog.getByRole('button', { name: 'Sign and save' });
  await expect(sign).toHaveAttribute('aria-disabled', 'false', {
    timeout: 20_000
  });

  await test.step('Tab goes in the order of reading and stays inside', async () => {
    await page.keyboard.press('Tab');
    await expect(sign).toBeFocused();
    await page.keyboard.press('Tab');
    const box = dialog.getByRole('checkbox', { name: 'model.pkl' });
    await expect(box).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(
      dialog.getByRole('button', { name: 'Another file…' })
    ).toBeFocused();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await expect(sign).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(box).toBeFocused();
  });

  await test.step('runs are read, left out and kept again without a mouse', async () => {
    await dialog.getByRole('button', { name: 'List each run' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const first = dialog.getByRole('row', { name: /scale = 3/ });
    const second = dialog.getByRole('row', { name: /import pickle/ });
    await expect(first).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(second).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(second).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Home');
    await expect(first).toBeFocused();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const leave = dialog.getByRole('button', { name: 'Leave this run out' });
    await expect(leave).toBeFocused();
    await page.keyboard.press('Space');
    await expect(
      dialog.getByText('Later runs read from it: scale (run 2).')
    ).toBeVisible({ timeout: 20_000 });
    await expect(
      dialog.getByRole('button', { name: 'Keep this run again' })
    ).toBeFocused();
    await page.keyboard.press('Space');
    await expect(leave).toBeFocused();
    await expect(sign).toHaveAttribute('aria-disabled', 'false', {
      timeout: 20_000
    });
    await dialog.getByRole('checkbox', { name: 'model.pkl' }).focus();
  });

  await test.step('Enter in the form submits nothing, Space ticks', async () => {
    await page.keyboard.press('Enter');
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Space');
    await expect(
      dialog.getByRole('checkbox', { name: 'model.pkl' })
    ).not.toBeChecked();
    await expect(sign).toHaveAttribute('aria-disabled', 'true');
  });

  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(button).toBeFocused();
  expect(fs.existsSync(onDisk(tmpPath, 'model.pkl.sigstore.json'))).toBe(false);
});
