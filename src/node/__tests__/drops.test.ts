import fs from 'node:fs';
import path from 'node:path';
import type {
  ICreateDone,
  IErrorReply,
  IExplainReply,
  IRunNote
} from '../../api';
import type { Statement } from '../../record/types';
import { FakeSession } from '../../__tests__/journals';
import { foldSessions } from '../../session/fold';
import { resolveDrops, withDropping, type IDropBase } from '../drops';
import { makeWorld, type IRun, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
let sid: string;
beforeEach(() => {
  world = makeWorld();
  fs.writeFileSync(at('raw.csv'), 'a,b\n1,2\n');
  ({ sid } = recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      {
        code: 'clean = read()\nclean.save()',
        reads: [at('raw.csv')],
        writes: { [at('clean.csv')]: '1,2' }
      },
      { code: 'head(clean)' },
      {
        code: 'save(model)',
        reads: [at('clean.csv')],
        writes: { [at('model.bin')]: 'weights' }
      }
    ]
  }));
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

const create = (...args: string[]) =>
  world.run('create', '--for', 'model.bin', ...args);

function answer<T>({ out }: IRun): T {
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as T;
}

const done = async (...args: string[]) =>
  answer<ICreateDone>(await create('--json', ...args));

const flat = (text: string) => text.replace(/\s+/g, ' ');

describe('create --drop', () => {
  it.each([
    ['its number', () => '2'],
    ['its id', () => 'msg-2/0'],
    ['session and number', () => `${sid}#2`],
    ['session and id', () => `${sid}#msg-2/0`]
  ])(
    'takes a run by %s, and the request names it by its id',
    async (_, name) => {
      const { request, summary } = await done('--drop', name());
      expect(request.drops).toEqual([`${sid}#msg-2/0`]);
      expect(summary).toMatchObject({ runsKept: 2, runsTotal: 3 });
    }
  );

  it('counts it in the statement and never lets the record claim more', async () => {
    const whole = await done();
    const { statement, summary } = await done('--drop', '1', '--drop', '2');
    const { predicate } = JSON.parse(statement) as Statement;
    const { externalParameters, internalParameters } =
      predicate.buildDefinition;
    expect(internalParameters.recording.gaps).toContainEqual({
      code: 'dropped-by-user',
      count: 2
    });
    expect(externalParameters.runs).toMatchObject({ total: 3, kept: 1 });
    const holding = (reasons: typeof summary.ceiling.reasons) =>
      reasons.filter(({ holds }) => holds).length;
    expect(summary.ceiling.level).toBe('below-L1');
    expect(holding(summary.ceiling.reasons)).toBeLessThan(
      holding(whole.summary.ceiling.reasons)
    );
  });

  it('names a file that it wrote and a kept run reads as an input', async () => {
    const { statement } = await done('--drop', '1');
    const { resolvedDependencies } = (JSON.parse(statement) as Statement)
      .predicate.buildDefinition;
    const names = resolvedDependencies.map(each =>
      'name' in each ? each.name : each.uri
    );
    expect(names).toContain('clean.csv');
    expect(names).not.toContain('raw.csv');
  });

  it('says loudly that later runs read from it', async () => {
    const { code, out } = await create('--drop', '1');
    expect(code).toBe(0);
    expect(flat(out)).toContain(
      'Run 1 was left out by a person. Later runs read from it: clean.csv (run 3).'
    );
    expect(flat(out)).toContain('It read raw.csv and wrote clean.csv.');
  });

  it.each([
    ['9', 'There is no run 9 to leave out. The session has runs 1 to 3.'],
    ['nope/0', 'There is no run nope/0 to leave out.'],
    ['3', 'Run 3 wrote'],
    ['ffffffff#1', 'There is no run ffffffff#1 to leave out.']
  ])('refuses %s: %s', async (name, sentence) => {
    const { code, err } = await create('--drop', name);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(fs.existsSync(at('model.bin.sigstore.json'))).toBe(false);
    expect(
      answer<IErrorReply>(await create('--json', '--drop', name))
    ).toMatchObject({ type: 'error', code: 'cannot-drop' });
  });

  it('tells on a dry run of every run what may be done with it', async () => {
    const { runs } = await done('--dry-run');
    expect(
      runs?.map(({ number, line, reads, fixed }) => [
        number,
        line,
        reads,
        fixed
      ])
    ).toEqual([
      [1, 'clean = read()', ['raw.csv'], 'free'],
      [2, 'head(clean)', [], 'free'],
      [3, 'save(model)', ['clean.csv'], 'wrote-subject']
    ]);
  });

  it('makes the record of a preview with the runs that the preview left out', async () => {
    const preview = await done('--dry-run', '--drop', '2');
    const wish = {
      for: [at('model.bin')],
      sign: 'local',
      request: preview.request
    };
    const made = answer<ICreateDone>(
      await world.runWith(JSON.stringify(wish), 'create', '--stdin', '--json')
    );
    expect(made.statement).toBe(preview.statement);
  });

  it('is left out of the condensed notebook', async () => {
    await create('--drop', '2');
    const { out } = await world.run('condense', 'model.bin');
    expect(out).toContain('save(model)');
    expect(out).not.toContain('head(clean)');
  });
});

