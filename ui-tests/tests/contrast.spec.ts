import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import {
  SCALED_MODEL,
  attestProgram,
  onDisk,
  openDialog,
  openNotebook,
  sign,
  test
} from '../lab';

/** WCAG 2.2, 1.4.3. */
const LEAST = 4.5;

interface IMeasured {
  text: string;
  contrast: number;
}

/** Contrast of each visible text against what is painted behind it; disabled ones aside. */
function measure(place: Locator): Promise<IMeasured[]> {
  return place.evaluate(root => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d', {
      willReadFrequently: true
    }) as CanvasRenderingContext2D;
    const paint = (colours: string[]): number[] => {
      pen.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
      }
      return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour: number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.slice(0, 3).map(value => {
        const part = value / 255;
        return part <= 0.03928
          ? part / 12.92
          : Math.pow((part + 0.055) / 1.055, 2.4);
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element): string[] => {
      const layers: string[] = [];
      for (let at: Element | null = element; at; at = at.parentElement) {
        layers.unshift(getComputedStyle(at).backgroundColor);
      }
      return ['white', ...layers];
    };
    const found = new Map<string, number>();
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement as HTMLElement;
      const text = node.textContent?.trim() ?? '';
      const box = element.getBoundingClientRect();
      if (
        !text ||
        box.width < 2 ||
        box.height < 2 ||
        element.closest('[aria-disabled="true"], :disabled, style')
      ) {
        continue;
      }
      const layers = behind(element);
      const back = light(paint(layers));
      const front = light(paint([...layers, getComputedStyle(element).color]));
      const contrast =
        (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      found.set(text.slice(0, 60), contrast);
    }
    return [...found].map(([text, contrast]) => ({ text, contrast }));
  });
}

async function expectReadable(place: Locator): Promise<void> {
  const measured = await measure(place);
  expect(measured.length).toBeGreaterThan(5);
  expect(measured.filter(({ contrast }) => contrast < LEAST)).toEqual([]);
}

test('every text of dialog and viewer is readable, light and dark', async ({
  page,
  tmpPath
}) => {
  test.slow();
  await openNotebook(page, tmpPath, 'themes.ipynb', SCALED_MODEL);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await page.notebook.runCell(1, { inplace: true, wait: true });
  const themes = [
    'JupyterLab Light',
    'JupyterLab Dark',
    'JupyterLab Dark High Contrast'
  ];
  for (const theme of themes) {
    await test.step(`dialog in ${theme}`, async () => {
      await page.theme.setTheme(theme);
      const dialog = await openDialog(page);
      await dialog
        .getByRole('button', { name: 'Preview what is signed' })
        .click({ timeout: 20_000 });
      await dialog.getByRole('button', { name: 'Why?' }).click();
      await dialog.getByRole('button', { name: 'List each run' }).click();
      await expectReadable(dialog);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
    });
  }

  await test.step('a run that is needed can be left out, which is said loudly', async () => {
    const dialog = await openDialog(page);
    await dialog
      .getByRole('button', { name: 'List each run' })
      .click({ timeout: 20_000 });
    await dialog.getByRole('row', { name: /scale = 3/ }).click();
    await expect(
      dialog.getByText('made scale, which run 2 reads')
    ).toBeVisible();
    await dialog.getByRole('button', { name: 'Leave this run out' }).click();
    await expect(
      dialog.getByText('Later runs read from it: scale (run 2).')
    ).toBeVisible({ timeout: 20_000 });
    await expect(dialog.getByRole('row', { name: /scale = 3/ })).toContainText(
      'left out by you'
    );
    await expect(dialog.getByText('1 of 2 runs kept.')).toBeVisible();
    await dialog.getByRole('row', { name: /import pickle/ }).click();
    await expect(
      dialog.getByText(/It wrote a file that the record is about/)
    ).toBeVisible();
    await expectReadable(dialog);
    await sign(page, dialog);
  });
  const record = onDisk(tmpPath, 'model.pkl.sigstore.json');
  const { code, reply } = attestProgram('replay', record);
  expect([code, reply.outcome]).toEqual([1, 'failed']);

  await page.filebrowser.open(`${tmpPath}/model.pkl.sigstore.json`);
  const tabs = page.getByRole('tablist', { name: 'Parts of the record' });
  await expect(tabs).toBeVisible();
  await expect(page.getByRole('region', { name: 'Run again' })).toContainText(
    /1 run did not run through.*not signed/,
    { timeout: 15_000 }
  );
  await tabs.getByRole('tab', { name: /^Runs/ }).click();
  await page.getByRole('row', { name: /left out by a person/ }).click();
  await expect(
    page.getByText('Later runs read from it: scale (run 2).')
  ).toBeVisible();
  for (const theme of themes) {
    await test.step(`viewer in ${theme}`, async () => {
      await page.theme.setTheme(theme);
      for (const tab of await tabs.getByRole('tab').all()) {
        await tab.click();
        const [word] = /^[A-Za-z]+/.exec(await tab.innerText()) ?? [];
        await expectReadable(
          page.getByRole('tabpanel', { name: new RegExp(`^${word}`) })
        );
      }
    });
  }
});
