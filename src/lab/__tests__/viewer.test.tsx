import { createHash } from 'node:crypto';
import * as React from 'react';
import { jsonNodes } from '../json';
import { jsonLines } from '../jsonlines';
import { readCoverage } from '../viewer/coverage';
import { openRecord } from '../viewer/record';
import { isLeftOut, readRuns, stepsOf, writerOf } from '../viewer/runs';

const sha = (text: string | Buffer): string =>
  createHash('sha256').update(text).digest('hex');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const salt = Buffer.alloc(16, 7);
const run = (number: number, more: object = {}): object => {
  const text = `step(${number})`;
  return {
    number,
    id: `m${number}/0`,
    sid: 'sid',
    session: 's1',
    kind: 'cell',
    status: 'ok',
    client: null,
    notebook: 'n.ipynb',
    executionCount: number,
    startedAt: null,
    endedAt: null,
    code: {
      sha256: sha(Buffer.concat([salt, Buffer.from(text)])),
      salt: salt.toString('base64'),
      bytes: text.length,
      text
    },
    reads: [],
    writes: [],
    verdict: 'kept-undecided',
    because: [],
    reason: 'not-shown-harmless',
    ...more
  };
};
const list = (...runs: object[]) => {
  const text = JSON.stringify({ runs });
  return readRuns(text, sha(text));
};
const runsOf = (...runs: object[]) => {
  const read = list(...runs);
  return read.type === 'list' ? read.runs : [];
};

describe('the list of runs beside a record', () => {
  it('is shown with its code when both fingerprints match', () => {
    expect(runsOf(run(1))[0]?.code).toBe('step(1)');
  });
  it('is not shown when it is another one', () => {
    const text = JSON.stringify({ runs: [run(1)] });
    expect(readRuns(`${text} `, sha(text))).toEqual({ type: 'different' });
    expect(readRuns(null, sha(text))).toEqual({ type: 'absent' });
  });
  it('shows no code whose own fingerprint is another', () => {
    const code = { sha256: 'ab'.repeat(32), salt: 'AAAA', bytes: 1, text: 'x' };
    expect(runsOf(run(1, { code }))[0]?.code).toBeNull();
    const forgotten = { ...code, text: null };
    expect(runsOf(run(1, { code: forgotten }))[0]?.code).toBeNull();
  });
  it('is unreadable rather than half read', () => {
    expect(list({ number: 1 })).toEqual({ type: 'unreadable' });
  });

  const table = { name: 'table.csv', sha256: 'aa' };
  const clean = { name: 'clean.parquet', sha256: 'bb' };
  const model = { name: 'm.pkl', sha256: 'cc' };
  const runs = runsOf(
    run(1, { reads: [table] }),
    run(2, { reads: [table], writes: [clean], verdict: 'needed' }),
    run(3, { verdict: 'dropped-proved' }),
    run(4, { reads: [clean], writes: [model], verdict: 'needed' }),
    run(5, { writes: [{ ...model, sha256: 'dd' }], verdict: 'after-subject' })
  );

  it('is cut into steps, each ending with a write', () => {
    expect(
      stepsOf(runs).map(({ first, last, reads, writes }) => [
        first.number,
        last.number,
        reads,
        writes
      ])
    ).toEqual([
      [1, 2, ['table.csv'], ['clean.parquet']],
      [4, 4, ['clean.parquet'], ['m.pkl']]
    ]);
  });
  it('makes no step over the border of a session', () => {
    const steps = stepsOf(
      runsOf(
        run(1, { reads: [table] }),
        run(1, { sid: 'b', session: 's2', writes: [model] })
      )
    );
    expect(steps.map(({ first, reads }) => [first.session, reads])).toEqual([
      ['s2', []]
    ]);
  });
  it('tells which run wrote these very bytes', () => {
    expect(writerOf(runs, model)?.number).toBe(4);
    expect(writerOf(runs, { name: 'none', sha256: null })).toBeNull();
  });
  it('leaves out only what the record left out', () => {
    expect(runs.filter(isLeftOut).map(({ number }) => number)).toEqual([3, 5]);
  });
});

it('single gaps are read only from the file that the record names', () => {
  const text = JSON.stringify({
    gaps: [
      {
        code: 'network',
        count: 1,
        session: 's1',
        run: 2,
        path: null,
        detail: 'example.org'
      }
    ],
    files: [
      {
        rel: 'm.pkl',
        kind: 'model',
        versions: [
          { bytes: '12', sha256: 'cc', seenBy: ['probe'], taken: null }
        ]
      }
    ]
  });
  const coverage = readCoverage(text, sha(text));
  expect(coverage?.gaps).toHaveLength(1);
  expect(coverage?.file('m.pkl', 'cc')?.sizeBytes).toBe(12);
  expect(coverage?.file('m.pkl', 'dd')).toBeNull();
  expect(readCoverage(text, sha('other'))).toBeNull();
});

describe('a file that is no record', () => {
  it.each([
    ['empty', '', 'not-json'],
    ['cut', '{"mediaType": ', 'not-json'],
    ['a key twice', '{"mediaType":"a","mediaType":"b"}', 'not-json'],
    ['a list', '[]', 'not-a-record'],
    ['another bundle', '{"mediaType":"x"}', 'not-a-record'],
    [
      'another statement',
      '{"_type":"https://in-toto.io/Statement/v1"}',
      'not-a-record'
    ]
  ])('%s', (_, text, why) => {
    expect(openRecord(bytes(text))).toEqual({ type: 'malformed', why });
  });
  it('no text at all', () => {
    expect(openRecord(new Uint8Array([0xff, 0xfe, 0x00]))).toEqual({
      type: 'malformed',
      why: 'not-json'
    });
  });
  it('100 MB of it is refused unread', () => {
    expect(openRecord(new Uint8Array(100_000_000))).toEqual({
      type: 'malformed',
      why: 'too-large'
    });
  });
});

describe('JSON on the page', () => {
  /** The text of the page, as a selection or a copy has it. */
  const textOf = (node: React.ReactNode): string =>
    React.Children.toArray(node)
      .map(each =>
        React.isValidElement<React.PropsWithChildren>(each)
          ? textOf(each.props.children)
          : String(each)
      )
      .join('');

  it.each([
    ['compact', '{"a":[1,2,{"b":null}],"c":"x, {y} \\" z","d":{},"e":[]}'],
    ['with lines', '{\n  "a": 1\n}\n'],
    ['markup', '{"<b>":"</script><img src=x onerror=alert(1)>"}'],
    ['broken', '{"a":[1,{"b":"c'],
    ['closed too often', ']]}}"'],
    ['nested deep', `${'['.repeat(500)}${']'.repeat(500)}`],
    ['nothing', '']
  ])('is the text itself: %s', (_, text) => {
    expect(textOf(jsonNodes(text))).toBe(text);
  });
});

it('JSON lines may come cut anywhere', async () => {
  async function* chunks() {
    yield '{"a":1}\n{"b"';
    yield ':2}\n\n{"c"';
    yield ':3}';
  }
  const found = [];
  for await (const line of jsonLines(chunks())) {
    found.push(line);
  }
  expect(found).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
});
