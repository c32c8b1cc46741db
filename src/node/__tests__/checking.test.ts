import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IVerifyReply } from '../../api';
import { addPublicKey, ensureSigningKey } from '../keys';
import { payloadOf } from '../records';
import { makeWorld, type IRun, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(async () => {
  world = makeWorld();
  fs.writeFileSync(at('raw.csv'), 'a,b\n1,2\n');
  recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'read()', reads: [at('raw.csv')] },
      { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
    ]
  });
  expect((await world.run('create', '--for', 'model.bin')).code).toBe(0);
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);
const RECORD = 'model.bin.sigstore.json';

async function verify(
  ...args: string[]
): Promise<{ status: string; code: number; run: IRun }> {
  const run = await world.run('verify', '--json', ...args);
  return {
    status: (JSON.parse(run.out) as IVerifyReply).status,
    code: run.code,
    run
  };
}

function stranger(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = at('stranger.pub.pem');
  fs.writeFileSync(
    file,
    publicKey.export({ type: 'spki', format: 'pem' }).toString()
  );
  return file;
}

/** The record with its statement changed, the signature left as it was. */
function forge(from: string, to: string): void {
  const bundle = JSON.parse(fs.readFileSync(at(RECORD), 'utf8')) as {
    dsseEnvelope: { payload: string };
  };
  const payload = payloadOf(fs.readFileSync(at(RECORD))) ?? '';
  expect(payload).toContain(from);
  bundle.dsseEnvelope.payload = Buffer.from(payload.replace(from, to)).toString(
    'base64'
  );
  fs.writeFileSync(at(RECORD), JSON.stringify(bundle));
}

describe('verify', () => {
  it('accepts the file with the record beside it, signed by this computer', async () => {
    expect(await verify('model.bin')).toMatchObject({ status: 'ok', code: 0 });
    const { out } = await world.run('verify', 'model.bin');
    expect(out).toContain('Matches');
    expect(out).toContain('this computer');
  });

  it('accepts a record named instead of the file', async () => {
    expect(await verify(RECORD)).toMatchObject({ status: 'ok', code: 0 });
  });

  it('finds the record in the journal home when none lies beside the file', async () => {
    fs.rmSync(at(RECORD));
    fs.renameSync(at('model.bin'), at('renamed.bin'));
    expect(await verify('renamed.bin')).toMatchObject({
      status: 'ok',
      code: 0
    });
  });

  it('works with the key alone, without a journal home', async () => {
    const { publicPem } = ensureSigningKey(world.context.places.keys);
    fs.writeFileSync(at('ann.pub.pem'), publicPem);
    fs.rmSync(world.home, { recursive: true });
    fs.rmSync(world.context.places.keys, { recursive: true });
    expect(await verify('model.bin', '--key', 'ann.pub.pem')).toMatchObject({
      status: 'ok',
      code: 0
    });
    expect(await verify('model.bin')).toMatchObject({
      status: 'unknown-key',
      code: 1
    });
    addPublicKey(world.context.places.keys, at('ann.pub.pem'), 'ann');
    const { run, status } = await verify('model.bin');
    expect(status).toBe('ok');
    expect((JSON.parse(run.out) as IVerifyReply).keyName).toBe('ann');
  });

  it('passes nothing without an expectation', async () => {
    expect(await verify('model.bin', '--no-expectation')).toMatchObject({
      status: 'no-expectation',
      code: 1
    });
  });

  it('tells another signer from the one asked for', async () => {
    expect(await verify('model.bin', '--key', stranger())).toMatchObject({
      status: 'unexpected-signer',
      code: 1
    });
  });

  it('tells an altered file', async () => {
    fs.appendFileSync(at('model.bin'), '!');
    expect(await verify('model.bin')).toMatchObject({
      status: 'wrong-subject',
      code: 1
    });
  });

  it('tells an altered record', async () => {
    forge('train.ipynb', 'tuned.ipynb');
    expect(await verify('model.bin')).toMatchObject({
      status: 'bad-signature',
      code: 1
    });
    expect((await world.run('verify', 'model.bin')).out).toContain(
      'Changed or damaged'
    );
  });

  it('tells an unsigned record', async () => {
    fs.rmSync(at(RECORD));
    fs.rmSync(path.join(world.home, 'records'), { recursive: true });
    await world.run('create', '--for', 'model.bin', '--sign', 'none');
    expect(await verify('model.bin')).toMatchObject({
      status: 'unsigned',
      code: 1
    });
  });

  it('checks several files and ends with the worst answer', async () => {
    fs.writeFileSync(at('other.bin'), 'x');
    const { code, out } = await world.run(
      'verify',
      'model.bin',
      'other.bin',
      '--json'
    );
    expect(code).toBe(2);
    expect(
      (JSON.parse(out) as IVerifyReply[]).map(each => each.status)
    ).toEqual(['ok', 'not-found']);
  });

  const impossible: [string, string, (file: string) => void, string][] = [
    [
      'a record that is no JSON',
      'malformed',
      file => fs.writeFileSync(file, 'hello'),
      'model.bin'
    ],
    [
      'an empty record',
      'malformed',
      file => fs.writeFileSync(file, ''),
      'model.bin'
    ],
    [
      'another JSON',
      'malformed',
      file => fs.writeFileSync(file, '{"a":1}'),
      'model.bin'
    ],
    [
      'a duplicate key',
      'malformed',
      file =>
        fs.writeFileSync(
          file,
          fs.readFileSync(file, 'utf8').replace('{', '{"mediaType":"x",')
        ),
      'model.bin'
    ],
    [
      '100 MB of garbage',
      'malformed',
      file => fs.truncateSync(file, 100_000_000),
      'model.bin'
    ],
    [
      '30 MB of brackets',
      'malformed',
      file => fs.writeFileSync(file, '['.repeat(30_000_000)),
      'model.bin'
    ],
    [
      'a record that is a folder',
      'not-checked',
      file => (fs.rmSync(file), fs.mkdirSync(file)),
      'model.bin'
    ],
    ['no record', 'not-found', file => fs.rmSync(file), 'model.bin'],
    ['no file', 'not-checked', () => undefined, 'nope.bin'],
    ['a folder', 'not-checked', () => undefined, '.']
  ];
  it.each(impossible)('never passes %s: %s', async (_, status, spoil, file) => {
    spoil(at(RECORD));
    const args = [file, '--record', RECORD];
    expect(await verify(...args)).toMatchObject({ status, code: 2 });
    const { out, err } = await world.run('verify', ...args);
    expect(out.length).toBeLessThan(2000);
    expect(err).toBe('');
  });

  it.each([
    [
      'a private key',
      () => ensureSigningKey(world.context.places.keys).privatePem
    ],
    ['no key', () => 'hello'],
    ['two keys', () => fs.readFileSync(stranger(), 'utf8').repeat(2)]
  ])('checks nothing against %s', async (_, pem) => {
    fs.writeFileSync(at('k.pem'), pem());
    expect(await verify('model.bin', '--key', 'k.pem')).toMatchObject({
      status: 'not-checked',
      code: 2
    });
  });

  it('never waits for a pipe', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    expect(await verify('pipe')).toMatchObject({
      status: 'not-checked',
      code: 2
    });
    expect(await verify('model.bin', '--record', 'pipe')).toMatchObject({
      status: 'not-checked',
      code: 2
    });
  });

  it('shows no control characters and stays short, whatever the record holds', async () => {
    forge('train.ipynb', '\\u001b[31m\\u202e' + 'x'.repeat(50_000));
    for (const verb of ['verify', 'explain']) {
      const { out, err } = await world.run(verb, 'model.bin');
      expect((out + err).length).toBeLessThan(4000);
      expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    }
  });
});

