/** Where things lie on this computer: the journal home and the keys. */
import os from 'node:os';
import path from 'node:path';

export type Environment = Record<string, string | undefined>;

/** Folders that the command line works with, all absolute. */
export interface IPlaces {
  /** Journal home: sessions, records, index. */
  home: string;
  /** Key, public key and keyring. */
  keys: string;
}

/**
 * Find the folders, as Jupyter itself does (jupyter_core.paths).
 *
 * The server passes both by environment; the defaults serve people and npx.
 */
export function findPlaces(
  env: Environment,
  platform: NodeJS.Platform = process.platform
): IPlaces {
  const userHome = env.HOME || os.homedir();
  const home =
    env.JUPYTER_ATTEST_DIR ||
    path.join(dataFolder(env, platform, userHome), 'attest');
  const config = env.JUPYTER_CONFIG_DIR || path.join(userHome, '.jupyter');
  return { home: path.resolve(home), keys: path.resolve(config, 'attest') };
}

/** `jupyter_data_dir`. */
function dataFolder(
  env: Environment,
  platform: NodeJS.Platform,
  userHome: string
): string {
  if (env.JUPYTER_DATA_DIR) {
    return env.JUPYTER_DATA_DIR;
  }
  if (platform === 'darwin') {
    return path.join(userHome, 'Library', 'Jupyter');
  }
  if (platform === 'win32' && env.APPDATA) {
    return path.join(env.APPDATA, 'jupyter');
  }
  const shared = env.XDG_DATA_HOME || path.join(userHome, '.local', 'share');
  return path.join(shared, 'jupyter');
}
