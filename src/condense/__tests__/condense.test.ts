import {
  Clock,
  Disk,
  FakeSession,
  usualSession
} from '../../__tests__/journals';
import { foldSessions } from '../../session/fold';
import { condense } from '../condense';
import type { ISlice, ISliceSubject } from '../types';

const MODEL = '/home/ann/work/model.joblib';

function slice(
  sessions: FakeSession[],
  key = MODEL,
  more: Partial<ISliceSubject> = {},
  drops: string[] = []
): ISlice {
  const last = sessions.at(-1)!;
  const folded = foldSessions(sessions.flatMap(s => s.files));
  const subject = {
    key,
    sha256: last.disk.sha256(key),
    stat: last.disk.stat(key),
    sid: last.sid,
    ...more
  };
  return condense(folded, [subject], drops);
}

const verdicts = ({ sessions }: ISlice, at = -1) =>
  sessions.at(at)!.runs.map(r => `${r.run.number} ${r.verdict} ${r.reason}`);

describe('condense', () => {
  it('keeps everything before the writing run, and nothing after it', () => {
    expect(verdicts(slice([usualSession()]))).toEqual([
      '1 kept-undecided not-shown-harmless',
      '2 kept-undecided not-shown-harmless',
      '3 needed wrote',
      '4 after-subject after-the-write'
    ]);
  });

  it('keeps a run that began before the write had ended', () => {
    const session = new FakeSession();
    const spec = { writes: { [MODEL]: 'w' } };
    const id = session.begin(spec);
    session.run({});
    session.finish(id, spec);
    session.run({});
    expect(verdicts(slice([session]))).toEqual([
      '1 needed wrote',
      '2 kept-undecided not-shown-harmless',
      '3 after-subject after-the-write'
    ]);
  });

  it('reaches to the last run that wrote these bytes', () => {
    const session = new FakeSession();
    session.run({ writes: { [MODEL]: 'w' } });
    session.run();
    session.run({ writes: { [MODEL]: 'w' } });
    session.run();
    expect(verdicts(slice([session]))[2]).toBe('3 needed wrote');
  });

  it('follows a read to the last run that had written the same bytes before the file was there', () => {
    const session = new FakeSession();
    const copy = '/home/ann/work/copy.csv';
    const [a, b] = ['/home/ann/work/b.csv', '/home/ann/work/a.csv'];
    session.run({ writes: { [a]: 'rows' } });
    session.run({ writes: { [b]: 'rows' } });
    session.run({ writes: { [a]: 'rows' } });
    session.put(copy, 'rows');
    session.run({ reads: [copy] });
    session.run({ writes: { [b]: 'rows' } });
    session.run({ reads: [copy], writes: { [MODEL]: 'w' } });
    expect(verdicts(slice([session]))).toEqual([
      '1 kept-undecided not-shown-harmless',
      '2 kept-undecided not-shown-harmless',
      '3 needed wrote',
      '4 kept-undecided not-shown-harmless',
      '5 kept-undecided not-shown-harmless',
      '6 needed wrote'
    ]);
  });

  it('finds the bytes again when only their times have changed', () => {
    const session = usualSession();
    const traced = slice([session], MODEL, { stat: null }).subjects[0]!;
    expect(traced.version!.writers).toEqual([3, 3]);
  });

  it('keeps every run when the write was not seen', () => {
    const session = usualSession();
    session.disk.put('/home/ann/work/native.bin', 'n');
    expect(verdicts(slice([session], '/home/ann/work/native.bin'))).toEqual([
      '1 kept-undecided write-not-seen',
      '2 kept-undecided write-not-seen',
      '3 kept-undecided write-not-seen',
      '4 kept-undecided write-not-seen'
    ]);
  });

  it('keeps every run when a thread wrote it after its run had ended', () => {
    const session = new FakeSession();
    const id = session.run({ ended: { threadsAlive: ['t'] } });
    session.run();
    session.write(id, MODEL, 'late');
    session.run();
    expect(verdicts(slice([session]))).toEqual([
      '1 kept-undecided write-not-seen',
      '2 kept-undecided write-not-seen',
      '3 kept-undecided write-not-seen'
    ]);
  });

  it('keeps every run when one of two subjects belongs nowhere', () => {
    const session = usualSession();
    session.disk.put('/elsewhere/x.bin', 'n');
    const folded = foldSessions(session.files);
    const subject = (key: string, sid: string | null) => ({
      key,
      sha256: session.disk.sha256(key),
      stat: session.disk.stat(key),
      sid
    });
    const both = condense(folded, [
      subject(MODEL, session.sid),
      subject('/elsewhere/x.bin', null)
    ]);
    expect(verdicts(both).at(-1)).toBe('4 kept-undecided write-not-seen');
  });

  it('keeps an interval when only the scan saw the write', () => {
    const session = new FakeSession();
    session.run();
    session.run();
    session.run();
    session.disk.put(MODEL, 'native');
    session.helper.add('file.changed', {
      path: MODEL,
      before: null,
      after: session.disk.stat(MODEL),
      runs: ['m1/0', 'm2/0']
    });
    expect(verdicts(slice([session]))).toEqual([
      '1 kept-undecided may-have-written',
      '2 kept-undecided may-have-written',
      '3 after-subject after-the-write'
    ]);
  });

  it('leaves out what the author drops, and says so', () => {
    const dropped = slice([usualSession()], MODEL, {}, ['m2/0']);
    expect(verdicts(dropped)[1]).toBe('2 dropped-by-user user');
    expect(dropped.external).toEqual([]);
  });

  it('takes a file of a dropped run that a kept one reads from outside, and says who reads it', () => {
    const session = new FakeSession();
    session.run({ writes: { '/home/ann/work/clean.parquet': 'clean' } });
    session.run({
      reads: ['/home/ann/work/clean.parquet'],
      writes: { [MODEL]: 'weights' }
    });
    const dropped = slice([session], MODEL, {}, ['m1/0']);
    const [first] = dropped.sessions[0]!.runs;
    expect(first!.verdict).toBe('dropped-by-user');
    expect(first!.because[0]).toEqual({
      code: 'read-by',
      path: '/home/ann/work/clean.parquet',
      run: 2
    });
    expect(dropped.external).toMatchObject([
      { read: { run: 2, version: { path: '/home/ann/work/clean.parquet' } } }
    ]);
  });

  it('lists what came from outside', () => {
    expect(slice([usualSession()]).external).toMatchObject([
      { read: { run: 2, version: { path: '/home/ann/work/data/train.csv' } } }
    ]);
  });
});

