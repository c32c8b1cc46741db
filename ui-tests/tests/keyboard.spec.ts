import * as fs from 'node:fs';
import { expect } from '@jupyterlab/galata';
import {
  WRITE_MODEL,
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
  await openNotebook(page, tmpPath, 'keys.ipynb', [WRITE_MODEL]);
  await page.notebook.runCell(0, { inplace: true, wait: true });
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
