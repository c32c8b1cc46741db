import fs from 'node:fs';
import path from 'node:path';
import type { IDoctorReply } from '../../api';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const FACTS = {
  executable: '/usr/bin/python3',
  version: '3.12.1',
  packages: { 'jupyter-attest': '0.1.0', jupyter_server: '2.21.1' },
  provisioner: true,
  extension: true,
  probe: true
};

function python(facts: object): void {
  const file = path.join(world.folder, 'python');
  fs.writeFileSync(
    file,
    `#!/bin/sh\necho 'a warning'\necho '${JSON.stringify(facts)}'\n`,
    { mode: 0o755 }
  );
  world.context.env.JUPYTER_ATTEST_PYTHON = file;
}

async function doctor(): Promise<IDoctorReply & { code: number }> {
  const { code, out } = await world.run('doctor', '--json');
  return { ...(JSON.parse(out) as IDoctorReply), code };
}

const outcomes = ({ checks }: IDoctorReply) =>
  Object.fromEntries(checks.map(check => [check.code, check.outcome]));

describe('doctor', () => {
  it('finds nothing to complain about where all is well', async () => {
    python(FACTS);
    recordSession(world.home, { notebook: null, runs: [] });
    await world.run('key');
    const reply = await doctor();
    expect(reply).toMatchObject({ ok: true, code: 0 });
    expect(outcomes(reply)).toMatchObject({
      node: 'ok',
      python: 'ok',
      provisioner: 'ok',
      extension: 'ok',
      home: 'ok',
      key: 'ok'
    });
    const { out } = await world.run('doctor');
    expect(out).toContain('1 session, 0 records');
    expect(out).toContain('Everything needed works.');
  });

  const broken: [string, () => void, string][] = [
    [
      'no Python',
      () => {
        world.context.env.JUPYTER_ATTEST_PYTHON = '/no/python';
      },
      'python'
    ],
    [
      'a Python without our package',
      () => python({ ...FACTS, packages: {} }),
      'python-package'
    ],
    [
      'a provisioner that Jupyter does not find',
      () => python({ ...FACTS, provisioner: false }),
      'provisioner'
    ],
    [
      'a server extension that is off',
      () => python({ ...FACTS, extension: false }),
      'extension'
    ],
    [
      'a journal folder that is a file',
      () => {
        python(FACTS);
        fs.writeFileSync(world.home, '');
      },
      'home'
    ],
    [
      'a key that others can read',
      () => {
        python(FACTS);
        const { keys } = world.context.places;
        fs.mkdirSync(keys, { recursive: true });
        fs.writeFileSync(path.join(keys, 'key.pem'), 'x', { mode: 0o644 });
      },
      'key'
    ]
  ];
  it.each(broken)('names %s, with the cure', async (_, spoil, code) => {
    spoil();
    const reply = await doctor();
    expect(reply).toMatchObject({ ok: false, code: 1 });
    const check = reply.checks.find(each => each.code === code);
    expect(check).toMatchObject({ outcome: 'problem' });
    expect(check?.cure).toBeTruthy();
  });

  const tracers: [string, object | null, 'ok' | 'note', RegExp][] = [
    [
      'that it can be had',
      { reason: null, strace: '6.1', installed: false },
      'ok',
      /strace 6\.1 can trace kernels.*is not installed/
    ],
    [
      'why it can not',
      { reason: 'strace is not on PATH', strace: null, installed: true },
      'note',
      /can't be traced here: strace is not on PATH/
    ],
    ['that nobody knows', null, 'note', /could not be told/]
  ];
  it.each(tracers)('says of a tracer %s', async (_, tracer, outcome, text) => {
    python({ ...FACTS, tracer });
    const { checks, code } = await doctor();
    const check = checks.find(each => each.code === 'tracer');
    expect(code).not.toBe(2);
    expect(check).toMatchObject({ outcome, text: expect.stringMatching(text) });
  });

  const changes: [string, object, number, string][] = [
    [
      '--install-traced-kernel',
      { folder: '/k/python3-traced', reason: null },
      0,
      'Jupyter now offers the kernel "Python 3 (traced)" (/k/python3-traced).'
    ],
    ['--remove-traced-kernel', { removed: true }, 0, 'is removed.'],
    ['--remove-traced-kernel', { removed: false }, 0, 'There was no kernel'],
    [
      '--install-traced-kernel',
      { problem: 'the disk is full' },
      2,
      'was not installed: the disk is full.'
    ]
  ];
  it.each(changes)('%s answers %j', async (option, answer, code, words) => {
    python(answer);
    const plain = await world.run('doctor', option);
    expect(plain.code).toBe(code);
    expect(`${plain.out}${plain.err}`.replace(/\s+/g, ' ')).toContain(words);
    const { out } = await world.run('doctor', option, '--json');
    expect(JSON.parse(out)).toMatchObject(
      code === 0 ? { ok: true } : { type: 'error' }
    );
  });

  it('installs or removes, not both', async () => {
    const both = ['--install-traced-kernel', '--remove-traced-kernel'];
    expect((await world.run('doctor', ...both)).code).toBe(2);
  });

  it('writes nothing', async () => {
    python(FACTS);
    const before = fs.readdirSync(path.dirname(world.folder));
    await doctor();
    expect(fs.readdirSync(path.dirname(world.folder))).toEqual(before);
  });
});