describe('condense over sessions', () => {
  const CLEAN = '/home/ann/work/clean.parquet';

  function chain(): FakeSession[] {
    const disk = new Disk();
    const first = new FakeSession({
      sid: 'a',
      disk,
      clock: new Clock('2026-11-23T09:00:00.000Z')
    });
    first.put('/home/ann/work/raw.csv', 'raw');
    first.run({ reads: ['/home/ann/work/raw.csv'] });
    first.run({ writes: { [CLEAN]: 'clean' } });
    first.run();
    const second = new FakeSession({ sid: 'b', disk });
    second.hash(CLEAN, 'ahead');
    second.run({ reads: [CLEAN] });
    second.run({ writes: { [MODEL]: 'model' } });
    return [first, second];
  }

  it('takes a file that was there before its copy was made from outside', () => {
    const session = new FakeSession();
    const DATA = '/home/ann/work/data.csv';
    const COPY = '/home/ann/work/data.backup.csv';
    session.disk.put(DATA, 'a,b');
    session.hash(DATA, 'ahead');
    session.run({ reads: [DATA], writes: { [COPY]: 'a,b' } });
    session.run({ reads: [DATA], writes: { [MODEL]: 'w' } });
    expect(
      slice([session]).external.map(({ read }) => [read.run, read.version.key])
    ).toEqual(
      expect.arrayContaining([
        [1, DATA],
        [2, DATA]
      ])
    );
  });

  it('knows bytes of its own where something unseen copied them to', () => {
    const session = new FakeSession();
    const FIRST = '/home/ann/work/first.csv';
    const COPY = '/home/ann/elsewhere/copy.csv';
    session.run({ writes: { [FIRST]: 'a,b' } });
    session.disk.put(COPY, 'a,b');
    session.hash(COPY, 'after');
    session.run({ reads: [COPY], writes: { [MODEL]: 'w' } });
    expect(
      slice([session]).external.filter(({ read }) => read.version.key === COPY)
    ).toEqual([]);
  });

  it('goes on to the session that wrote what was read', () => {
    const found = slice(chain());
    expect(found.sessions.map(s => s.session.sid)).toEqual(['a', 'b']);
    expect(verdicts(found, 0)).toEqual([
      '1 kept-undecided not-shown-harmless',
      '2 needed wrote',
      '3 after-subject after-the-write'
    ]);
    expect(found.edges).toMatchObject([
      { sid: 'b', fromSid: 'a', from: { writers: [2, 2] } }
    ]);
    expect(found.external.map(e => e.read.version.path)).toEqual([
      '/home/ann/work/raw.csv'
    ]);
  });

  it('goes on to a session that was at work beside, though both saw the file change', () => {
    const disk = new Disk();
    const cleaning = new FakeSession({ sid: 'a', disk });
    const training = new FakeSession({ sid: 'b', disk });
    training.run();
    cleaning.run({ writes: { [CLEAN]: 'c' } });
    training.helper.add('file.changed', {
      path: CLEAN,
      before: null,
      after: disk.stat(CLEAN),
      runs: ['m1/0', 'm2/0']
    });
    training.run({ reads: [CLEAN], writes: { [MODEL]: 'w' } });
    const found = slice([cleaning, training]);
    expect(found.edges).toMatchObject([
      { sid: 'b', fromSid: 'a', from: { writers: [1, 1] } }
    ]);
    expect(verdicts(found, 0)).toEqual(['1 needed wrote']);
  });

  it('does without sessions that aren’t at hand, and names the input', () => {
    const found = slice([chain()[1]!]);
    expect(found.sessions.map(s => s.session.sid)).toEqual(['b']);
    expect(found.external.map(e => e.read.version.path)).toEqual([CLEAN]);
  });

  it('doesn’t join other bytes at the same path', () => {
    const [first, second] = chain();
    const disk = second!.disk;
    disk.put(CLEAN, 'edited by hand');
    const third = new FakeSession({
      sid: 'c',
      disk,
      clock: new Clock('2026-11-25T09:00:00.000Z')
    });
    third.hash(CLEAN, 'ahead');
    third.run({ reads: [CLEAN], writes: { [MODEL]: 'new' } });
    const found = slice([first!, second!, third]);
    expect(found.sessions.map(s => s.session.sid)).toEqual(['c']);
  });

  it('doesn’t join a session that wrote the bytes only later', () => {
    const [, second] = chain();
    const disk = second!.disk;
    const later = new FakeSession({
      sid: 'z',
      disk,
      clock: new Clock('2026-11-26T09:00:00.000Z')
    });
    later.run({ writes: { [CLEAN]: 'clean' } });
    const found = slice([later, second!]);
    expect(found.sessions.map(s => s.session.sid)).toEqual(['b']);
  });
});
