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

  it('writes nothing', async () => {
    python(FACTS);
    const before = fs.readdirSync(path.dirname(world.folder));
    await doctor();
    expect(fs.readdirSync(path.dirname(world.folder))).toEqual(before);
  });
});
