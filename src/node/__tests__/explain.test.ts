import fs from 'node:fs';
import path from 'node:path';
import type { IExplainReply } from '../../api';
import { inputsOf } from '../../record/story';
import type { Statement } from '../../record/types';
import { makeWorld, type IWorld } from './harness';
import { recordSession, type ISessionScript } from './recorded';

let world: IWorld;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);

async function attested(
  script: Partial<ISessionScript> = {},
  ...args: string[]
): Promise<void> {
  fs.writeFileSync(at('raw.csv'), 'a,b\n1,2\n');
  recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'read()', reads: [at('raw.csv')] },
      { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
    ],
    ...script
  });
  const made = await world.run('create', '--for', 'model.bin', ...args);
  expect(made.code).toBe(0);
}

async function story(...args: string[]): Promise<string> {
  const { code, out } = await world.run('explain', ...args);
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(25);
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
  return out.replace(/\s+/g, ' ');
}

describe('explain', () => {
  it('says what, by which run, from which data, and who could have changed it', async () => {
    await attested();
    const told = await story('model.bin');
    for (const part of [
      'model.bin',
      'The file here is the one that the record is about.',
      'by run 2 of train.ipynb',
      'raw.csv',
      'still the same here',
      'at most SLSA Build L1',
      'Whoever holds that key could have written anything in it.'
    ]) {
      expect(told).toContain(part);
    }
  });

  it('names addresses and databases among what a file was made from', async () => {
    await attested({
      runs: [
        {
          code: 'read()',
          fetches: {
            'https://example.org/a.csv': 'ab'.repeat(32),
            'https://example.org/b.csv': null
          },
          asks: 'db.example.org'
        },
        { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
      ]
    });
    const told = await story('model.bin');
    expect(told).toContain(
      'https://example.org/a.csv abababab fetched; fingerprint of what arrived'
    );
    expect(told).toContain('unknown fetched; what arrived has no fingerprint');
    expect(told).toContain('unknown a database; answers have no');
    expect(told).not.toContain('read no file');
  });

  it('tells how many rows a database answered with, and whose fingerprint it has', async () => {
    const whole = { id: 1, fetched: 5, whole: true, sha256: 'cd'.repeat(32) };
    const part = { id: 2, fetched: 2, whole: false, absent: 'partial' };
    await attested({
      runs: [
        { code: 'read()', asks: 'a.example.org', answer: whole },
        { code: 'read()', asks: 'b.example.org', answer: part },
        { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
      ]
    });
    const told = await story('model.bin');
    expect(told).toContain(' cdcdcdcd a database; answer of 5 rows');
    expect(told).toContain(' unknown a database; 2 rows seen');
  });

  it('tells the same from the record itself', async () => {
    await attested();
    expect(await story('model.bin.sigstore.json')).toBe(
      await story('model.bin')
    );
  });

  it('compares each file of a folder that stands for many', async () => {
    fs.mkdirSync(at('img'));
    const files = Array.from({ length: 30 }, (_, i) => at(`img/${i}.png`));
    files.forEach(file => fs.writeFileSync(file, file));
    await attested({
      runs: [
        { code: 'read()', reads: files },
        { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
      ]
    });
    expect(await story('model.bin')).toMatch(
      /img\/ [0-9a-f]{8} 30 files, still the same here/
    );
    fs.writeFileSync(files[7]!, 'other');
    expect(await story('model.bin')).toContain('30 files, different here now');
    fs.rmSync(files[7]!);
    expect(await story('model.bin')).toContain('30 files, not here');
  });

  it('names the run of this very file, though a later one wrote the same bytes', async () => {
    await attested({
      runs: [
        { code: 'save()', writes: { [at('model.bin')]: 'weights' } },
        { code: 'again()', writes: { [at('copy.bin')]: 'weights' } }
      ]
    });
    expect(await story('model.bin')).toContain('by run 1 of train.ipynb');
  });

  it('compares what a record names in bytes, and survives a name that no file can have', async () => {
    await attested({}, '--sign', 'none');
    const file = at('model.bin.intoto.json');
    const rename = async (name: string, bytes?: string) => {
      const statement = JSON.parse(fs.readFileSync(file, 'utf8')) as Statement;
      const [dependency] = inputsOf(statement);
      Object.assign(dependency!, { name });
      Object.assign(dependency!.annotations, { nb_nameBytes: bytes });
      fs.writeFileSync(file, JSON.stringify(statement));
      return story('model.bin');
    };
    const bytes = Buffer.from('raw\xff.csv', 'latin1');
    fs.renameSync(
      at('raw.csv'),
      Buffer.concat([Buffer.from(at('')), Buffer.from('/'), bytes])
    );
    expect(await rename('raw%FF.csv', bytes.toString('base64'))).toContain(
      'still the same here'
    );
    expect(await rename('raw\0.csv')).toContain('not here');
  });

  it('gives a command that a shell takes', async () => {
    const name = "my model's.bin";
    await attested({
      runs: [
        {
          code: 'save()',
          writes: { [at(name)]: 'a', [at('model.bin')]: 'weights' }
        }
      ]
    });
    expect((await world.run('create', '--for', name)).code).toBe(0);
    const { out } = await world.run('explain', name);
    expect(out).toContain(`verify 'my model'\\''s.bin'`);
  });

  it('says when data or file changed since on disk, or are gone', async () => {
    await attested();
    fs.writeFileSync(at('raw.csv'), 'other');
    fs.appendFileSync(at('model.bin'), '!');
    const changed = await story('model.bin');
    expect(changed).toContain('different here now');
    expect(changed).toContain('The file here is another one');
    fs.rmSync(at('raw.csv'));
    fs.rmSync(at('model.bin'));
    const gone = await story('model.bin');
    expect(gone).toContain('not here');
    expect(gone).toContain("isn't here");
  });

  it('says that recording started late, and does not claim the gate of L1', async () => {
    await attested({ runsMissed: 3 });
    const told = await story('model.bin');
    expect(told).toContain(
      'Recording started late. At least 3 runs came before'
    );
    expect(told).toContain(
      "at most SLSA Build L1, and L1 itself isn't reached"
    );
    expect(told).toContain('Not recorded:');
  });

  it('says that an unsigned record could have been written by anyone', async () => {
    await attested({}, '--sign', 'none');
    expect(await story('model.bin')).toContain('Not signed: anyone could');
  });

  it('says that a changed record is not to be relied on', async () => {
    await attested();
    const file = at('model.bin.sigstore.json');
    const bundle = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      dsseEnvelope: { payload: string };
    };
    const { dsseEnvelope } = bundle;
    dsseEnvelope.payload = Buffer.from(
      Buffer.from(dsseEnvelope.payload, 'base64')
        .toString('utf8')
        .replace('train.ipynb', 'other.ipynb')
    ).toString('base64');
    fs.writeFileSync(file, JSON.stringify(bundle));
    expect(await story('model.bin')).toContain("Don't rely on anything above");
  });

  it('keeps under 25 lines with many inputs, subjects and gaps', async () => {
    const files = Array.from({ length: 60 }, (_, i) => at(`in-${i}.csv`));
    files.forEach((file, i) => fs.writeFileSync(file, String(i)));
    fs.writeFileSync(at('raw.csv'), '1');
    recordSession(world.home, {
      notebook: at('many.ipynb'),
      runsMissed: 12_345,
      runs: [
        { code: 'x', reads: files },
        {
          code: 'y',
          writes: Object.fromEntries(
            files.map((_, i) => [at(`out-${i}.csv`), `o${i}`])
          )
        }
      ]
    });
    await world.run('create', '--notebook', 'many.ipynb');
    await story('out-7.csv', '--record', 'many.ipynb.sigstore.json');
  });
});

describe('explain without a record', () => {
  it('says what the journal knows and how to make one', async () => {
    recordSession(world.home, {
      notebook: at('train.ipynb'),
      runs: [{ code: 'x', writes: { [at('out.csv')]: '1' } }]
    });
    const { code, out } = await world.run('explain', 'out.csv');
    expect(code).toBe(1);
    expect(out).toContain('run 1 of train.ipynb wrote it');
    expect(out).toContain('jupyter attest create --for out.csv');
  });

  it('says that nothing is known of a file that nobody recorded', async () => {
    fs.writeFileSync(at('x.csv'), '1');
    const { code, out } = await world.run('explain', 'x.csv');
    expect(code).toBe(1);
    expect(out).toContain('Nothing is known about how it was made.');
  });

  it('says that there is no such file', async () => {
    const { code, err } = await world.run('explain', 'nope.csv');
    expect(code).toBe(2);
    expect(err).toContain('There is no file nope.csv');
  });

  it('answers the same as JSON', async () => {
    await attested();
    const { out } = await world.run('explain', 'model.bin', '--json');
    const reply = JSON.parse(out) as IExplainReply;
    expect(reply).toMatchObject({
      fileState: 'same',
      signed: true,
      signatureHolds: true,
      keyName: 'this computer',
      notebook: 'train.ipynb'
    });
    expect(reply.inputs).toContainEqual({
      name: 'raw.csv',
      onDisk: 'same',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string
    });
    expect(reply.story.length).toBeGreaterThan(5);
  });
});
