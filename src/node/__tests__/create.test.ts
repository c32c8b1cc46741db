import fs from 'node:fs';
import path from 'node:path';
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  ICreateRequest,
  IErrorReply
} from '../../api';
import type { Statement } from '../../record/types';
import { createForSession } from '../commands/create';
import { payloadOf, subjectsOf } from '../records';
import { makeWorld, type IRun, type IWorld } from './harness';
import { recordSession, type ISessionScript } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

/** A notebook that reads raw.csv and writes model.bin. */
function training(script: Partial<ISessionScript> = {}) {
  fs.writeFileSync(at('raw.csv'), 'a,b\n1,2\n');
  return recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'data = read()', reads: [at('raw.csv')] },
      { code: 'save(model)', writes: { [at('model.bin')]: 'weights' } }
    ],
    ...script
  });
}

function last<T extends CreateProgress>(run: IRun): T {
  const lines = run.out.trim().split('\n');
  return JSON.parse(lines[lines.length - 1] as string) as T;
}

async function done(...args: string[]): Promise<ICreateDone> {
  const run = await world.run('create', '--json', ...args);
  expect(run).toMatchObject({ code: 0, err: '' });
  return last<ICreateDone>(run);
}

async function refused(...args: string[]): Promise<ICreateRefused> {
  const run = await world.run('create', '--json', ...args);
  expect(run.code).toBe(1);
  return last<ICreateRefused>(run);
}

function statementIn(file: string): Statement {
  return JSON.parse(payloadOf(fs.readFileSync(file)) ?? '') as Statement;
}

/** Everything below a folder, as relative paths. */
function tree(folder: string): string[] {
  return fs.existsSync(folder)
    ? (fs.readdirSync(folder, { recursive: true }) as string[])
        .filter(name => fs.statSync(path.join(folder, name)).isFile())
        .sort()
    : [];
}

/** A record without what differs between two records of the same thing: its own id. */
function timeless({ statement }: ICreateDone): unknown {
  return JSON.parse(statement.replace(/urn:uuid:[0-9a-f-]{36}/g, 'urn:uuid:0'));
}

