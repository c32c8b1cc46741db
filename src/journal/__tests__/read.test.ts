import { createHash } from 'node:crypto';
import { FakeSession, Writer, Clock, utf8 } from '../../__tests__/journals';
import { JournalError } from '../errors';
import {
  cutToPrefixes,
  MAX_LINE_BYTES,
  prefixOf,
  readJournalFile,
  type IJournalFile
} from '../read';
import { sha256 } from '../sha256';

const file = (...parts: (string | Uint8Array)[]): IJournalFile =>
  readJournalFile({
    sid: 's',
    file: 'server.jsonl',
    bytes: Buffer.concat(parts.map(part => Buffer.from(part)))
  });

function three(): Writer {
  const writer = new Writer('s', 'server.jsonl', new Clock());
  return writer
    .add('kernel.interrupted', { reason: null })
    .add('kernel.died', { reason: null })
    .add('kernel.ended', { reason: null });
}

const lines = (writer: Writer) =>
  Buffer.from(writer.bytes).toString().trimEnd().split('\n');

describe('reading a journal file', () => {
  it('gives events in order, no problems, and the digest of the last line', () => {
    const { source } = three();
    const read = readJournalFile(source);
    expect(read.events.map(e => e.type)).toEqual([
      'kernel.interrupted',
      'kernel.died',
      'kernel.ended'
    ]);
    expect(read.problems).toEqual([]);
    const last = Buffer.from(source.bytes).toString().trimEnd().split('\n')[2]!;
    expect(read.head).toBe(createHash('sha256').update(last).digest('hex'));
  });

  it('keeps fields that it doesn’t know', () => {
    const writer = new Writer('s', 'server.jsonl', new Clock());
    writer.add('kernel.died', { reason: null, later: { a: 1 } });
    expect(readJournalFile(writer.source).events[0]).toMatchObject({
      later: { a: 1 }
    });
  });

  it('takes an empty file as one without events', () => {
    expect(file()).toMatchObject({ lines: 0, head: null, problems: [] });
  });

  it('reads a long file line by line, whatever a line holds', () => {
    const writer = new Writer('s', 'server.jsonl', new Clock());
    const reason = `é😀\u2028 ${'x'.repeat(2000)}`;
    for (let n = 0; n < 400; n++) {
      writer.add('kernel.died', { reason });
    }
    const whole = lines(writer);
    const broken = Buffer.concat([
      Buffer.from(whole.slice(0, 300).join('\n')),
      Buffer.from([0x0a, 0xff, 0x0a]),
      Buffer.from(`${whole.slice(301).join('\n')}\n`)
    ]);
    const read = file(broken);
    expect(read.lines).toBe(400);
    expect(read.events.map(({ seq }) => seq)).toEqual(
      whole.map((_, seq) => seq).filter(seq => seq !== 300)
    );
    expect(read.events.every(event => 'reason' in event)).toBe(true);
    expect(read.problems.map(({ code, line }) => [code, line])).toEqual([
      ['broken', 300],
      ['chain', 301]
    ]);
    expect(read.ends[300]! - read.ends[299]!).toBe(2);
    expect(file(broken.subarray(0, read.ends[399])).torn).toBe(true);
    const cut = readJournalFile({ ...file(broken) }, { lines: 350 });
    expect([cut.lines, cut.ends]).toEqual([350, read.ends.slice(0, 350)]);
  });

  it('loses nothing but the broken line', () => {
    const [a, b, c] = lines(three());
    const read = file(`${a}\n`, `${b!.slice(0, 40)}\n`, `${c}\n`);
    expect(read.events.map(e => e.type)).toEqual([
      'kernel.interrupted',
      'kernel.ended'
    ]);
    expect(read.problems.map(p => p.code)).toEqual(['broken', 'chain']);
    expect(read.lines).toBe(3);
  });

  it.each([
    ['not JSON', 'nonsense'],
    ['not an object', '[1]'],
    ['not UTF-8', Uint8Array.from([0x22, 0xff, 0x22])],
    ['without a type', '{"v":1}'],
    ['longer than 1 MiB', `{"v":1,"x":"${'y'.repeat(MAX_LINE_BYTES)}"}`],
    ['not as its type says', '{"v":1,"type":"kernel.died","seq":0,"prev":null}']
  ])('tells a line that is %s', (_name, line) => {
    expect(file(line, '\n').problems.map(p => p.code)).toContain('broken');
  });

  it('takes a last line without its end as torn', () => {
    const [a, b] = lines(three());
    const read = file(`${a}\n`, b!);
    expect(read.events).toHaveLength(1);
    expect(read.problems).toEqual([
      { code: 'torn', line: 1, count: 1, detail: expect.any(String) }
    ]);
    expect(prefixOf(read)).toMatchObject({ lines: 1, torn: true });
  });

  it('tells lines that are missing', () => {
    const [a, , c] = lines(three());
    const codes = file(`${a}\n`, `${c}\n`).problems.map(p => p.code);
    expect(codes).toEqual(['chain', 'sequence']);
  });

  it('tells an unknown type and goes on', () => {
    const writer = new Writer('s', 'probe-1.jsonl', new Clock());
    writer.add('quantum.measured').add('quantum.measured');
    writer.add('kernel.died', { reason: null });
    const read = readJournalFile(writer.source);
    expect(read.problems).toMatchObject([
      { code: 'unknown-type', line: 0, count: 2 }
    ]);
    expect(read.events).toHaveLength(1);
  });

  it('refuses an unknown version', () => {
    const read = () => file('{"v":2,"type":"kernel.died"}\n');
    expect(read).toThrow(JournalError);
    expect(read).toThrow(/version 2/);
  });

  it('counts millions of broken lines without keeping each', () => {
    expect(file('x\n'.repeat(100_000)).problems).toHaveLength(1 + 0);
  });
});

