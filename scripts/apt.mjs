/** Debian's packages, where the tests need a program that isn't there. */
import fs from 'node:fs';
import { Stop, must } from './lib.mjs';

/**
 * Install a package of the system (root on Debian).
 * @throws Stop, saying what to do instead
 */
export async function aptInstall(name, cure) {
  if (process.getuid?.() !== 0 || !fs.existsSync('/etc/debian_version')) {
    throw new Stop(cure);
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-q', '-y', '--no-install-recommends'];
  await must(['apt-get', 'update', '-q'], cure, { env });
  await must([...install, name], cure, { env });
}
