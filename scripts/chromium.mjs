/** Find a Chromium for the browser tests, or install Debian's where that is possible. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { aptInstall } from './apt.mjs';
import { Stop } from './lib.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'
];

function find() {
  for (const name of NAMES) {
    const found = spawnSync('which', [name], { encoding: 'utf8' });
    if (found.status === 0) {
      return found.stdout.trim();
    }
  }
  return PLACES.find(place => fs.existsSync(place));
}

/**
 * Path of a Chromium: `$CHROMIUM_PATH`, one of the system, else (root on
 * Debian) the one that apt installs.
 * @throws Stop, saying what to do
 */
export async function chromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (!fs.existsSync(named)) {
      throw new Stop(`CHROMIUM_PATH is ${named}, which doesn't exist.`);
    }
    return named;
  }
  const found = find();
  if (found) {
    return found;
  }
  const cure =
    'Install Chromium or Chrome (on Debian: apt-get install chromium), or name one: CHROMIUM_PATH=/path/to/chromium npm test';
  await aptInstall(
    'chromium',
    `No Chromium was found for the browser tests.\n${cure}`
  );
  const installed = find();
  if (!installed) {
    throw new Stop(`apt installed chromium, but it can't be found.\n${cure}`);
  }
  return installed;
}
