/** `key show`, `key new`, `key add`: the signing key of this computer and the keyring. */
import path from 'node:path';
import type { IKeyReply } from '../../api';
import { resolveName, type ICommonOptions, type IContext } from '../context';
import {
  addPublicKey,
  ensureSigningKey,
  OWN_KEY_NAME,
  readKeyring,
  renewSigningKey,
  type IKnownKey
} from '../keys';
import { printable, shortDigest, table } from '../text';

export async function runKeyShow(
  context: IContext,
  options: ICommonOptions
): Promise<number> {
  const key = ensureSigningKey(context.places.keys);
  return answer(context, options, key, [
    'The key that this computer signs records with.',
    '',
    ...describeKey(key, key.privateFile),
    ...ringLines(context),
    '',
    'Give the public key to people who should check your records, by a way they',
    'trust. They add it with:',
    `  ${context.program} key add FILE --name YOUR-NAME`,
    '',
    key.publicPem.trimEnd()
  ]);
}

export async function runKeyNew(
  context: IContext,
  options: ICommonOptions
): Promise<number> {
  const { key, old } = renewSigningKey(context.places.keys, context.now());
  return answer(context, options, key, [
    'Made a new key. Records are signed with it from now on.',
    '',
    ...describeKey(key, key.privateFile),
    ...(old === null
      ? []
      : [
          '',
          `The old one is kept in the keyring as “${old}”,`,
          'so records signed with it still verify here.'
        ])
  ]);
}

export async function runKeyAdd(
  context: IContext,
  file: string,
  options: ICommonOptions & { name: string }
): Promise<number> {
  const key = addPublicKey(
    context.places.keys,
    resolveName(context, options, file),
    options.name
  );
  return answer(context, options, key, [
    `Added “${printable(key.name)}” to the keyring. Records signed with it now verify here.`,
    '',
    ...describeKey(key, null)
  ]);
}

function describeKey(key: IKnownKey, privateFile: string | null): string[] {
  return table([
    ['  Fingerprint', `${shortDigest(key.fingerprint)}  (${key.fingerprint})`],
    ['  Hint in records', key.hint],
    ['  Public key', key.publicKeyPath],
    ...(privateFile === null ? [] : [['  Private key', privateFile]])
  ]);
}

function ringLines(context: IContext): string[] {
  const { keys, problems } = readKeyring(context.places.keys);
  const others = keys.filter(key => key.name !== OWN_KEY_NAME);
  const rows = others.map(key => [
    `  ${printable(key.name)}`,
    shortDigest(key.fingerprint)
  ]);
  return others.length + problems.length === 0
    ? []
    : [
        '',
        'Keys of others in your keyring:',
        ...table(rows),
        ...problems.map(problem => `  Not usable: ${printable(problem, 400)}`)
      ];
}

function answer(
  context: IContext,
  options: ICommonOptions,
  key: IKnownKey,
  lines: readonly string[]
): number {
  const { keys, problems } = readKeyring(context.places.keys);
  const reply: IKeyReply = {
    name: key.name,
    publicKey: key.publicPem,
    hint: key.hint,
    fingerprint: key.fingerprint,
    publicKeyPath: key.publicKeyPath,
    folder: path.resolve(context.places.keys),
    keyring: keys.map(({ name, hint, fingerprint, publicKeyPath }) => ({
      name,
      hint,
      fingerprint,
      publicKeyPath
    })),
    problems
  };
  context.terminal.out(
    options.json ? `${JSON.stringify(reply)}\n` : `${lines.join('\n')}\n`
  );
  return 0;
}
