import fs from 'node:fs';
import path from 'node:path';
import type { IForgetReply } from '../../api';
import { makeWorld, type IWorld } from './harness';
import { recordSession, type IRecordedFolder } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

const record = (pid?: number): IRecordedFolder =>
  recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'password = "hunter2"' },
      { code: 'x', writes: { [at('out.csv')]: '1' } },
      { code: 'password = "hunter2"' }
    ],
    ...(pid === undefined ? {} : { pid, open: true })
  });

async function forget(...args: string[]): Promise<IForgetReply> {
  const { code, out } = await world.run('forget', '--json', ...args);
  expect(code).toBe(0);
  return JSON.parse(out) as IForgetReply;
}

/** All bytes below a folder as one text. */
function everything(folder: string): string {
  return (fs.readdirSync(folder, { recursive: true }) as string[])
    .map(name => path.join(folder, name))
    .filter(file => fs.statSync(file).isFile())
    .map(file => fs.readFileSync(file, 'utf8'))
    .join('\n');
}

describe('forget --run', () => {
  it('deletes the text of all runs with that code, also from record folders', async () => {
    const { sid } = record();
    await world.run('create', '--for', 'out.csv');
    expect(everything(world.folder)).toContain('hunter2');
    const reply = await forget('--session', sid, '--run', '1');
    expect(reply.texts).toHaveLength(1);
    expect(reply.files).toHaveLength(4);
    expect(everything(world.folder) + everything(world.home)).not.toContain(
      'hunter2'
    );
  });

  it('leaves a note, and later records say so', async () => {
    const { sid } = record();
    await forget('--session', sid, '--run', 'msg-1/0');
    expect(
      fs.readFileSync(path.join(world.home, 'forgotten.jsonl'), 'utf8')
    ).toContain(sid);
    const { out } = await world.run('create', '--for', 'out.csv', '--json');
    expect(out).toContain('text-forgotten');
  });
});

describe('a text that was never written, or not to its end', () => {
  it.each([
    ['is missing', (file: string) => fs.rmSync(file)],
    ['ends early', (file: string) => fs.truncateSync(file, 3)]
  ])('%s: a gap says so, and no code is claimed', async (_, harm) => {
    const { folder } = record();
    const texts = path.join(folder, 'texts');
    const [damaged] = fs
      .readdirSync(texts)
      .map(name => path.join(texts, name))
      .filter(file => fs.readFileSync(file, 'utf8') === 'x');
    harm(damaged!);
    const { code, out } = await world.run('create', '--for', 'out.csv');
    expect([code, out]).toEqual([0, expect.anything()]);
    const { out: told } = await world.run('explain', 'out.csv', '--json');
    expect(told).toContain('event-gap');
    expect(told).not.toContain('text-forgotten');
    expect(everything(world.folder)).not.toContain('condensed.ipynb');
  });
});

describe('forget --session', () => {
  it('deletes the session, the copies of its texts and the draft', async () => {
    const { sid, folder } = record();
    await world.run('create', '--for', 'out.csv');
    const draft = ['create', '--draft', '--session', sid];
    await world.run(...draft, '--notebook', 'train.ipynb', '--json');
    const reply = await forget('--session', sid.slice(0, 8));
    expect(reply.sessions).toEqual([sid]);
    expect(reply.files).toHaveLength(5);
    expect(fs.existsSync(folder)).toBe(false);
    expect(everything(world.folder)).not.toContain('hunter2');
    const signed = await world.run('verify', 'out.csv');
    expect(signed.code).toBe(0);
  });

  it('refuses while the session is being recorded', async () => {
    const { sid, folder } = record(process.pid);
    const { code, err } = await world.run('forget', '--session', sid, '--yes');
    expect(code).toBe(2);
    expect(err).toContain('still being recorded');
    expect(fs.existsSync(folder)).toBe(true);
  });
});

describe('forget --before', () => {
  it('deletes what ended before that day only', async () => {
    record();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect((await forget('--before', '2020-01-01')).sessions).toEqual([]);
    expect(
      (await forget('--before', tomorrow.slice(0, 10))).sessions
    ).toHaveLength(1);
  });
});

describe('forget asks', () => {
  it('and does nothing where there is nobody to answer', async () => {
    const { sid, folder } = record();
    const { code, err } = await world.run('forget', '--session', sid);
    expect(code).toBe(2);
    expect(err).toContain('--yes');
    expect(fs.existsSync(folder)).toBe(true);
  });

  it.each([
    ['no', false, 1],
    ['yes', true, 0]
  ])('and takes %s for an answer', async (_, answer, exit) => {
    const { sid, folder } = record();
    Object.assign(world.context.terminal, {
      confirm: () => Promise.resolve(answer)
    });
    const { code } = await world.run('forget', '--session', sid);
    expect(code).toBe(exit);
    expect(fs.existsSync(folder)).toBe(!answer);
  });

  it.each([
    [[]],
    [['--run', '1']],
    [['--before', 'yesterday']],
    [['--session', 'nope']],
    [['--session', 'a', '--before', '2026-01-01']]
  ])('for %j it says what is wrong', async args => {
    record();
    const { code, err } = await world.run('forget', '--yes', ...args);
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
