/** Find strace for the tests of the traced kernel, or install Debian's where that is possible. */
import { spawnSync } from 'node:child_process';
import { aptInstall } from './apt.mjs';
import { Stop } from './lib.mjs';

const version = () =>
  spawnSync('strace', ['-V'], { encoding: 'utf8' }).stdout?.split('\n')[0];

/** Its version, or why there is none: those tests then say that they were skipped. */
export async function strace() {
  if (process.platform !== 'linux') {
    return 'only on Linux';
  }
  try {
    if (!version()) {
      await aptInstall(
        'strace',
        'Install it (Debian: apt-get install strace).'
      );
    }
    return version() ?? 'none';
  } catch (error) {
    if (error instanceof Stop) {
      return `none, so no kernel is traced here. ${error.message}`;
    }
    throw error;
  }
}
