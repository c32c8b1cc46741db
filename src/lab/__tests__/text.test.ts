import {
  fileSize,
  fromNotebook,
  splitMiddle,
  utc,
  utcSpan,
  visible,
  visibleText
} from '../text';

describe('a name from a file', () => {
  it.each([
    ['plain.csv', 'plain.csv'],
    ['gpj\u202exe.exe', 'gpj\\u202exe.exe'],
    ['a\nb\u0000c', 'a\\u000ab\\u0000c'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['line\u2028end', 'line\\u2028end'],
    ['half \ud800 pair', 'half \\ud800 pair'],
    ['naïve 数据 😀.csv', 'naïve 数据 😀.csv'],
    ['<img src=x>', '<img src=x>']
  ])('%j is shown as %j', (name, shown) => {
    expect(visible(name)).toBe(shown);
  });

  it('is never longer than 1,024 characters and an ellipsis', () => {
    expect(visible('x'.repeat(100_000))).toHaveLength(1025);
    expect(visible('\u202e'.repeat(100_000))).toHaveLength(1025);
  });

  it('keeps its end when it is cut in the middle', () => {
    expect(splitMiddle('short.csv', 14)).toEqual(['short.csv', '']);
    const [head, tail] = splitMiddle('a/very/long/path/to/model.joblib', 14);
    expect(tail).toBe('o/model.joblib');
    expect(head + tail).toBe('a/very/long/path/to/model.joblib');
  });
});

it('code keeps its lines and shows what would hide in it', () => {
  expect(visibleText('a\n\tb\u202e')).toBe('a\n\tb\\u202e');
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [48_000, '48 kB'],
  [2_345, '2.3 kB'],
  [18_400_000, '18.4 MB'],
  [212_000_000, '212 MB'],
  [999_999, '1 MB'],
  [4_402_118_000_000, '4.4 TB']
])('%d bytes are written %s', (bytes, shown) => {
  expect(fileSize(bytes)).toBe(shown);
});

it('times say that they are UTC', () => {
  expect(utc('2026-11-24T11:02:31.123456Z', 'en')).toBe(
    '24 Nov 2026, 11:02 UTC'
  );
  expect(utc('no time', 'en')).toBe('no time UTC');
});

it('a span names the second day only where it is another', () => {
  const from = '2026-11-24T09:12:00Z';
  expect(utcSpan(from, '2026-11-24T11:31:00Z', 'en')).toBe(
    '24 Nov 2026, 09:12 – 11:31 UTC'
  );
  expect(utcSpan(from, '2026-11-25T00:10:00Z', 'en')).toBe(
    '24 Nov 2026, 09:12 – 25 Nov 2026, 00:10 UTC'
  );
});

it('paths are seen from the notebook', () => {
  expect(fromNotebook('work/build/m.pkl', 'work/n.ipynb')).toBe('build/m.pkl');
  expect(fromNotebook('other/m.pkl', 'work/n.ipynb')).toBe('other/m.pkl');
  expect(fromNotebook('m.pkl', 'n.ipynb')).toBe('m.pkl');
});
