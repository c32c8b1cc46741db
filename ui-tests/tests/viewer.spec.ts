import { expect } from '@jupyterlab/galata';
import {
  SCALED_MODEL,
  attestProgram,
  onDisk,
  openDialog,
  openNotebook,
  sign,
  test
} from '../lab';

test('a replay is shown as what it gave, with its date and signer', async ({
  page,
  tmpPath
}) => {
  await openNotebook(page, tmpPath, 'again.ipynb', SCALED_MODEL);
  await page.notebook.runCell(0, { inplace: true, wait: true });
  await page.notebook.runCell(1, { inplace: true, wait: true });
  const saved = `${tmpPath}/${await sign(page, await openDialog(page))}`;
  const { code, reply } = attestProgram('replay', onDisk(saved));
  expect([code, reply.outcome]).toEqual([0, 'same-digest']);

  await page.filebrowser.open(saved);
  const again = page.getByRole('region', { name: 'Run again' });
  await expect(again).toContainText('2 runs gave the same bytes', {
    timeout: 15_000
  });
  await expect(again).toContainText(
    /UTC, signed with key [0-9a-f]{8}, which you named “this computer”/
  );
  await expect(again).toContainText(
    'adds nothing to what the record can claim'
  );
  await expect(again).not.toContainText(/reproduc|verified/i);
});

test('what is no record is shown as an error and nothing else', async ({
  page,
  tmpPath
}) => {
  const broken: [string, string][] = [
    ['cut.sigstore.json', '{"mediaType": '],
    ['twice.sigstore.json', '{"mediaType": "a", "mediaType": "b"}'],
    ['other.sigstore.json', '{"hello": "world"}']
  ];
  for (const [name, content] of broken) {
    await page.contents.uploadContent(content, 'text', `${tmpPath}/${name}`);
    await page.filebrowser.open(`${tmpPath}/${name}`);
    await page.activity.activateTab(name);
    const panel = page.getByRole('tabpanel', { name });
    await expect(panel.getByRole('alert')).toContainText('Unreadable record');
    await expect(panel.getByRole('tab')).toHaveCount(0);
  }
});
