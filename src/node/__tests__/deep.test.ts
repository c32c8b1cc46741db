/** What a tampered journal gives, before and after a record stands on it; docs/journal.md has the table. */
import fs from 'node:fs';
import path from 'node:path';
import type { IVerifyReply } from '../../api';
import { sha256 } from '../files';
import { makeWorld, type IWorld } from './harness';
import { recordSession, type IRecordedFolder } from './recorded';

let world: IWorld;
let session: IRecordedFolder;
beforeEach(() => {
  world = makeWorld();
  fs.writeFileSync(at('raw.csv'), 'a,b\n1,2\n');
  session = recordSession(world.home, {
    notebook: at('train.ipynb'),
    runs: [
      { code: 'read()', reads: [at('raw.csv')] },
      { code: 'look()' },
      { code: 'save()', writes: { [at('model.bin')]: 'weights' } }
    ]
  });
});
afterEach(() => world.remove());

const at = (name: string) => path.join(world.folder, name);
const server = () => path.join(session.folder, 'server.jsonl');

const create = (...args: string[]) =>
  world.run('create', '--for', 'model.bin', '--json', ...args);

async function deep(
  ...args: string[]
): Promise<{ code: number; reply: IVerifyReply }> {
  const { code, out } = await world.run(
    ...['verify', 'model.bin', '--deep', '--json'],
    ...args
  );
  return { code, reply: JSON.parse(out) as IVerifyReply };
}

type Tamper = (lines: string[]) => string[];

/** Rewrite a journal's lines; with a chain made anew where asked. */
function tamper(file: string, change: Tamper, chainAgain = false): void {
  const lines = change(fs.readFileSync(file, 'utf8').trimEnd().split('\n'));
  let prev: string | null = null;
  const written = lines.map((line, seq) => {
    const made: string = chainAgain
      ? JSON.stringify({ ...(JSON.parse(line) as object), seq, prev })
      : line;
    prev = sha256(Buffer.from(made));
    return `${made}\n`;
  });
  fs.writeFileSync(file, written.join(''));
}

/** The line of the second run's input. */
const isLook = (line: string) => line.includes('"msg-2"');

const removed: Tamper = lines => lines.filter(line => !isLook(line));
const reordered: Tamper = lines => {
  const index = lines.findIndex(isLook);
  const [before, look] = lines.slice(index - 1, index + 1);
  const rest = lines.slice(index + 1);
  return [...lines.slice(0, index - 1), look!, before!, ...rest];
};
const edited: Tamper = lines =>
  lines.map(line =>
    isLook(line) ? line.replace('client-1', 'client-9') : line
  );
const cutOff: Tamper = lines => lines.slice(0, -2);

/** What was done, whether the chain was made again, seen before, and the words seen after. */
const TABLE: [string, Tamper, boolean, boolean, string][] = [
  ['a line removed', removed, false, true, 'the chain breaks'],
  ['two lines exchanged', reordered, false, true, 'the chain breaks'],
  ['a line edited', edited, false, true, 'the chain breaks'],
  ['its last lines cut off', cutOff, false, false, 'its last 2 lines are gone'],
  ['a line removed, chain made again', removed, true, false, 'lines are gone'],
  ['a line edited, chain made again', edited, true, false, 'another one than'],
  ['lines exchanged, chain made again', reordered, true, false, 'another one']
];

