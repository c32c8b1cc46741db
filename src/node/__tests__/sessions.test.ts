import fs from 'node:fs';
import path from 'node:path';
import type { IErrorReply, ISessionsReply } from '../../api';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

async function sessions(...args: string[]): Promise<ISessionsReply> {
  const { code, out } = await world.run('sessions', ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out) as ISessionsReply;
}

describe('sessions', () => {
  it('says how to begin when nothing was recorded', async () => {
    const { code, out } = await world.run('sessions');
    expect(code).toBe(0);
    expect(out).toContain('Nothing has been recorded yet');
  });

  it('does not say that a session runs when its processes are gone', async () => {
    const runs = [{ code: '1' }];
    const record = (pid: number) =>
      recordSession(world.home, {
        notebook: at('a.ipynb'),
        runs,
        pid,
        open: true
      });
    const gone = record(2 ** 22 + 1);
    const here = record(process.pid);
    const states = (await sessions()).sessions.map(s => [s.sid, s.state]);
    expect(Object.fromEntries(states)).toEqual({
      [gone.sid]: 'unknown',
      [here.sid]: 'running'
    });
  });

  it('lists the newest first, with what each wrote', async () => {
    fs.writeFileSync(at('raw.csv'), 'a,b\n');
    const first = recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [{ code: 'read()', reads: [at('raw.csv')] }]
    });
    const second = recordSession(world.home, {
      notebook: at('b.ipynb'),
      runs: [{ code: 'x' }, { code: 'y', writes: { [at('out.csv')]: 'one' } }]
    });
    const reply = await sessions();
    expect(reply.sessions.map(each => each.sid)).toEqual([
      second.sid,
      first.sid
    ]);
    expect(reply.sessions[0]).toMatchObject({
      notebooks: [at('b.ipynb')],
      runs: 2,
      state: 'ended',
      written: [{ path: at('out.csv'), run: 2, state: 'unchanged' }]
    });
    expect(reply.sessions[1]).toMatchObject({ filesRead: 1, written: [] });
  });

  it('tells unchanged, changed and gone files apart', async () => {
    recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [
        {
          code: 'x',
          writes: {
            [at('same.csv')]: 'same',
            [at('touched.csv')]: 'touched',
            [at('other.csv')]: 'other',
            [at('gone.csv')]: 'gone'
          }
        }
      ]
    });
    fs.writeFileSync(at('touched.csv'), 'touched');
    fs.writeFileSync(at('other.csv'), 'ohter');
    fs.rmSync(at('gone.csv'));
    const [session] = (await sessions()).sessions;
    const states = Object.fromEntries(
      session?.written.map(each => [path.basename(each.path), each.state]) ?? []
    );
    expect(states).toEqual({
      'same.csv': 'unchanged',
      'touched.csv': 'unchanged',
      'other.csv': 'changed',
      'gone.csv': 'gone'
    });
  });

  it('takes a notebook or a written file as a filter', async () => {
    recordSession(world.home, { notebook: at('a.ipynb'), runs: [] });
    recordSession(world.home, {
      notebook: at('b.ipynb'),
      runs: [{ code: 'x', writes: { [at('out.csv')]: '1' } }]
    });
    expect((await sessions('a.ipynb')).sessions).toHaveLength(1);
    expect((await sessions('out.csv')).sessions[0]?.notebooks).toEqual([
      at('b.ipynb')
    ]);
    expect((await sessions('c.ipynb')).sessions).toEqual([]);
  });

  it('prints contents paths inside the root of a server', async () => {
    recordSession(world.home, {
      notebook: at('deep/a.ipynb'),
      runs: [{ code: 'x', writes: { [at('deep/out.csv')]: '1' } }]
    });
    const reply = await sessions('deep/a.ipynb', '--root', world.folder);
    expect(reply.sessions[0]?.notebooks).toEqual(['deep/a.ipynb']);
    expect(reply.sessions[0]?.written[0]?.path).toBe('deep/out.csv');
  });
});

describe('a journal that is damaged', () => {
  const record = () =>
    recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [{ code: 'x', writes: { [at('out.csv')]: '1' } }, { code: 'y' }]
    });
  const append = (folder: string, text: string) =>
    fs.appendFileSync(path.join(folder, 'server.jsonl'), text);

  it('is read up to a torn last line, and the rest is a gap', async () => {
    append(record().folder, '{"v":1,"sid":');
    const [session] = (await sessions()).sessions;
    expect(session?.runs).toBe(2);
    expect(session?.gaps).toBeGreaterThan(0);
  });

  it('keeps what stands around a broken line', async () => {
    const { folder } = record();
    append(folder, 'this is not JSON\n');
    const [session] = (await sessions()).sessions;
    expect(session?.runs).toBe(2);
    expect(session?.gaps).toBeGreaterThan(0);
  });

  it('names a journal of which nothing is readable, and lets it be forgotten', async () => {
    record();
    const other = record();
    for (const file of fs.readdirSync(other.folder)) {
      if (file.endsWith('.jsonl')) {
        fs.writeFileSync(path.join(other.folder, file), 'not a journal\n');
      }
    }
    const reply = await sessions();
    expect(reply.sessions).toHaveLength(1);
    expect(reply.problems.map(({ sid }) => sid)).toEqual([other.sid]);
    const forget = ['forget', '--session', other.sid, '--yes'];
    expect((await world.run(...forget)).code).toBe(0);
    expect(fs.existsSync(other.folder)).toBe(false);
  });

  it('names a journal of an unknown version, and lists the others', async () => {
    record();
    const other = record();
    append(
      other.folder,
      '{"v":2,"sid":"x","seq":99,"t":"","mono":"0","by":"x","type":"new","prev":null}\n'
    );
    const reply = await sessions();
    expect(reply.sessions).toHaveLength(1);
    expect(reply.problems).toEqual([
      {
        sid: other.sid,
        message: expect.stringContaining('newer version') as string
      }
    ]);
    const created = await world.run('create', '--session', other.sid, '--json');
    expect(created.code).toBe(2);
    expect((JSON.parse(created.out) as IErrorReply).code).toBe(
      'journal-version'
    );
  });
});
