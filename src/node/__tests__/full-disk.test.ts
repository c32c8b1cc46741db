import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ICreateDone, IErrorReply } from '../../api';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
const mounted: string[] = [];
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => {
  mounted.splice(0).forEach(folder => spawnSync('umount', [folder]));
  world.remove();
});

const at = (name: string) => path.join(world.folder, name);

/** Mount a small disk; false where this user may not. */
function mount(folder: string, options: string): boolean {
  fs.mkdirSync(folder, { recursive: true });
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    options,
    'tmpfs',
    folder
  ]);
  if (status === 0) {
    mounted.push(folder);
  }
  return status === 0;
}

function record(): void {
  recordSession(world.home, {
    notebook: at('a.ipynb'),
    runs: [{ code: 'x', writes: { [at('out.csv')]: '1' } }]
  });
}

const create = async () => {
  const run = await world.run('create', '--for', 'out.csv', '--json');
  const reply = JSON.parse(run.out.trim().split('\n').pop() ?? '') as unknown;
  return { ...run, reply };
};

const leftovers = (folder: string) =>
  (fs.readdirSync(folder, { recursive: true }) as string[]).filter(name =>
    name.includes('.tmp')
  );

describe('create on a full disk', () => {
  it('says so, loses nothing and leaves nothing half written', async () => {
    if (!mount(world.home, 'size=256k')) {
      console.warn('Skipped: mounting a small disk needs root.');
      return;
    }
    record();
    await create();
    const before = fs.readdirSync(path.join(world.home, 'records'));
    fill(path.join(world.home, 'filler'));
    const { code, reply } = await create();
    expect(code).toBe(2);
    expect(reply).toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('the disk is full') as string
    } satisfies Partial<IErrorReply>);
    expect(fs.readdirSync(path.join(world.home, 'records'))).toEqual(before);
    expect(leftovers(world.home)).toEqual([]);
    fs.rmSync(path.join(world.home, 'filler'));
    expect((await create()).code).toBe(0);
  });
});

/** Leave not even one block free. */
function fill(file: string): void {
  const fd = fs.openSync(file, 'w');
  try {
    for (;;) {
      fs.writeSync(fd, Buffer.alloc(4096));
    }
  } catch {
    fs.closeSync(fd);
  }
}

describe('create in a folder that takes no copy', () => {
  it('keeps the record in the journal home and says why not beside the file', async () => {
    record();
    fs.writeFileSync(at('.attest'), 'a file where the folder would be');
    fs.mkdirSync(at('out.csv.sigstore.json'));
    const { code, reply } = await create();
    expect(code).toBe(0);
    const done = reply as ICreateDone;
    expect(done.record).toContain(world.home);
    expect(done.copy?.problem).toBeTruthy();
    const { out } = await world.run('create', '--for', 'out.csv');
    expect(out).toMatch(/Beside the file +not written: /);
    expect((await world.run('verify', 'out.csv')).code).toBe(0);
  });

  it('does the same on a read-only disk', async () => {
    if (!mount(at('ro'), 'size=1m')) {
      console.warn('Skipped: mounting a disk needs root.');
      return;
    }
    recordSession(world.home, {
      notebook: at('ro/a.ipynb'),
      runs: [{ code: 'x', writes: { [at('ro/out.csv')]: '1' } }]
    });
    spawnSync('mount', ['-o', 'remount,ro', at('ro')]);
    const { code, out } = await world.run('create', '--for', 'ro/out.csv');
    expect(code).toBe(0);
    expect(out.match(/not written: the disk is read-only/g)).toHaveLength(2);
    expect((await world.run('verify', 'ro/out.csv')).code).toBe(0);
  });
});