describe('explain', () => {
  it('says that a person left a run out and what is used of it', async () => {
    await create('--drop', '1');
    const { out } = await world.run('explain', 'model.bin');
    expect(out.trimEnd().split('\n').length).toBeLessThan(25);
    expect(flat(out)).toContain(
      'Run 1 was left out by a person. Later runs read from it: clean.csv (run 3).'
    );
    expect(out).toContain('Every run: jupyter attest explain model.bin --runs');
  });

  it('lists with --runs every run with its reason, what it read and wrote', async () => {
    await create('--drop', '2');
    const { out } = await world.run('explain', 'model.bin', '--runs');
    const list = flat(out.slice(out.indexOf('Runs, in the order')));
    for (const part of [
      '(2 of 3 kept):',
      '1 needed clean = read()',
      'why: wrote it, or a file that it depends on; wrote clean.csv',
      'read: raw.csv',
      'wrote: clean.csv',
      '2 left out by a person head(clean)',
      "why: its author's choice."
    ]) {
      expect(list).toContain(part);
    }
    expect(
      Math.max(...out.split('\n').map(line => line.length))
    ).toBeLessThanOrEqual(80);
  });

  it('gives the same list as JSON, and says when it is not here', async () => {
    const { invocationId } = await done('--drop', '2');
    const json = async () =>
      answer<IExplainReply>(
        await world.run('explain', 'model.bin', '--runs', '--json')
      );
    expect((await json()).runs?.map(({ verdict }) => verdict)).toEqual([
      'needed',
      'dropped-by-user',
      'needed'
    ]);
    const uuid = invocationId.replace('urn:uuid:', '');
    fs.rmSync(path.join(world.home, 'records', uuid, 'runs.json'));
    fs.rmSync(at(`.attest/train.ipynb/${uuid}/runs.json`));
    expect((await json()).runs).toBeNull();
    const { out } = await world.run('explain', 'model.bin', '--runs');
    expect(out).toContain('The list of runs isn’t on this computer.');
  });
});

/** Runs 1, 2 (from the code of 1) and 3, of which no file is the subject. */
function nested(name: string): FakeSession {
  const session = new FakeSession({ sid: name });
  session.run({
    inside: (probe, { run }) => {
      const inner = { run: 'm1/1', attribution: 'context' };
      probe.add('run.started', {
        ...inner,
        parentRun: run,
        cellId: null,
        requestMetadataKeys: [],
        client: null,
        code: null,
        transformedSha256: null,
        kind: 'nested',
        storeHistory: false,
        executionCount: null
      });
      probe.add('run.ended', {
        ...inner,
        status: 'ok',
        ename: null,
        durationNs: '1',
        threadsAlive: [],
        tasksPending: 0
      });
    }
  });
  session.run();
  return session;
}

function baseOf(...sessions: FakeSession[]): IDropBase {
  const folded = [
    ...foldSessions(sessions.flatMap(({ files }) => files)).values()
  ];
  return { subjects: [], sessions: folded, own: folded };
}

describe('a run from another run’s code', () => {
  it('goes with the outer one, and not without it', () => {
    const base = baseOf(nested('a'));
    expect(resolveDrops(base, ['1'])).toEqual(['a#m1/0', 'a#m1/1']);
    expect(() => resolveDrops(base, ['2'])).toThrow(
      'Run 2 ran inside another one'
    );
  });

  it('is told so on a dry run', () => {
    const note = (id: string) => ({ sid: 'a', id }) as IRunNote;
    const notes = ['m1/0', 'm1/1'].map(note);
    expect(
      withDropping(notes, baseOf(nested('a'))).map(({ fixed }) => fixed)
    ).toEqual(['free', 'inside-another']);
  });
});

it('a number that several sessions have needs the session', () => {
  const base = baseOf(nested('aa'), nested('ab'));
  expect(() => resolveDrops(base, ['3'])).toThrow('Write one of: aa#3, ab#3');
  expect(resolveDrops(base, ['ab#3'])).toEqual(['ab#m2/0']);
});
