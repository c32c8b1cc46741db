import fs from 'node:fs';
import path from 'node:path';
import type { IErrorReply, IExecuteReply } from '../../api';
import { makeWorld, type IRun, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
  fs.writeFileSync(at('nb.ipynb'), '{}');
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

/** A Python that answers as `jupyter_attest.execute` does, and notes its arguments. */
function python(lines: object[], end = 'exit 0'): void {
  const file = at('python');
  const said = lines.map(line => `echo '${JSON.stringify(line)}'`).join('\n');
  fs.writeFileSync(
    file,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${at('argv')}'\n${said}\n${end}\n`,
    { mode: 0o755 }
  );
  world.context.env.JUPYTER_ATTEST_PYTHON = file;
}

const DONE: IExecuteReply = {
  type: 'done',
  sid: null,
  status: 'ok',
  output: null,
  ename: null
};

const argv = () => fs.readFileSync(at('argv'), 'utf8').trim().split('\n');
const last = <T>(run: IRun) =>
  JSON.parse(run.out.trim().split('\n').pop() ?? '') as T;

describe('execute', () => {
  it('hands over notebook, output and parameters, also negative ones', async () => {
    python([DONE]);
    const { code } = await world.run(
      'execute',
      '-p',
      'seed',
      '-1',
      'nb.ipynb',
      '-o',
      'out.ipynb',
      '-p',
      'name',
      '--x',
      '--kernel',
      'other'
    );
    expect(code).toBe(0);
    expect(argv()).toEqual([
      '-m',
      'jupyter_attest.execute',
      at('nb.ipynb'),
      '-o',
      at('out.ipynb'),
      '-p',
      'seed',
      '-1',
      '-p',
      'name',
      '--x',
      '--kernel',
      'other',
      '--json-progress'
    ]);
  });

  it('shows each cell as a line where nobody watches a bar', async () => {
    python([
      { type: 'cell', done: 0, total: 2 },
      { type: 'cell', done: 1, total: 2 },
      { type: 'cell', done: 2, total: 2 },
      DONE
    ]);
    const { err, out } = await world.run('execute', 'nb.ipynb');
    expect(err).toBe('Cell 1 of 2\nCell 2 of 2\n');
    expect(out).toContain('ran through');
  });

  it('passes on that a cell failed', async () => {
    python([{ ...DONE, status: 'error', ename: 'ValueError' }], 'exit 1');
    const run = await world.run('execute', 'nb.ipynb');
    expect(run.code).toBe(1);
    expect(run.out).toContain('ValueError');
    expect(
      last(await world.run('execute', 'nb.ipynb', '--json'))
    ).toMatchObject({ status: 'error', ename: 'ValueError' });
  });

  it('makes a record of what was written when asked to', async () => {
    const { sid } = recordSession(world.home, {
      notebook: at('nb.ipynb'),
      runs: [{ code: 'x', writes: { [at('out.csv')]: '1' } }]
    });
    python([{ ...DONE, sid }]);
    const { code, out } = await world.run('execute', 'nb.ipynb', '--attest');
    expect(code).toBe(0);
    expect(out).toContain('Made a signed record of out.csv.');
  });
});

describe('execute says what is missing', () => {
  it.each([
    [
      'our package',
      'echo "/usr/bin/python: No module named \'jupyter_attest\'" >&2; exit 1',
      'no-python',
      'pip install jupyter-attest'
    ],
    [
      'a notebook that can be read',
      'echo "jupyter-attest: nb.ipynb isn\'t a notebook" >&2; exit 2',
      'execution',
      "isn't a notebook"
    ],
    ['any reason', 'exit 2', 'execution', 'gave no reason']
  ])('when Python lacks %s', async (_, end, code, words) => {
    python([], end);
    const run = await world.run('execute', 'nb.ipynb', '--json');
    expect(run.code).toBe(2);
    expect(last<IErrorReply>(run)).toMatchObject({
      code,
      message: expect.stringContaining(words) as string
    });
  });

  it('when there is no Python', async () => {
    world.context.env.JUPYTER_ATTEST_PYTHON = at('no-python');
    const { code, err } = await world.run('execute', 'nb.ipynb');
    expect(code).toBe(2);
    expect(err).toContain('JUPYTER_ATTEST_PYTHON');
  });

  it('when there is no notebook', async () => {
    const { code, err } = await world.run('execute', 'nope.ipynb');
    expect(code).toBe(2);
    expect(err).toBe('Could not read nope.ipynb: there is no such file.\n');
  });
});