describe('create', () => {
  it('finds the session by the file, signs, and keeps the record in three places', async () => {
    training();
    const reply = await done('--for', 'model.bin');
    const uuid = reply.invocationId.replace('urn:uuid:', '');
    expect(reply).toMatchObject({ signed: true, dryRun: false });
    expect(reply.copy).toEqual({
      path: at('model.bin.sigstore.json'),
      problem: null
    });
    expect(tree(path.join(world.home, 'records', uuid))).toEqual(
      expect.arrayContaining([
        'coverage.json',
        'environment.json',
        'record.sigstore.json',
        'runs.json'
      ])
    );
    expect(reply.record).toBe(
      at(`.attest/train.ipynb/${uuid}/record.sigstore.json`)
    );
    expect(fs.readFileSync(at('.attest/.gitignore'), 'utf8')).toBe('*\n');
    const bytes = fs.readFileSync(at('model.bin.sigstore.json'));
    expect(fs.readFileSync(reply.record ?? '').equals(bytes)).toBe(true);
    expect(payloadOf(bytes)).toBe(reply.statement);
  });

  it('keeps the journal home and the code beside the notebook to this user', async () => {
    training();
    const { record } = await done('--for', 'model.bin');
    const runs = path.join(path.dirname(record ?? ''), 'runs.json');
    expect(fs.statSync(runs).mode & 0o077).toBe(0);
    for (const name of tree(world.home)) {
      if (/^(attests|records)/.test(name)) {
        const { mode } = fs.statSync(path.join(world.home, name));
        expect([name, mode & 0o077]).toEqual([name, 0]);
      }
    }
  });

  it('names what was read, with its fingerprint, and every run with its text', async () => {
    training();
    const reply = await done('--for', 'model.bin');
    const statement = JSON.parse(reply.statement) as Statement;
    expect(statement.subject).toEqual([
      {
        name: 'model.bin',
        digest: { sha256: reply.request.subjects[0]?.sha256 }
      }
    ]);
    expect(
      JSON.stringify(statement.predicate.buildDefinition.resolvedDependencies)
    ).toContain('raw.csv');
    const runs = JSON.parse(
      fs.readFileSync(
        path.join(path.dirname(reply.record ?? ''), 'runs.json'),
        'utf8'
      )
    ) as { runs: { code: { text: string } }[] };
    expect(runs.runs.map(run => run.code.text)).toEqual([
      'data = read()',
      'save(model)'
    ]);
  });

  it('writes an unsigned statement when asked not to sign', async () => {
    training();
    const reply = await done('--for', 'model.bin', '--sign', 'none');
    expect(reply.signed).toBe(false);
    expect(fs.readFileSync(at('model.bin.intoto.json'), 'utf8')).toBe(
      reply.statement
    );
    expect(fs.existsSync(world.context.places.keys)).toBe(false);
  });

  it('takes everything that a session wrote when no file is named', async () => {
    const { sid } = training({
      runs: [{ code: 'x', writes: { [at('a.bin')]: 'a', [at('b.bin')]: 'b' } }]
    });
    const reply = await done('--session', sid);
    expect(reply.request.subjects).toHaveLength(2);
    expect(reply.copy?.path).toBe(at('train.ipynb.sigstore.json'));
  });

  it('includes the earlier session that wrote what this one read', async () => {
    fs.writeFileSync(at('raw.csv'), 'a,b\n');
    recordSession(world.home, {
      notebook: at('clean.ipynb'),
      runs: [
        {
          code: 'clean()',
          reads: [at('raw.csv')],
          writes: { [at('clean.csv')]: 'clean' }
        }
      ]
    });
    recordSession(world.home, {
      notebook: at('train.ipynb'),
      runs: [
        {
          code: 'train()',
          reads: [at('clean.csv')],
          writes: { [at('model.bin')]: 'w' }
        }
      ]
    });
    const reply = await done('--for', 'model.bin');
    const { sessions } = (JSON.parse(reply.statement) as Statement).predicate
      .buildDefinition.internalParameters.recording;
    expect(sessions).toHaveLength(2);
    expect(reply.statement).toContain('raw.csv');
  });

  it.each([
    ['were deferred', true],
    ['were of files too large to read while working', 'too-large']
  ] as const)(
    'takes at attest time the fingerprints that %s',
    async (_, deferred) => {
      training({ deferred });
      const reply = await done('--for', 'model.bin');
      expect(reply.statement).toContain('at-attest');
      const [file] = tree(path.join(world.home, 'attests'));
      expect(
        fs.readFileSync(path.join(world.home, 'attests', file ?? ''), 'utf8')
      ).toContain('"when":"at-attest"');
    }
  );

  it('never takes a deferred fingerprint of other bytes than were read', async () => {
    training({ deferred: true });
    fs.writeFileSync(at('raw.csv'), 'a,b\n3,4\n');
    const reply = await done('--for', 'model.bin');
    expect(reply.statement).toContain('"nb_absent"');
    expect(reply.statement).not.toContain('at-attest');
  });
});

describe('create, the next morning', () => {
  it('says the same but for times and ids, with the kernel gone', async () => {
    const session = training({ open: true });
    const before = await done('--for', 'model.bin');
    session.end();
    fs.rmSync(path.join(world.home, 'index.jsonl'), { force: true });
    const after = await done('--for', 'model.bin');
    expect(after.invocationId).not.toBe(before.invocationId);
    expect(timeless(after)).toEqual(timeless(before));
  });

  it('finds the session by the fingerprint when the file was moved', async () => {
    const { sid } = training();
    fs.mkdirSync(at('models'));
    fs.renameSync(at('model.bin'), at('models/best.bin'));
    const reply = await done('--for', 'models/best.bin');
    expect(reply.request.subjects[0]?.sid).toBe(sid);
  });

  it('takes the newest session that wrote these bytes', async () => {
    const earlier = training().sid;
    const yesterday = new Date(Date.now() - 86_400_000);
    const folder = path.join(world.home, 'sessions', earlier);
    for (const name of ['.', ...fs.readdirSync(folder)]) {
      fs.utimesSync(path.join(folder, name), yesterday, yesterday);
    }
    const { sid } = training();
    const reply = await done('--for', 'model.bin');
    expect(reply.request.subjects[0]?.sid).toBe(sid);
  });
});