describe('prefixes', () => {
  it('cut a file that has grown since', () => {
    const writer = three();
    const prefix = prefixOf(readJournalFile(writer.source));
    writer.add('kernel.died', { reason: null });
    const [cut] = cutToPrefixes([writer.source], [prefix]);
    expect(cut!.events).toHaveLength(3);
    expect(prefixOf(cut!)).toEqual(prefix);
  });

  it('ignore a version that came later', () => {
    const writer = three();
    const prefix = prefixOf(readJournalFile(writer.source));
    writer.raw('{"v":2}');
    expect(cutToPrefixes([writer.source], [prefix])[0]!.lines).toBe(3);
  });

  it('refuse a file that was rewritten, shortened or is gone', () => {
    const prefix = prefixOf(readJournalFile(three().source));
    const other = three().source;
    const code = (sources: Parameters<typeof cutToPrefixes>[0]) => {
      try {
        cutToPrefixes(sources, [prefix]);
        return null;
      } catch (error) {
        return (error as JournalError).code;
      }
    };
    const text = Buffer.from(other.bytes).toString();
    expect(code([])).toBe('prefix-missing');
    expect(code([{ ...other, bytes: utf8(text.split('\n')[0] + '\n') }])).toBe(
      'prefix-mismatch'
    );
    const edited = text.replace('kernel.ended', 'kernel.died');
    expect(code([{ ...other, bytes: utf8(edited) }])).toBe('prefix-mismatch');
  });
});

describe('sha256', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000])(
    'agrees with Node’s on %i bytes',
    length => {
      const bytes = new Uint8Array(length).map((_, i) => i * 7);
      const expected = createHash('sha256').update(bytes).digest('hex');
      expect(sha256(bytes)).toBe(expected);
    }
  );
});

describe('a made-up session', () => {
  it('is one that the reader takes without a problem', () => {
    const session = new FakeSession();
    session.run();
    expect(session.files.flatMap(f => f.problems)).toEqual([]);
  });
});
