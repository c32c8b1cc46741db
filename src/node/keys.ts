/**
 * The signing key of this computer and the keyring, in the Jupyter
 * configuration folder. The key is made on first use and never leaves it.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject
} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { CliError, readError, systemCode, writeError } from './errors';
import { listFolder, makePrivateFolder, statOf, writeAtomic } from './files';

/** What `verify` calls the key that this computer signs with. */
export const OWN_KEY_NAME = 'this computer';

/** A PEM file of one key is a few hundred bytes. */
const KEY_LIMIT_BYTES = 16 * 1024;

/** A public key with the names that people and bundles know it by. */
export interface IKnownKey {
  /** Name in the keyring. */
  name: string;
  /** SPKI PEM. */
  publicPem: string;
  /** base64 of SHA-256(SPKI DER): the hint in a bundle. */
  hint: string;
  /** The same digest in lower-case hex. */
  fingerprint: string;
  publicKeyPath: string;
}

/** The key that this computer signs with. */
export interface ISigningKey extends IKnownKey {
  /** PKCS8 PEM. */
  privatePem: string;
  privateFile: string;
}

const files = (folder: string) => ({
  private: path.join(folder, 'key.pem'),
  public: path.join(folder, 'key.pub.pem'),
  ring: path.join(folder, 'keys')
});

/**
 * Read a P-256 public key from PEM.
 *
 * @throws CliError `bad-key` when it is anything else.
 */
export function readPublicKey(
  pem: string,
  name: string,
  file: string
): IKnownKey {
  const key = parsePublicKey(pem, file);
  const der = key.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(der).digest();
  return {
    name,
    publicPem: key.export({ type: 'spki', format: 'pem' }).toString(),
    hint: digest.toString('base64'),
    fingerprint: digest.toString('hex'),
    publicKeyPath: file
  };
}

function parsePublicKey(pem: string, file: string): KeyObject {
  const wrong = (what: string, cause?: unknown) =>
    new CliError('bad-key', `${file} ${what}.`, { cause });
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw wrong('is a private key. Give the public one (*.pub.pem)');
  }
  if ((pem.match(/-----BEGIN /g) ?? []).length !== 1) {
    throw wrong('is not one public key in PEM form');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw wrong('is not one public key in PEM form', error);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw wrong('is not an ECDSA P-256 key, the only kind used here');
  }
  return key;
}

/**
 * Read a public key file named by a person.
 *
 * @throws CliError `missing`, `unreadable` or `bad-key`.
 */
export function readPublicKeyFile(file: string, name: string): IKnownKey {
  const stat = statOf(file);
  if (stat === null) {
    throw new CliError('missing', `There is no key file ${file}.`);
  }
  if (!stat.isFile() || stat.size > BigInt(KEY_LIMIT_BYTES)) {
    throw new CliError('bad-key', `${file} is not one public key in PEM form.`);
  }
  return readPublicKey(readText(file), name, file);
}

/** The signing key, or null when none was made yet. */
export function findSigningKey(folder: string): ISigningKey | null {
  const { private: privateFile, public: publicFile } = files(folder);
  if (statOf(privateFile) === null) {
    return null;
  }
  const privatePem = readText(privateFile);
  return {
    ...readPublicKey(
      publicPemOf(privatePem, privateFile),
      OWN_KEY_NAME,
      publicFile
    ),
    privatePem,
    privateFile
  };
}

function publicPemOf(privatePem: string, file: string): string {
  try {
    return createPublicKey(createPrivateKey(privatePem))
      .export({ type: 'spki', format: 'pem' })
      .toString();
  } catch (error) {
    throw new CliError(
      'bad-key',
      `${file} is not a private key that can be read. Move it away to have a new one made.`,
      { cause: error }
    );
  }
}