describe('create knows a file by its path before its bytes', () => {
  it('takes the session that wrote it, though a later one wrote the same bytes elsewhere', async () => {
    const bytes = '{"accuracy": 1}';
    const first = recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [{ code: 'save()', writes: { [at('a.json')]: bytes } }]
    });
    recordSession(world.home, {
      notebook: at('b.ipynb'),
      runs: [{ code: 'save()', writes: { [at('b.json')]: bytes } }]
    });
    const made = await done('--for', 'a.json');
    expect(made.request.subjects[0]?.sid).toBe(first.sid);
    expect(made.request.document).toBe(at('a.ipynb'));
  });

  it('does not take an empty file for another empty one', async () => {
    recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [{ code: 'save()', writes: { [at('a.txt')]: '' } }]
    });
    fs.writeFileSync(at('b.txt'), '');
    expect((await refused('--for', 'b.txt')).reason).toBe('no-session');
    await done('--for', 'a.txt');
  });
});

describe('create for a whole session', () => {
  it('takes what was touched since but has the same bytes, and not what changed', async () => {
    const { sid } = recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [
        { code: 'a()', writes: { [at('a.bin')]: 'a', [at('b.bin')]: 'b' } }
      ]
    });
    fs.utimesSync(at('a.bin'), 1, 1);
    fs.writeFileSync(at('b.bin'), 'other');
    expect(await createForSession(world.context, {}, sid)).toBe(0);
    const record = fs.readFileSync(at('a.bin.sigstore.json'));
    expect(subjectsOf(record).map(({ name }) => name)).toEqual(['a.bin']);
  });
});

describe('create refuses', () => {
  it('a file that changed since its run, with both fingerprints and times', async () => {
    training();
    const before = fs.readFileSync(at('model.bin'));
    fs.writeFileSync(at('model.bin'), 'other weights');
    const reply = await refused('--for', 'model.bin');
    expect(reply.reason).toBe('changed');
    expect(reply.files).toEqual([
      {
        path: at('model.bin'),
        run: 2,
        recordedSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        recordedAt: expect.any(String) as string,
        nowSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        nowAt: expect.any(String) as string
      }
    ]);
    const human = await world.run('create', '--for', 'model.bin');
    expect(human.code).toBe(1);
    expect(human.err).toContain("isn't the file that run 2 wrote");
    expect(tree(path.join(world.home, 'records'))).toEqual([]);
    fs.writeFileSync(at('model.bin'), before);
    await done('--for', 'model.bin');
  });

  it('a file that is not there', async () => {
    training();
    expect(await refused('--for', 'nope.bin')).toMatchObject({
      reason: 'missing'
    });
  });

  it('a file that no session wrote, unless its notebook is named', async () => {
    training();
    fs.writeFileSync(at('native.bin'), 'by a library');
    const reply = await refused('--for', 'native.bin');
    expect(reply.reason).toBe('no-session');
    expect(reply.message).toContain('--notebook');
    const made = await done('--for', 'native.bin', '--notebook', 'train.ipynb');
    expect(made.summary.gaps.map(gap => gap.code)).toContain('write-not-seen');
    expect(made.request.subjects[0]?.sid).toBeNull();
  });

  it('a session that wrote nothing', async () => {
    const { sid } = recordSession(world.home, {
      notebook: at('a.ipynb'),
      runs: [{ code: '1 + 1' }]
    });
    expect(await refused('--session', sid)).toMatchObject({
      reason: 'nothing-written'
    });
    expect(await refused('--notebook', 'a.ipynb')).toMatchObject({
      reason: 'nothing-written'
    });
  });

  it('a notebook of which nothing was recorded', async () => {
    expect(await refused('--notebook', 'never.ipynb')).toMatchObject({
      reason: 'no-session'
    });
  });
});

