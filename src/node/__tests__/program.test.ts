import { buildSync } from 'esbuild';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const VERBS = [
  'execute',
  'create',
  'verify',
  'explain',
  'sessions',
  'forget',
  'key',
  'doctor'
];

describe('help', () => {
  it('names every verb, with examples', async () => {
    const { code, out } = await world.run('--help');
    expect(code).toBe(0);
    VERBS.forEach(verb => expect(out).toContain(`\n  ${verb}`));
    expect(out).toContain('$ jupyter attest create --for model.joblib');
    expect((await world.run()).out).toBe(out);
  });

  it.each(VERBS)('of %s has examples and fits the screen', async verb => {
    const { code, out } = await world.run(verb, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`$ jupyter attest ${verb}`);
    expect(out.split('\n').filter(line => line.length > 100)).toEqual([]);
    expect((await world.run('help', verb)).out).toBe(out);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['nope']],
    [['verify']],
    [['key', 'add', 'x']],
    [['explain', 'a', 'b']]
  ])('%j is said to be wrong in one line', async args => {
    const { code, out, err } = await world.run(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^[A-Z].*See jupyter attest --help\.\n$/);
  });
});

describe('the bundled program', () => {
  const bundle = () => {
    const outfile = path.join(world.folder, 'cli.mjs');
    buildSync({
      entryPoints: [path.join(__dirname, '../main.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: {
        js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);"
      }
    });
    return outfile;
  };

  it('checks a record with a key alone, and tells its answer by its exit code', async () => {
    const file = path.join(world.folder, 'out.csv');
    recordSession(world.home, {
      notebook: path.join(world.folder, 'a.ipynb'),
      runs: [{ code: 'x', writes: { [file]: '1' } }]
    });
    await world.run('create', '--for', 'out.csv');
    const key = path.join(world.context.places.keys, 'key.pub.pem');
    const cli = bundle();
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [cli, ...args], {
        cwd: world.folder,
        env: { PATH: process.env.PATH, HOME: path.join(world.folder, 'none') },
        encoding: 'utf8'
      });
    const accepted = run('verify', 'out.csv', '--key', key);
    expect(accepted).toMatchObject({ status: 0, stderr: '' });
    expect(accepted.stdout).toContain('Matches');
    expect(run('verify', 'out.csv').status).toBe(1);
    expect(run('verify', 'nope').status).toBe(2);
    expect(fs.existsSync(path.join(world.folder, 'none'))).toBe(false);
  });

  it('ends quietly when nobody reads on', () => {
    const cli = bundle();
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${cli}" --help | true`],
      { encoding: 'utf8' }
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