/** The signing key; made now when there is none. Two at once agree on one. */
export function ensureSigningKey(folder: string): ISigningKey {
  const found = findSigningKey(folder);
  if (found !== null) {
    writePublicKey(folder, found.publicPem);
    return found;
  }
  makePrivateFolder(folder);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    writeAtomic(files(folder).private, pem, { mode: 0o600, replace: false });
  } catch (error) {
    const cause = (error as CliError).cause;
    if (systemCode(cause) !== 'EEXIST') {
      throw error;
    }
  }
  const made = findSigningKey(folder);
  if (made === null) {
    throw new CliError('not-writable', `No key could be made in ${folder}.`);
  }
  writePublicKey(folder, made.publicPem);
  return made;
}

/** Write `key.pub.pem` unless it is there already and says the same. */
function writePublicKey(folder: string, publicPem: string): void {
  const file = files(folder).public;
  if (statOf(file) === null || readText(file) !== publicPem) {
    writeAtomic(file, publicPem);
  }
}

/**
 * Make a new signing key. The old pair moves into the keyring, so that records
 * signed with it are still recognised.
 *
 * @returns the new key, and the name of the old one when there was one.
 */
export function renewSigningKey(
  folder: string,
  now: Date
): { key: ISigningKey; old: string | null } {
  const before = findSigningKey(folder);
  if (before === null) {
    return { key: ensureSigningKey(folder), old: null };
  }
  const { private: privateFile, public: publicFile, ring } = files(folder);
  const day = now.toISOString().slice(0, 10);
  const old = `this-computer-until-${day}-${before.fingerprint.slice(0, 8)}`;
  makePrivateFolder(ring);
  writeAtomic(path.join(ring, `${old}.pub.pem`), before.publicPem);
  try {
    fs.renameSync(privateFile, path.join(ring, `${old}.pem`));
    fs.rmSync(publicFile, { force: true });
  } catch (error) {
    throw writeError(ring, error);
  }
  return { key: ensureSigningKey(folder), old };
}

/**
 * Add somebody's public key to the keyring.
 *
 * @throws CliError `usage` for a name that can't be a file name or is taken by
 * another key; `bad-key` for a file that isn't a P-256 public key.
 */
export function addPublicKey(
  folder: string,
  file: string,
  name: string
): IKnownKey {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u.test(name)) {
    throw new CliError(
      'usage',
      'A key name has 1 to 64 letters, digits, spaces or . _ @ - and starts with a letter or digit.'
    );
  }
  const key = readPublicKeyFile(file, name);
  const target = path.join(files(folder).ring, `${name}.pub.pem`);
  if (statOf(target) !== null) {
    if (readPublicKey(readText(target), name, target).hint === key.hint) {
      return { ...key, publicKeyPath: target };
    }
    throw new CliError(
      'usage',
      `Another key is already called “${name}”. Choose another name, or delete ${target} first.`
    );
  }
  makePrivateFolder(files(folder).ring);
  writeAtomic(target, key.publicPem);
  return { ...key, publicKeyPath: target };
}

/** A keyring with what in it couldn't be read, a sentence each. */
export interface IKeyring {
  keys: IKnownKey[];
  problems: string[];
}

/** All keys that `verify` knows by default: this computer's own and the keyring. */
export function readKeyring(folder: string): IKeyring {
  const { public: publicFile, ring } = files(folder);
  const named = listFolder(ring)
    .filter(name => name.endsWith('.pub.pem'))
    .map(name => ({
      name: name.slice(0, -'.pub.pem'.length),
      file: path.join(ring, name)
    }));
  const all = statOf(publicFile)
    ? [{ name: OWN_KEY_NAME, file: publicFile }, ...named]
    : named;
  const keyring: IKeyring = { keys: [], problems: [] };
  for (const { name, file } of all) {
    try {
      keyring.keys.push(readPublicKeyFile(file, name));
    } catch (error) {
      keyring.problems.push((error as Error).message);
    }
  }
  return keyring;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw readError(file, error);
  }
}