describe('create keeps everything', () => {
  it('from two at once', async () => {
    training();
    const other = makeWorldBeside(world);
    const [a, b] = await Promise.all([
      done('--for', 'model.bin'),
      other.run('create', '--json', '--for', 'model.bin')
    ]);
    expect(b.code).toBe(0);
    expect(fs.readdirSync(path.join(world.home, 'records'))).toHaveLength(2);
    expect(fs.readdirSync(at('.attest/train.ipynb'))).toHaveLength(2);
    expect(a.keyHint).toBe(last<ICreateDone>(b).keyHint);
  });

  it('from an earlier time, and replaces only the copy beside the file', async () => {
    training();
    const first = await done('--for', 'model.bin');
    const bytes = fs.readFileSync(first.record ?? '');
    const second = await done('--for', 'model.bin');
    expect(fs.readFileSync(first.record ?? '').equals(bytes)).toBe(true);
    expect(payloadOf(fs.readFileSync(at('model.bin.sigstore.json')))).toBe(
      second.statement
    );
  });

  it("that it did not make: another tool's file beside the artifact stays", async () => {
    training();
    fs.writeFileSync(at('model.bin.sigstore.json'), '{"mediaType":"other"}');
    const reply = await done('--for', 'model.bin');
    expect(reply.copy?.problem).toContain('no record of this program');
    expect(fs.readFileSync(at('model.bin.sigstore.json'), 'utf8')).toBe(
      '{"mediaType":"other"}'
    );
    expect(fs.existsSync(reply.record ?? '')).toBe(true);
  });
});

describe('create --dry-run', () => {
  it('writes nothing but shows the exact bytes', async () => {
    training();
    const before = tree(world.home);
    const { code, out } = await world.run(
      'create',
      '--for',
      'model.bin',
      '--dry-run'
    );
    expect(code).toBe(0);
    expect((JSON.parse(out) as Statement).subject[0]?.name).toBe('model.bin');
    expect(tree(world.home)).toEqual(before);
    expect(tree(world.folder)).toEqual(['model.bin', 'raw.csv', 'train.ipynb']);
  });

  const preview = async () => {
    const reply = await done('--for', 'model.bin', '--dry-run');
    const request: ICreateRequest = {
      for: ['model.bin'],
      sign: 'local',
      request: reply.request
    };
    return { reply, input: JSON.stringify(request) };
  };
  const fromStdin = (input: string) =>
    world.runWith(input, 'create', '--stdin', '--json');

  it('and its request makes a record of the same bytes, also of deferred files, after more work', async () => {
    const { folder } = training({ deferred: true, open: true });
    const { reply, input } = await preview();
    fs.appendFileSync(path.join(folder, 'server.jsonl'), '');
    recordSession(world.home, {
      notebook: at('train.ipynb'),
      runs: [{ code: 'more', writes: { [at('more.csv')]: 'm' } }]
    });
    const made = last<ICreateDone>(await fromStdin(input));
    expect(made.statement).toBe(reply.statement);
    expect(made.invocationId).toBe(reply.invocationId);
  });

  it('and its request is refused when the file changed since', async () => {
    training();
    const { input } = await preview();
    fs.writeFileSync(at('model.bin'), 'other');
    const run = await fromStdin(input);
    expect(run.code).toBe(1);
    expect(last<ICreateRefused>(run).reason).toBe('changed');
  });

  it('and its request is an error when what it stood on changed since', async () => {
    training({ deferred: true });
    const { input } = await preview();
    fs.writeFileSync(at('raw.csv'), 'other');
    const run = await fromStdin(input);
    expect(run.code).toBe(2);
    expect(last<IErrorReply>(run).code).toBe('journal-broken');
  });
});