describe("other people's verifiers", () => {
  const key = () => path.join(world.context.places.keys, 'key.pub.pem');

  it('accept the record by the documented openssl recipe, and only this file', () => {
    const page = fs.readFileSync(
      path.join(__dirname, '../../../docs/verify-without.md'),
      'utf8'
    );
    const recipe = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const script = (file: string) =>
      recipe
        .replace(/^record=.*$/m, `record='${at(RECORD)}'`)
        .replace(/^file=.*$/m, `file='${file}'`)
        .replace(/^key=.*$/m, `key='${key()}'`);
    const empty = at('empty');
    fs.mkdirSync(empty);
    const run = (file: string) =>
      spawnSync('sh', ['-c', script(file)], { cwd: empty, encoding: 'utf8' });
    const accepted = run(at('model.bin'));
    expect(accepted.stdout + accepted.stderr).toContain('Verified OK');
    expect(accepted.status).toBe(0);
    expect(run(at('raw.csv')).status).not.toBe(0);
  });

  const cosign = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    path.join(os.homedir(), '.cache/jupyter-attest/bin')
  ]
    .map(folder => path.join(folder, 'cosign'))
    .find(file => fs.existsSync(file));
  const withCosign = cosign === undefined ? it.skip : it;

  withCosign(
    `accept it with cosign${cosign === undefined ? ' (skipped; build it: GOBIN=$HOME/.cache/jupyter-attest/bin go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3)' : ''}`,
    () => {
      const check = (file: string) =>
        spawnSync(
          cosign ?? '',
          [
            'verify-blob-attestation',
            '--key',
            key(),
            '--bundle',
            at(RECORD),
            '--type',
            'slsaprovenance1',
            '--insecure-ignore-tlog',
            file
          ],
          { encoding: 'utf8' }
        );
      const accepted = check(at('model.bin'));
      expect(accepted.stdout + accepted.stderr).toContain('Verified OK');
      expect(check(at('raw.csv')).status).not.toBe(0);
    }
  );
});
