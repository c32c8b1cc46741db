/** Identities of what came from elsewhere, in layouts as their tools leave them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { ICreateDone } from '../../api';
import type { FileDependency, Identity, Statement } from '../../record/types';
import { makeWorld, type IWorld } from './harness';
import { recordSession } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

function put(name: string, bytes: string): string {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  fs.writeFileSync(at(name), bytes);
  return at(name);
}

const hex = (algorithm: string, bytes: string) =>
  createHash(algorithm).update(bytes).digest('hex');
const gitBlob = (bytes: string) =>
  hex('sha1', `blob ${Buffer.byteLength(bytes)}\0${bytes}`);

interface IRead {
  identities: Identity[];
  gaps: string[];
}

/** The record of a session that read this file: what it says of it. */
async function read(file: string, change?: () => void): Promise<IRead> {
  recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'read()', reads: [file] },
      { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
    ]
  });
  change?.();
  const words = ['create', '--for', 'model.bin', '--sign', 'none', '--json'];
  const { code, out } = await world.run(...words);
  expect(code).toBe(0);
  const { statement } = JSON.parse(
    out.trim().split('\n').at(-1)!
  ) as ICreateDone;
  const { resolvedDependencies, internalParameters } = (
    JSON.parse(statement) as Statement
  ).predicate.buildDefinition;
  const name = path.relative(world.folder, file).split(path.sep).join('/');
  const found = resolvedDependencies.find(
    each => 'name' in each && each.name === name
  ) as FileDependency;
  return {
    identities: found.annotations.nb_identities ?? [],
    gaps: internalParameters.recording.gaps.map(gap => gap.code)
  };
}

const git = (...words: string[]) =>
  execFileSync('git', ['-C', world.folder, ...words], {
    env: {
      PATH: process.env.PATH,
      HOME: world.folder,
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.org'
    }
  }).toString();

function commit(): string {
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  return git('rev-parse', 'HEAD').trim();
}

describe('a file of the Hugging Face hub', () => {
  const COMMIT = '0123456789abcdef0123456789abcdef01234567';
  const FOLDER = 'hub/datasets--ann--pets';

  function cached(etag: string, bytes: string): string {
    const blob = put(`${FOLDER}/blobs/${etag}`, bytes);
    const snapshot = at(`${FOLDER}/snapshots/${COMMIT}/data`);
    fs.mkdirSync(snapshot, { recursive: true });
    fs.symlinkSync(
      path.relative(snapshot, blob),
      path.join(snapshot, 'pets.csv')
    );
    return blob;
  }
  const named = {
    source: 'hugging-face',
    of: 'ann/pets',
    revisions: [COMMIT],
    name: 'data/pets.csv'
  };

  it.each([
    ['sha256', hex('sha256', 'cat'), 'cat', 'yes', []],
    ['git-blob-sha1', gitBlob('cat'), 'cat', 'yes', []],
    ['sha256', hex('sha256', 'dog'), 'cat', 'no', ['identity-mismatch']],
    ['git-blob-sha1', gitBlob('dog'), 'cat', 'no', ['identity-mismatch']]
  ])('by %s %s', async (algorithm, digest, bytes, agrees, gaps) => {
    expect(await read(cached(digest, bytes))).toEqual({
      identities: [{ ...named, algorithm, digest, agrees }],
      gaps
    });
  });

  it('that was copied into the snapshot has its commit', async () => {
    const file = put(`${FOLDER}/snapshots/${COMMIT}/data/pets.csv`, 'cat');
    expect((await read(file)).identities).toEqual([
      { ...named, agrees: 'not-checked' }
    ]);
  });
});