describe('a tampered journal', () => {
  it.each(TABLE)(
    'with %s, before the record: seen where the chain breaks',
    async (_, change, chainAgain, seen) => {
      tamper(server(), change, chainAgain);
      const { out } = await create();
      expect(out.includes('event-gap')).toBe(seen);
    }
  );

  it.each(TABLE)(
    'with %s, after the record: always seen',
    async (_, change, chainAgain, _before, words) => {
      await create();
      expect((await deep()).reply.deep?.outcome).toBe('same');
      tamper(server(), change, chainAgain);
      const { code, reply } = await deep();
      expect(code).toBe(1);
      expect(reply.deep?.outcome).toBe('different');
      expect(reply.deep?.message).toContain(words);
      expect(reply.deep?.message).toContain('server.jsonl');
    }
  );

  it('whose request was rewritten too gives another record than the signed one', async () => {
    const { out } = await create();
    const { invocationId } = JSON.parse(out.trim().split('\n').at(-1)!) as {
      invocationId: string;
    };
    const attests = path.join(
      world.home,
      'attests',
      `${invocationId.replace('urn:uuid:', '')}.jsonl`
    );
    tamper(server(), edited, true);
    const lines = fs.readFileSync(server(), 'utf8').trimEnd().split('\n');
    const head = sha256(Buffer.from(lines.at(-1)!));
    tamper(
      attests,
      all =>
        all.map(line =>
          line.replace(
            /("file":"server.jsonl","head":")[0-9a-f]{64}/,
            `$1${head}`
          )
        ),
      true
    );
    const { code, reply } = await deep();
    expect(code).toBe(1);
    expect(reply.deep?.message).toContain('other bytes');
  });
});

describe('verify --deep', () => {
  it('gives the same bytes again, also later and from journals elsewhere', async () => {
    await create();
    recordSession(world.home, { notebook: null, runs: [{ code: 'x' }] });
    session.end();
    expect((await deep()).reply.deep?.outcome).toBe('same');
    const away = at('journals');
    fs.cpSync(path.join(world.home, 'sessions'), away, { recursive: true });
    fs.rmSync(path.join(world.home, 'sessions'), { recursive: true });
    const gone = await deep();
    expect(gone.code).toBe(2);
    expect(gone.reply.deep?.outcome).toBe('not-checked');
    const { code, reply } = await deep('--journal', away);
    expect([code, reply.deep?.outcome]).toEqual([0, 'same']);
  });

  it('gives the same bytes of a record with runs left out, also from journals elsewhere', async () => {
    await create('--drop', '2');
    expect((await deep()).reply.deep?.outcome).toBe('same');
    fs.rmSync(at('model.bin.sigstore.json'));
    await create('--drop', '1', '--drop', '2');
    const { code, reply } = await deep();
    expect([code, reply.deep?.outcome]).toEqual([0, 'same']);
  });

  it.each([
    ['as it was', false, 'was changed since'],
    ['made again', true, 'other bytes']
  ])(
    'sees that the note of a run left out was taken away, with the chain %s',
    async (_, chainAgain, words) => {
      await create('--drop', '2');
      for (const name of fs.readdirSync(path.join(world.home, 'attests'))) {
        tamper(
          path.join(world.home, 'attests', name),
          lines =>
            lines.map(line => line.replace(/"drops":\[[^\]]+\]/, '"drops":[]')),
          chainAgain
        );
      }
      const { code, reply } = await deep();
      expect([code, reply.deep?.outcome]).toEqual([1, 'different']);
      expect(reply.deep?.message).toContain(words);
    }
  );

  it('checks nothing where the note of what was left out is gone', async () => {
    await create('--drop', '2');
    fs.rmSync(path.join(world.home, 'attests'), { recursive: true });
    const { code, reply } = await deep();
    expect([code, reply.deep?.outcome]).toEqual([2, 'not-checked']);
    expect(reply.deep?.message).toContain('isn’t here any more');
  });

  it('checks nothing where another version made the record', async () => {
    await create();
    for (const name of fs.readdirSync(path.join(world.home, 'attests'))) {
      tamper(
        path.join(world.home, 'attests', name),
        lines =>
          lines.map(line =>
            line.includes('attest.requested')
              ? line.replace(
                  /"deriver":\{"name":"jupyter-attest","version":"[^"]+"\}/,
                  '"deriver":{"name":"jupyter-attest","version":"9.9.9"}'
                )
              : line
          ),
        true
      );
    }
    const { code, reply } = await deep();
    expect(code).toBe(2);
    expect(reply.deep?.message).toContain('9.9.9');
  });

  it('checks nothing where texts were forgotten since', async () => {
    await create();
    await world.run('forget', '--session', session.sid, '--run', '2', '--yes');
    const { code, reply } = await deep();
    expect(code).toBe(2);
    expect(reply.deep?.message).toContain('forgotten');
  });
});
