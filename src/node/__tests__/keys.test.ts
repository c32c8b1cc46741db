import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { IErrorReply, IKeyReply } from '../../api';
import { ensureSigningKey } from '../keys';
import { makeWorld, type IWorld } from './harness';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const mode = (file: string) => fs.statSync(file).mode & 0o777;

const publicPem = (namedCurve = 'P-256') =>
  generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

describe('key show', () => {
  it('makes the key on first use, for this user only', async () => {
    const { code, out } = await world.run('key', 'show');
    const { keys } = world.context.places;
    expect(code).toBe(0);
    expect(out).toContain('-----BEGIN PUBLIC KEY-----');
    expect(mode(keys)).toBe(0o700);
    expect(mode(path.join(keys, 'key.pem'))).toBe(0o600);
    expect(fs.readFileSync(path.join(keys, 'key.pem'), 'utf8')).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n/
    );
  });

  it('prints the same key the second time and never the private one', async () => {
    const first = await world.run('key', '--json');
    const second = await world.run('key', 'show', '--json');
    expect(second.out).toBe(first.out);
    expect(first.out + (await world.run('key')).out).not.toContain('PRIVATE');
  });

  it('writes the public key again when it was deleted', async () => {
    await world.run('key');
    const file = path.join(world.context.places.keys, 'key.pub.pem');
    fs.rmSync(file);
    await world.run('key');
    expect(fs.existsSync(file)).toBe(true);
  });

  it('says so when the private key is damaged, and leaves it alone', async () => {
    const { keys } = world.context.places;
    fs.mkdirSync(keys, { recursive: true });
    fs.writeFileSync(path.join(keys, 'key.pem'), 'not a key');
    const { code, err } = await world.run('key');
    expect(code).toBe(2);
    expect(err).toContain('is not a private key');
    expect(fs.readFileSync(path.join(keys, 'key.pem'), 'utf8')).toBe(
      'not a key'
    );
  });
});

describe('key new', () => {
  it('keeps the old pair in the keyring, so that old records still verify', async () => {
    const before = ensureSigningKey(world.context.places.keys);
    const { out } = await world.run('key', 'new', '--json');
    const reply = JSON.parse(out) as IKeyReply;
    expect(reply.hint).not.toBe(before.hint);
    expect(reply.keyring.map(key => key.hint)).toContain(before.hint);
    const kept = fs
      .readdirSync(path.join(world.context.places.keys, 'keys'))
      .filter(name => !name.endsWith('.pub.pem'));
    expect(kept).toHaveLength(1);
    expect(
      mode(path.join(world.context.places.keys, 'keys', kept[0] as string))
    ).toBe(0o600);
  });
});

describe('key add', () => {
  const add = (pem: string, name: string) => {
    fs.writeFileSync(path.join(world.folder, 'k.pem'), pem);
    return world.run('key', 'add', 'k.pem', '--name', name, '--json');
  };

  it('adds a public key under a name', async () => {
    const { code, out } = await add(publicPem(), 'Ann Müller');
    expect(code).toBe(0);
    const reply = JSON.parse(out) as IKeyReply;
    expect(reply.keyring.map(key => key.name)).toEqual(['Ann Müller']);
  });

  it('takes the same key twice, but not another one of that name', async () => {
    const pem = publicPem();
    await add(pem, 'ann');
    expect((await add(pem, 'ann')).code).toBe(0);
    const { code, out } = await add(publicPem(), 'ann');
    expect(code).toBe(2);
    expect((JSON.parse(out) as IErrorReply).message).toContain(
      'already called “ann”'
    );
  });

  const wrong: [string, () => string][] = [
    [
      'a private key',
      () => ensureSigningKey(world.context.places.keys).privatePem
    ],
    ['a key of another curve', () => publicPem('P-384')],
    ['two keys', () => publicPem() + publicPem()],
    ['no key at all', () => 'hello'],
    ['an empty file', () => '']
  ];
  it.each(wrong)('refuses %s', async (_, pem) => {
    const { code, out } = await add(pem(), 'x');
    expect(code).toBe(2);
    expect((JSON.parse(out) as IErrorReply).code).toBe('bad-key');
  });

  it.each(['../x', '', '.hidden', 'a/b', 'x\n', 'x'.repeat(65)])(
    'refuses the name %j',
    async name => {
      expect((await add(publicPem(), name)).code).toBe(2);
    }
  );
});