describe('a file of a git repository', () => {
  it('has its commit and blob, and says whether it is as committed', async () => {
    const file = put('data/pets.csv', 'cat');
    const head = commit();
    const claim = {
      source: 'git',
      revisions: [head],
      name: 'data/pets.csv',
      algorithm: 'git-blob-sha1',
      digest: gitBlob('cat')
    };
    expect(await read(file)).toEqual({
      identities: [{ ...claim, agrees: 'yes' }],
      gaps: []
    });
    fs.writeFileSync(file, 'dog');
    expect(await read(file)).toEqual({
      identities: [{ ...claim, agrees: 'no' }],
      gaps: []
    });
  });

  it('runs nothing that the repository names', async () => {
    const file = put('pets.csv', 'cat');
    commit();
    const trap = put('trap.sh', `#!/bin/sh\ntouch ${at('sprung')}\n`);
    fs.chmodSync(trap, 0o755);
    const keys = ['core.fsmonitor', 'core.pager', 'diff.external'];
    keys.forEach(key => git('config', key, trap));
    git('config', 'core.hooksPath', world.folder);
    git('config', 'filter.x.clean', trap);
    git('config', 'filter.x.smudge', trap);
    put('.gitattributes', '*.csv filter=x diff=x\n');
    fs.rmSync(at('sprung'), { force: true });
    expect((await read(file)).identities).toHaveLength(1);
    expect(fs.existsSync(at('sprung'))).toBe(false);
  });

  it('kept by git LFS has the digest of its pointer', async () => {
    const oid = hex('sha256', 'cat');
    const file = put(
      'pets.bin',
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 3\n`
    );
    const head = commit();
    const claim = {
      source: 'git-lfs',
      revisions: [head],
      name: 'pets.bin',
      algorithm: 'sha256',
      digest: oid
    };
    // Read before it was fetched: the pointer isn't the data.
    expect(await read(file)).toEqual({
      identities: [{ ...claim, agrees: 'no' }],
      gaps: ['identity-mismatch']
    });
    fs.writeFileSync(file, 'cat');
    expect(await read(file)).toEqual({
      identities: [{ ...claim, agrees: 'yes' }],
      gaps: []
    });
  });
});

describe('a file with a packing list beside it', () => {
  it('of DVC has its MD5', async () => {
    const file = put('data/pets.csv', 'cat');
    put(
      'data/pets.csv.dvc',
      `outs:\n- md5: ${hex('md5', 'cat')}\n  size: 3\n  hash: md5\n  path: pets.csv\n`
    );
    const claim = { source: 'dvc', name: 'pets.csv', algorithm: 'md5' };
    expect(await read(file)).toEqual({
      identities: [{ ...claim, digest: hex('md5', 'cat'), agrees: 'yes' }],
      gaps: []
    });
  });

  it('of a DVC pipeline that says otherwise shows that', async () => {
    const file = put('data/pets.csv', 'cat');
    put(
      'dvc.lock',
      `schema: '2.0'\nstages:\n  get:\n    cmd: get\n    outs:\n    - path: data/pets.csv\n      hash: md5\n      md5: ${hex('md5', 'dog')}\n      size: 3\n`
    );
    const { identities, gaps } = await read(file);
    expect(identities).toMatchObject([
      { source: 'dvc', name: 'data/pets.csv', agrees: 'no' }
    ]);
    expect(gaps).toEqual(['identity-mismatch']);
  });

  it.each([
    ['cat', 'yes', []],
    ['dog', 'no', ['identity-mismatch']]
  ])('of Croissant, for %s', async (listed, agrees, gaps) => {
    const file = put('pets/data/pets.csv', 'cat');
    put(
      'pets/croissant.json',
      JSON.stringify({
        '@type': 'sc:Dataset',
        conformsTo: 'http://mlcommons.org/croissant/1.0',
        name: 'pets',
        version: '1.2.0',
        distribution: [
          { '@type': 'cr:FileSet', includes: '*.csv' },
          {
            '@type': 'cr:FileObject',
            contentUrl: 'data/pets.csv',
            sha256: hex('sha256', listed)
          }
        ]
      })
    );
    expect(await read(file)).toEqual({
      identities: [
        {
          source: 'croissant',
          of: 'pets',
          revisions: ['1.2.0'],
          name: 'data/pets.csv',
          algorithm: 'sha256',
          digest: hex('sha256', listed),
          agrees
        }
      ],
      gaps
    });
  });

  it.each([
    ['cat', 'yes'],
    ['dog', 'no']
  ])('of an installed package, for %s', async (listed, agrees) => {
    const site = 'env/lib/python3.12/site-packages';
    const file = put(`${site}/sklearn/datasets/data/iris.csv`, 'cat');
    const coded = createHash('sha256').update(listed).digest('base64url');
    put(`${site}/other-1.0.dist-info/RECORD`, 'other/x.csv,sha256=abc,1\n');
    put(
      `${site}/scikit_learn-1.7.2.dist-info/RECORD`,
      `sklearn/__init__.py,sha256=abc,1\nsklearn/datasets/data/iris.csv,sha256=${coded},3\n`
    );
    expect((await read(file)).identities).toMatchObject([
      {
        source: 'package',
        of: 'scikit_learn',
        revisions: ['1.7.2'],
        name: 'sklearn/datasets/data/iris.csv',
        digest: hex('sha256', listed),
        agrees
      }
    ]);
  });

  it('that changed since it was read has no identity', async () => {
    const file = put('data/pets.csv', 'cat');
    put(
      'data/pets.csv.dvc',
      `outs:\n- md5: ${hex('md5', 'cat')}\n  path: pets.csv\n`
    );
    const { identities } = await read(file, () =>
      fs.writeFileSync(file, 'other bytes')
    );
    expect(identities).toEqual([]);
  });

  it('that is broken says nothing', async () => {
    const file = put('data/pets.csv', 'cat');
    put('data/pets.csv.dvc', 'outs: [');
    put('data/croissant.json', '{"x": "mlcommons.org/croissant"');
    put('dvc.lock', '\0');
    expect((await read(file)).identities).toEqual([]);
  });
});
