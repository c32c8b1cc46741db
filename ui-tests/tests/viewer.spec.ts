import { expect } from '@jupyterlab/galata';
import { test } from '../lab';

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