describe('create --draft', () => {
  const draft = (sid: string) =>
    world.run(
      'create',
      '--draft',
      '--session',
      sid,
      '--notebook',
      'train.ipynb',
      '--json'
    );

  it('writes an unsigned statement beside the notebook and nothing else', async () => {
    const { sid } = training();
    const before = tree(world.home);
    expect((await draft(sid)).code).toBe(0);
    expect(
      statementIn(at('.attest/train.ipynb/draft.intoto.json')).subject
    ).toHaveLength(1);
    expect(tree(world.home)).toEqual(before);
    expect(fs.existsSync(at('model.bin.intoto.json'))).toBe(false);
  });

  it('leaves fingerprints that were deferred to the record', async () => {
    const { sid } = training({ deferred: true });
    await draft(sid);
    const written = at('.attest/train.ipynb/draft.intoto.json');
    expect(JSON.stringify(statementIn(written))).toContain(
      '"nb_absent":"deferred"'
    );
  });

  it('makes nothing when nothing was written', async () => {
    const { sid } = training({ runs: [{ code: '1' }] });
    const run = await draft(sid);
    expect(run.code).toBe(1);
    expect(fs.existsSync(at('.attest'))).toBe(false);
  });
});

describe('create --journal', () => {
  it('makes a record from files that were copied here, started late', async () => {
    const { folder } = training({ runsMissed: 3 });
    fs.renameSync(folder, at('copied'));
    const reply = await done('--for', 'model.bin', '--journal', 'copied');
    expect(reply.summary.ceiling.level).toBe('below-L1');
    expect(reply.summary.gaps.map(gap => gap.code)).toContain('late-start');
    const [probe] = fs
      .readdirSync(at('copied'))
      .filter(name => name.startsWith('probe-'));
    await done('--for', 'model.bin', '--journal', `copied/${probe}`);
  });

  it.each([
    ['is not there', 'nope.jsonl', 'missing'],
    ['is no journal', 'raw.csv', 'unreadable']
  ])('says so when the file %s', async (_, file, code) => {
    training();
    const run = await world.run(
      'create',
      '--for',
      'model.bin',
      '--journal',
      file,
      '--json'
    );
    expect(run.code).toBe(2);
    expect(last<IErrorReply>(run).code).toBe(code);
  });
});

describe('create of a folder', () => {
  it('has a subject per file and one for the whole, and its record lies beside it', async () => {
    training({
      runs: [
        {
          code: 'model.save()',
          writes: {
            [at('model/tokenizer.json')]: '{}',
            [at('model/tokenizer/vocab.txt')]: 'a',
            [at('model/weights.bin')]: 'w'
          }
        }
      ]
    });
    const reply = await done('--for', 'model');
    expect(reply.copy?.path).toBe(at('model.sigstore.json'));
    const { subject } = JSON.parse(reply.statement) as Statement;
    // The OMS specification and its reference implementation sort these two differently.
    expect(subject).toHaveLength(3 + 2);
    expect(subject.map(({ name }) => name).slice(3)).toEqual([
      'model',
      'model (2)'
    ]);
    expect(reply.summary).toMatchObject({ gaps: [], ceiling: { level: 'L1' } });
    expect(tree(at('model'))).toHaveLength(3);
  });
});

describe('create, asked wrongly', () => {
  it.each([
    ['no file and no session', []],
    ['an unknown session', ['--session', 'no-such-session']],
    ['an unknown way to sign', ['--for', 'x', '--sign', 'rsa']],
    ['an unknown option', ['--for', 'x', '--fast']]
  ])('says so for %s', async (_, args) => {
    const { code, out, err } = await world.run('create', ...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    '',
    'not JSON',
    '{}',
    '{"for":[1],"sign":"local"}',
    '{"for":["x"],"sign":"local","request":{}}'
  ])('says so for the request %j', async input => {
    const run = await world.runWith(input, 'create', '--stdin', '--json');
    expect(run.code).toBe(2);
    expect(last<IErrorReply>(run).code).toBe('usage');
  });
});

/** A second program in the same home and folder. */
function makeWorldBeside(first: IWorld): IWorld {
  const second = makeWorld();
  Object.assign(second.context, {
    places: first.context.places,
    cwd: first.context.cwd
  });
  return second;
}
