import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type {
  IClassifyListReply,
  IClassifyReply,
  ICreateDone,
  IErrorReply,
  ISessionsReply
} from '../../api';
import type { FileDependency, Statement } from '../../record/types';
import { PROJECT_FILE } from '../project';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

/** A notebook that reads these files and writes model.bin. */
function training(inputs: Record<string, string | Buffer>) {
  for (const [name, bytes] of Object.entries(inputs)) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), bytes);
  }
  return recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'read()', reads: Object.keys(inputs).map(at) },
      { code: 'clean()', writes: { [at('clean.bin')]: 'clean' } },
      {
        code: 'save()',
        reads: [at('clean.bin')],
        writes: { [at('model.bin')]: 'weights' }
      }
    ]
  });
}

async function classify(...args: string[]): Promise<IClassifyReply> {
  const { code, out } = await world.run('classify', ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out) as IClassifyReply;
}

async function refusal(...args: string[]): Promise<IErrorReply> {
  const { code, out } = await world.run('classify', ...args, '--json');
  expect(code).toBe(2);
  return JSON.parse(out) as IErrorReply;
}

interface IMade {
  input(name: string): FileDependency;
  /** A file in `coverage.json`. */
  covered(rel: string): { kind: string; evidence: string[] };
}

async function make(): Promise<IMade> {
  const words = ['create', '--for', 'model.bin', '--sign', 'none', '--json'];
  const { code, out } = await world.run(...words);
  expect(code).toBe(0);
  const done = JSON.parse(out.trim().split('\n').at(-1)!) as ICreateDone;
  const statement = JSON.parse(done.statement) as Statement;
  const coverage = JSON.parse(
    fs.readFileSync(
      path.join(path.dirname(done.record!), 'coverage.json'),
      'utf8'
    )
  ) as { files: { rel: string; kind: string; evidence: string[] }[] };
  const { resolvedDependencies } = statement.predicate.buildDefinition;
  return {
    input: name =>
      resolvedDependencies.find(
        each => 'name' in each && each.name === name
      ) as FileDependency,
    covered: rel => coverage.files.find(each => each.rel === rel)!
  };
}

describe('classify', () => {
  it('tells what a file is taken for, and why', async () => {
    training({ 'data/raw.csv': 'a\n' });
    expect(await classify('data/raw.csv')).toMatchObject({
      said: null,
      seen: { kind: 'dataset', confidence: 'weak', evidence: ['suffix:.csv'] }
    });
    const { out } = await world.run('classify', 'data/raw.csv');
    expect(out).toBe(
      'data/raw.csv: taken for dataset (weak, by suffix:.csv).\n'
    );
  });

  it('remembers what is said, so that records follow it', async () => {
    training({ 'data/raw': 'a', 'data/other': 'b' });
    expect((await make()).input('data/raw').annotations).toMatchObject({
      nb_kind: 'unknown',
      nb_confidence: 'unknown'
    });
    expect(await classify('data/raw', '--as', 'dataset')).toMatchObject({
      said: 'dataset',
      file: at(`data/${PROJECT_FILE}`)
    });
    const made = await make();
    expect(made.input('data/raw').annotations).toMatchObject({
      nb_kind: 'dataset',
      nb_confidence: 'confirmed-by-user'
    });
    expect(made.covered('data/raw').evidence).toContain('user');
    expect(made.input('data/other').annotations.nb_kind).toBe('unknown');
  });

  it('keeps one list at the top of a repository, and folders in it', async () => {
    training({ 'data/deep/raw': 'a' });
    execFileSync('git', ['init', '-q', world.folder]);
    await classify('data', '--as', 'dataset');
    expect(JSON.parse(fs.readFileSync(at(PROJECT_FILE), 'utf8'))).toEqual({
      version: 1,
      classifications: { 'data/': 'dataset' }
    });
    await classify('data/deep/raw', '--as', 'log');
    expect((await make()).input('data/deep/raw').annotations.nb_kind).toBe(
      'log'
    );
    await classify('data/deep/raw', '--undo');
    const made = await make();
    expect(made.input('data/deep/raw').annotations.nb_kind).toBe('dataset');
    const { out } = await world.run('classify', '--list', '--json');
    expect((JSON.parse(out) as IClassifyListReply).classifications).toEqual([
      { path: at('data/'), kind: 'dataset', file: at(PROJECT_FILE) }
    ]);
  });

  it('shows in the list of sessions what was said', async () => {
    training({ raw: 'a' });
    await classify('model.bin', '--as', 'model');
    const { out } = await world.run('sessions', '--json');
    const { written } = (JSON.parse(out) as ISessionsReply).sessions[0]!;
    expect(
      written.find(({ path: file }) => file === at('model.bin'))
    ).toMatchObject({ kind: 'model' });
  });

  it.each([
    [[], 'usage', 'Say which file'],
    [['nowhere.csv'], 'missing', 'There is no nowhere.csv'],
    [['raw', '--as', 'nonsense'], 'usage', 'Allowed choices are dataset'],
    [['raw', '--as', 'model', '--undo'], 'usage', 'Choose one'],
    [['raw', '--undo'], 'missing', 'nothing to take back'],
    [['--list', '--undo'], 'usage', '--list goes alone']
  ])('refuses %j with one sentence', async (args, code, message) => {
    training({ raw: 'a' });
    const reply = await refusal(...args);
    expect(reply.code).toBe(code);
    expect(reply.message).toContain(message);
  });

  it.each(['{', '[]', '{"version": 2}', '{"version":1,"classifications":3}'])(
    'stops at a list that is %s, also when a record is made',
    async broken => {
      training({ raw: 'a' });
      fs.writeFileSync(at(PROJECT_FILE), broken);
      expect((await refusal('raw')).code).toBe('unreadable');
      const { code, err } = await world.run('create', '--for', 'model.bin');
      expect(code).toBe(2);
      expect(err).toContain(PROJECT_FILE);
      expect((await world.run('sessions')).code).toBe(0);
    }
  );
});

describe('evidence of what a file is', () => {
  const torch = Buffer.concat([
    Buffer.from('PK\x03\x04'),
    Buffer.alloc(26),
    Buffer.from('archive/data.pkl')
  ]);

  it.each([
    ['data.bin', Buffer.from('PAR1....'), 'dataset', 'format:parquet'],
    ['thing', torch, 'model', 'format:torch'],
    ['weights', Buffer.from('GGUF....'), 'model', 'format:gguf'],
    ['wrong.csv', torch, 'model', 'format:torch']
  ])('of %s are its first bytes', async (name, bytes, kind, evidence) => {
    training({ [name]: bytes });
    const made = await make();
    expect(made.input(name).annotations).toMatchObject({
      nb_kind: kind,
      nb_confidence: 'strong'
    });
    expect(made.covered(name).evidence).toContain(evidence);
  });

  it('is that a later run read what an earlier one wrote', async () => {
    training({ raw: 'a' });
    const made = await make();
    expect(made.covered('clean.bin').evidence).toEqual([
      'role:written-then-read'
    ]);
    expect(made.covered('model.bin').evidence).toEqual([]);
  });
});
