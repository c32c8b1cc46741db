import { expect, test } from '@playwright/test';
import {
  WRITE_MODEL,
  attestButton,
  attestDialog,
  notebookOf,
  openDialog
} from '../lab';

test('Notebook 7 has the button and the dialog', async ({
  page,
  request,
  baseURL
}) => {
  const name = 'seven.ipynb';
  await request.put(`${baseURL}/api/contents/${name}`, {
    data: {
      type: 'notebook',
      content: JSON.parse(notebookOf([WRITE_MODEL]))
    }
  });
  await page.goto(`${baseURL}/notebooks/${name}`);
  await expect(attestButton(page)).toBeVisible({ timeout: 60_000 });
  await page.getByText('import pickle').click();
  await page.getByRole('button', { name: /^Run this cell/ }).click();
  await expect(page.getByText('[1]:')).toBeVisible({ timeout: 30_000 });
  const dialog = await openDialog(page);
  await expect(dialog.getByRole('checkbox', { name: 'model.pkl' })).toBeChecked(
    { timeout: 20_000 }
  );
  await page.keyboard.press('Escape');
  await expect(attestDialog(page)).toBeHidden();
  const sessions = await request.get(`${baseURL}/api/sessions`);
  for (const { id } of (await sessions.json()) as { id: string }[]) {
    await request.delete(`${baseURL}/api/sessions/${id}`);
  }
});
