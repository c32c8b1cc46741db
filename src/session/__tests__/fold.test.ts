import fc from 'fast-check';
import {
  Disk,
  FakeSession,
  usualSession,
  Writer,
  type IRunSpec
} from '../../__tests__/journals';
import type { JournalEvent } from '../../journal/events';
import { readJournalFile } from '../../journal/read';
import { foldSessions, SessionFold } from '../fold';
import type { IRun, ISession } from '../types';

const fold = (session: FakeSession): ISession =>
  foldSessions(session.files).get(session.sid)!;

const brief = (runs: readonly IRun[]) =>
  runs.map(r => `${r.number} ${r.id} ${r.kind} ${r.status}`);

const codes = (session: ISession) =>
  [...new Set(session.gaps.map(g => g.code))].sort();

describe('the fold of a usual session', () => {
  const session = fold(usualSession());

  it('numbers runs as the recorder saw their inputs', () => {
    expect(brief(session.runs)).toEqual([
      '1 m1/0 cell ok',
      '2 m2/0 cell ok',
      '3 m3/0 cell ok',
      '4 m4/0 cell ok'
    ]);
    expect(session.runs.every(r => r.seenBy.join() === 'server,probe')).toBe(
      true
    );
  });

  it('gives each run its document and each file its version', () => {
    expect(session.runs.map(r => r.docId)).toEqual(['d1', 'd1', 'd1', 'd1']);
    expect(session.runs[1]!.reads[0]!.version).toMatchObject({
      path: '/home/ann/work/data/train.csv',
      origin: 'external',
      taken: 'ahead',
      absent: null
    });
    expect(session.runs[2]!.writes[0]).toMatchObject({
      path: '/home/ann/work/model.joblib',
      origin: 'run',
      writers: [3, 3],
      certainty: 'sure',
      taken: 'after'
    });
  });

  it('takes the last that a long run said of its code', () => {
    const long = new FakeSession();
    const rest = { parse: 'ok', loads: [], stores: [], deletes: [] };
    const lists = { imports: [], magics: [], attributeStores: [] };
    const more = { subscriptStores: [], calls: [], constructs: [] };
    long.run({
      inside: (probe, here) =>
        probe.add('run.code', {
          ...{ ...here, ...rest, ...lists, ...more },
          dynamic: [],
          partial: true
        }),
      facts: { dynamic: ['exec'] }
    });
    expect(codes(fold(long))).toEqual(['dynamic-code']);
  });

  it('that reach names by text make no code; those that run a text do', () => {
    const session = new FakeSession();
    session.run({ facts: { dynamic: ['getattr', '__main__', 'import *'] } });
    expect(codes(fold(session))).toEqual([]);
    const call = { name: 'cProfile.run', receiverType: 'module', line: 1 };
    session.run({ facts: { calls: [{ ...call, target: 'cProfile' }] } });
    expect(codes(fold(session))).toEqual(['dynamic-code']);
  });

  it('has no gaps and knows its start', () => {
    expect(session.gaps).toEqual([]);
    expect(session).toMatchObject({
      startSeen: true,
      install: 'launch',
      runsMissed: 0,
      scan: 'complete',
      state: 'running'
    });
  });
});

describe('a stream in pieces', () => {
  const whole = usualSession();
  whole.run({ kind: 'silent', seenBy: ['probe'], writes: { '/x/y.csv': 'z' } });
  whole.end('kernel.died');
  const files = whole.files;
  const expected = fold(whole);

  it('folds to the same session however it interleaves and wherever it is split', () => {
    const cuts = fc.array(fc.nat(files.length - 1), { maxLength: 60 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 1, max: 7 }), (order, size) => {
        const next = files.map(() => 0);
        const live = new SessionFold(whole.sid);
        const feed = (i: number, count: number) => {
          const at = next[i]!;
          const part: JournalEvent[] = files[i]!.events.slice(at, at + count);
          live.add(files[i]!.file, part, at === 0 ? files[i]!.problems : []);
          next[i] = at + count;
        };
        order.forEach(i => feed(i, size));
        files.forEach((_, i) => feed(i, Infinity));
        expect(live.session()).toEqual(expected);
      }),
      { numRuns: 60 }
    );
  });
});

describe('a tap', () => {
  const request = (session: FakeSession, msgId: string, more: object = {}) =>
    session.server.add('run.requested', {
      msgId,
      client: 'lab-1',
      code: session.text('asked'),
      cellId: 'c1',
      silent: false,
      storeHistory: true,
      ...more
    });
  const idle = (session: FakeSession, msgId: string) =>
    session.server.add('run.idle', {
      msgId,
      client: 'lab-1',
      request: 'execute_request',
      hadInput: false
    });

  it('tells who asked and for which cell, also where no probe does', () => {
    const session = new FakeSession({ tap: true, install: 'none' });
    request(session, 'm1');
    session.run({ seenBy: ['server'] });
    expect(fold(session).runs).toMatchObject([
      { asked: 'through-server', cellId: 'c1', seenBy: ['tap', 'server'] }
    ]);
    expect(codes(fold(session))).not.toContain('kernel-originated');
  });

  it('says nothing of who asked where none listened to all websockets', () => {
    const without = new FakeSession();
    without.run({ client: 'nobody' });
    const left = new FakeSession({ tap: true });
    left.run({ client: 'nobody' });
    left.server.add('observer.left', { observer: 'tap', reason: null });
    for (const session of [without, left]) {
      expect(fold(session).runs[0]!.asked).toBeNull();
      expect(codes(fold(session))).not.toContain('kernel-originated');
    }
  });

  it.each(['console', 'server-side executor'])(
    'takes no run of a %s for one of the kernel itself',
    label => {
      const session = new FakeSession({ tap: true });
      session.server.add('client.seen', {
        client: 'other',
        label,
        docId: null,
        evidence: 'test'
      });
      session.run({ client: 'other' });
      expect(fold(session).runs[0]!.asked).toBe('past-server');
      expect(codes(fold(session))).not.toContain('kernel-originated');
    }
  );

  it('has the code of silent requests where no probe has', () => {
    const session = new FakeSession({ tap: true, install: 'none' });
    session.run({ seenBy: ['server'] });
    request(session, 'quiet', { silent: true, cellId: null });
    idle(session, 'quiet');
    const folded = fold(session);
    expect(brief(folded.runs)).toEqual([
      '1 m1/0 cell ok',
      '2 quiet/0 silent ok'
    ]);
    expect(folded.runs[1]!.code).toEqual(session.text('asked'));
  });

  it('names requests that never ran, with what they asked for', () => {
    const session = new FakeSession({ tap: true, install: 'none' });
    request(session, 'refused');
    idle(session, 'refused');
    request(session, 'waiting');
    expect(fold(session).withoutRun).toMatchObject([
      { msgId: 'refused', verdict: 'aborted', cellId: 'c1' }
    ]);
    session.end('kernel.restarted');
    expect(fold(session).withoutRun).toMatchObject([
      { msgId: 'refused', verdict: 'aborted' },
      { msgId: 'waiting', verdict: 'aborted', code: session.text('asked') }
    ]);
  });

  it('takes a request for nothing for none', () => {
    const session = new FakeSession({ tap: true });
    request(session, 'empty', {
      silent: true,
      code: { ...session.text(''), bytes: 0 }
    });
    idle(session, 'empty');
    expect(fold(session).withoutRun).toEqual([]);
  });
});

describe('joining runs', () => {
  it('calls a run without an input silent', () => {
    const session = new FakeSession();
    session.run();
    session.run({ seenBy: ['probe'] });
    session.run();
    const folded = fold(session);
    expect(brief(folded.runs)).toEqual([
      '1 m1/0 cell ok',
      '2 m2/0 silent ok',
      '3 m3/0 cell ok'
    ]);
    expect(codes(folded)).toEqual(['silent-run']);
  });

  it('calls a request without input and run aborted', () => {
    const session = new FakeSession();
    session.run({ status: 'error' });
    session.server.add('run.idle', {
      msgId: 'm9',
      client: 'lab-1',
      request: 'execute_request',
      hadInput: false
    });
    const folded = fold(session);
    expect(folded.withoutRun).toEqual([
      {
        msgId: 'm9',
        client: 'lab-1',
        verdict: 'aborted',
        cellId: null,
        code: null
      }
    ]);
    expect(codes(folded)).toEqual(['aborted-run']);
  });

  it('can’t tell what such a request was where no probe listened', () => {
    const session = new FakeSession({ install: 'none' });
    session.run();
    session.server.add('run.idle', {
      msgId: 'm9',
      client: 'lab-1',
      request: 'execute_request',
      hadInput: false
    });
    const folded = fold(session);
    expect(folded.withoutRun[0]!.verdict).toBe('unknown');
    expect(codes(folded)).toEqual(['no-probe', 'unknown-request']);
  });

  it('takes the probe’s order where no recorder listened', () => {
    const session = new FakeSession({ recorder: false });
    session.run();
    session.run();
    const folded = fold(session);
    expect(brief(folded.runs)).toEqual(['1 m1/0 cell ok', '2 m2/0 cell ok']);
    expect(codes(folded)).toEqual(['no-recorder']);
  });

  it('puts a nested run after its parent and gives it the parent’s document', () => {
    const session = new FakeSession();
    session.run({
      inside: (probe, here) => {
        const nested = { run: 'm1/1', attribution: 'context' };
        probe.add('run.started', {
          ...nested,
          parentRun: here.run,
          cellId: null,
          requestMetadataKeys: [],
          code: session.text('inner'),
          transformedSha256: null,
          kind: 'nested',
          storeHistory: false
        });
        probe.add('run.ended', {
          ...nested,
          status: 'ok',
          ename: null,
          durationNs: '1',
          threadsAlive: [],
          tasksPending: null
        });
      }
    });
    session.run();
    const folded = fold(session);
    expect(brief(folded.runs)).toEqual([
      '1 m1/0 cell ok',
      '2 m1/1 nested ok',
      '3 m2/0 cell ok'
    ]);
    expect(folded.runs[1]).toMatchObject({ parent: 'm1/0', docId: 'd1' });
    expect(folded.gaps).toEqual([]);
  });

  it('counts what ran before a late probe, from the recorder and from the probe', () => {
    const session = new FakeSession({ install: 'late', runsMissed: 2 });
    session.run({ seenBy: ['server'] });
    session.run({ seenBy: ['server'] });
    session.run({ seenBy: ['server'] });
    session.run();
    const folded = fold(session);
    expect(folded).toMatchObject({ install: 'late', runsMissed: 3 });
    expect(folded.gaps).toMatchObject([{ code: 'late-start', count: 3 }]);
  });

  it('tells runs that the probe should have seen', () => {
    const session = new FakeSession();
    session.run();
    session.run({ seenBy: ['server'] });
    expect(codes(fold(session))).toEqual(['probe-silent']);
  });

  it('tells runs whose end the probe should have seen', () => {
    const session = new FakeSession();
    session.run();
    session.run();
    const without = session.files.map(file => ({
      ...file,
      events: file.events.filter(
        event => event.type !== 'run.ended' || event['run'] !== 'm2/0'
      )
    }));
    const folded = foldSessions(without).get(session.sid)!;
    expect(brief(folded.runs)).toEqual(['1 m1/0 cell ok', '2 m2/0 cell ok']);
    expect(codes(folded)).toEqual(['probe-silent']);
  });

  it('calls a run that was open when the kernel died killed, and its writes may-writes', () => {
    const session = new FakeSession();
    const id = session.begin({});
    session.write(id, '/home/ann/work/half.csv', 'half');
    session.end('kernel.died');
    const folded = fold(session);
    expect(folded.runs[0]!.status).toBe('killed');
    expect(folded.runs[0]!.writes).toMatchObject([
      { certainty: 'may', stat: null, writers: [1, 1] }
    ]);
    expect(folded.state).toBe('died');
    expect(codes(folded)).toEqual([
      'kernel-died',
      'killed-run',
      'write-by-scan'
    ]);
  });

  it('keeps the identity that the scan found of what a killed run left', () => {
    const session = new FakeSession();
    const id = session.begin({});
    session.write(id, '/home/ann/work/half.csv', 'half');
    session.helper.add('file.changed', {
      path: '/home/ann/work/half.csv',
      before: null,
      after: session.disk.stat('/home/ann/work/half.csv'),
      runs: [id, id]
    });
    session.hash('/home/ann/work/half.csv', 'after').end('kernel.died');
    expect(fold(session).runs[0]!.writes).toMatchObject([
      {
        certainty: 'may',
        seenBy: ['probe', 'scan'],
        sha256: session.disk.sha256('/home/ann/work/half.csv')
      }
    ]);
  });

  it('lists what a killed run left under it, however wide the scan was', () => {
    const session = new FakeSession();
    const first = session.run({});
    const id = session.begin({});
    session.write(id, '/home/ann/work/half.csv', 'half');
    session.helper.add('file.changed', {
      path: '/home/ann/work/half.csv',
      before: null,
      after: session.disk.stat('/home/ann/work/half.csv'),
      runs: [first, id]
    });
    session.end('kernel.died');
    const folded = fold(session);
    expect(folded.runs[0]!.writes).toEqual([]);
    expect(folded.runs[1]!.writes).toMatchObject([
      { certainty: 'may', writers: [1, 2], seenBy: ['probe', 'scan'] }
    ]);
  });

  it('marks runs that overlap, and how far', () => {
    const session = new FakeSession();
    const first = session.begin({});
    session.run({});
    session.finish(first, {});
    session.run({});
    const folded = fold(session);
    expect(folded.runs.map(r => r.lastBeforeEnd)).toEqual([2, 2, 3]);
    expect(folded.gaps.map(g => [g.code, g.run])).toEqual([
      ['overlapping-runs', 'm1/0']
    ]);
  });
});

describe('documents', () => {
  const twoNotebooks = () => {
    const session = new FakeSession();
    session.server
      .add('document.bound', { docId: 'd2', path: '/home/ann/work/b.ipynb' })
      .add('client.seen', {
        client: 'lab-2',
        label: 'lab',
        docId: 'd2',
        evidence: 'test'
      })
      .add('client.seen', {
        client: 'con',
        label: 'console',
        docId: null,
        evidence: 'test'
      });
    return session;
  };

  it('are told apart by client; a console has none', () => {
    const session = twoNotebooks();
    session.run({ client: 'lab-2' });
    session.run({ client: 'lab-1' });
    session.run({ client: 'con' });
    const folded = fold(session);
    expect(folded.runs.map(r => r.docId)).toEqual(['d2', 'd1', null]);
    expect(folded.gaps).toMatchObject([
      { code: 'second-client', run: 'm3/0', detail: 'console' }
    ]);
  });

  it('are found by cell before client', () => {
    const session = twoNotebooks();
    session.save([['c1', 'x']], 'd1');
    session.run({ client: 'lab-2', cellId: 'c1', code: 'x' });
    expect(fold(session).runs[0]!.docId).toBe('d1');
  });

  it('differ from what ran when a cell was edited or deleted since', () => {
    const session = new FakeSession();
    session.run({ cellId: 'c1', code: 'old' });
    session.run({ cellId: 'c2', code: 'same' });
    session.run({ cellId: 'c3', code: 'gone' });
    session.save([
      ['c1', 'new'],
      ['c2', 'same']
    ]);
    expect(fold(session).gaps).toMatchObject([
      { code: 'notebook-differs', count: 2 }
    ]);
  });
});

describe('files', () => {
  const PATH = '/home/ann/work/data.csv';

  it('that a run wrote itself are no input of it', () => {
    const session = new FakeSession();
    session.run({
      inside: (_probe, { run }) => {
        session.write(run, PATH, 'own');
        session.read(run, PATH);
      },
      writes: {}
    });
    expect(fold(session).runs[0]!.reads).toEqual([]);
  });

  it('are an input where a run read them before it wrote them', () => {
    const session = new FakeSession();
    session.put(PATH, 'before');
    session.run({ reads: [PATH], writes: { [PATH]: 'after' } });
    const [run] = fold(session).runs;
    expect(run!.reads).toMatchObject([{ version: { origin: 'external' } }]);
    expect(run!.writes).toMatchObject([{ writers: [1, 1] }]);
  });

  it('read after another run wrote them belong to that run', () => {
    const session = new FakeSession();
    session.run({ writes: { [PATH]: 'made' } });
    session.run({ reads: [PATH] });
    const folded = fold(session);
    expect(folded.runs[1]!.reads[0]!.version).toBe(folded.runs[0]!.writes[0]);
  });

  it('overwritten by the next run keep the digest of what was read, or none', () => {
    const session = new FakeSession();
    session.put(PATH, 'read');
    session.disk.put('/home/ann/work/late.csv', 'not hashed in time');
    session.run({ reads: [PATH, '/home/ann/work/late.csv'] });
    session.run({
      writes: { [PATH]: 'later', '/home/ann/work/late.csv': 'later' }
    });
    const [first] = fold(session).runs;
    expect(first!.reads.map(r => [r.version.sha256, r.version.absent])).toEqual(
      [
        [expect.stringMatching(/^[0-9a-f]{64}$/), null],
        [null, 'changed']
      ]
    );
  });

  it('that failed to open, or were emptied on opening, are not read', () => {
    const session = new FakeSession();
    session.disk.put(PATH, 'x');
    const open = (ops: string[], outcome: string, stat: unknown) => ({
      path: PATH,
      realPath: PATH,
      ops,
      via: 'audit',
      stat,
      outcome
    });
    session.run({
      inside: (probe, here) => {
        probe.add('file.opened', {
          ...here,
          ...open(['read'], 'failed', null)
        });
        probe.add('file.opened', {
          ...here,
          ...open(
            ['read', 'write', 'truncate'],
            'opened',
            session.disk.stat(PATH)
          )
        });
      }
    });
    expect(fold(session).reads).toEqual([]);
  });

  it('appended to are an input', () => {
    const session = new FakeSession();
    session.put(PATH, 'head');
    const before = session.disk.stat(PATH);
    const id = session.begin({});
    session.probe.add('file.opened', {
      run: id,
      attribution: 'context',
      path: PATH,
      realPath: PATH,
      ops: ['append'],
      via: 'audit',
      stat: before,
      outcome: 'opened'
    });
    session.disk.put(PATH, 'head and tail');
    session.finish(id, { writes: { [PATH]: '' } });
    const [run] = fold(session).runs;
    expect(run!.reads[0]!.version.stat).toEqual(before);
    expect(run!.writes).toHaveLength(1);
  });

  it('opened for update but left alone are not written', () => {
    const session = new FakeSession();
    session.put(PATH, 'same');
    const id = session.begin({});
    session.probe.add('file.opened', {
      run: id,
      attribution: 'context',
      path: PATH,
      realPath: PATH,
      ops: ['read', 'write'],
      via: 'audit',
      stat: session.disk.stat(PATH),
      outcome: 'opened'
    });
    session.finish(id, { writes: { [PATH]: '' } });
    expect(fold(session).runs[0]!.writes).toEqual([]);
  });

  it('renamed into place are one version at the new path', () => {
    const session = new FakeSession();
    const id = session.begin({});
    session.write(id, '/home/ann/work/tmp123', 'final');
    session.probe.add('file.renamed', {
      run: id,
      attribution: 'context',
      from: '/home/ann/work/tmp123',
      to: PATH,
      stat: session.disk.stat('/home/ann/work/tmp123')
    });
    session.disk.put(PATH, 'final');
    session.finish(id, { writes: { [PATH]: '' } });
    const folded = fold(session);
    expect(folded.runs[0]!.writes.map(v => v.path)).toEqual([PATH]);
    expect(folded.runs[0]!.reads).toEqual([]);
    expect(folded.gaps).toEqual([]);
  });

  it('moved by a later run are read and written by it', () => {
    const session = new FakeSession();
    session.run({ writes: { '/home/ann/work/a.csv': 'x' } });
    const stat = session.disk.stat('/home/ann/work/a.csv');
    const id = session.begin({});
    session.probe.add('file.renamed', {
      run: id,
      attribution: 'context',
      from: '/home/ann/work/a.csv',
      to: PATH,
      stat
    });
    session.disk.put(PATH, 'x');
    session.finish(id, { writes: { [PATH]: '' } });
    const [first, second] = fold(session).runs;
    expect(second!.reads[0]!.version).toBe(first!.writes[0]);
    expect(second!.writes[0]!.path).toBe(PATH);
  });

  it('that another session wrote aren’t taken for this one’s, though it found them changed', () => {
    const disk = new Disk();
    const writer = new FakeSession({ sid: 'a', disk });
    const finder = new FakeSession({ sid: 'b', disk });
    writer.run({ writes: { [PATH]: 'x' } });
    finder.run();
    finder.helper.add('file.changed', {
      path: PATH,
      before: null,
      after: disk.stat(PATH),
      runs: ['m1/0', 'm1/0']
    });
    finder.hash(PATH, 'after');
    finder.run({ reads: [PATH] });
    expect(codes(fold(finder))).toEqual(['write-by-scan']);
    const both = foldSessions([...writer.files, ...finder.files]);
    expect(both.get('a')!.files[0]!.versions).toMatchObject([
      { origin: 'run', writers: [1, 1], certainty: 'sure' }
    ]);
    const found = both.get('b')!;
    expect(found.files[0]!.versions).toMatchObject([{ origin: 'external' }]);
    expect(codes(found)).toEqual([]);
  });

  it('in a folder that moved keep their bytes', () => {
    const session = new FakeSession();
    session.run({ writes: { '/home/ann/work/tmp/w.bin': 'x' } });
    session.run({
      inside: (probe, here) => {
        probe.add('folder.renamed', {
          ...here,
          from: '/home/ann/work/tmp',
          to: '/home/ann/work/model'
        });
      }
    });
    const file = fold(session).files.find(
      f => f.key === '/home/ann/work/model/w.bin'
    );
    expect(file!.versions).toMatchObject([
      {
        writers: [2, 2],
        sha256: session.disk.sha256('/home/ann/work/tmp/w.bin')
      }
    ]);
  });

  it('in a folder that moved aren’t inputs of the run that made them', () => {
    const session = new FakeSession();
    const id = session.begin({});
    session.write(id, '/home/ann/work/tmp/w.part', 'x');
    const here = { run: id, attribution: 'context' };
    session.probe
      .add('file.renamed', {
        ...here,
        from: '/home/ann/work/tmp/w.part',
        to: '/home/ann/work/tmp/w.bin',
        stat: session.disk.stat('/home/ann/work/tmp/w.part')
      })
      .add('folder.renamed', {
        ...here,
        from: '/home/ann/work/tmp',
        to: '/home/ann/work/model'
      });
    session.disk.put('/home/ann/work/model/w.bin', 'x');
    session.finish(id, { writes: { '/home/ann/work/model/w.bin': '' } });
    const [run] = fold(session).runs;
    expect(run!.reads).toEqual([]);
    expect(run!.writes.map(({ path }) => path)).toEqual([
      '/home/ann/work/model/w.bin'
    ]);
  });

  it('that only the scan saw are may-writes of the interval and kill nothing', () => {
    const session = new FakeSession();
    session.run({ writes: { [PATH]: 'seen' } });
    session.run();
    session.run();
    session.disk.put(PATH, 'native');
    session.helper.add('file.changed', {
      path: PATH,
      before: null,
      after: session.disk.stat(PATH),
      runs: ['m2/0', 'm3/0']
    });
    const folded = fold(session);
    expect(folded.files[0]!.versions).toMatchObject([
      { writers: [1, 1], certainty: 'sure' },
      { writers: [2, 3], certainty: 'may', seenBy: ['scan'] }
    ]);
    expect(codes(folded)).toEqual(['write-by-scan']);
  });

  it('that the scan found as the probe had left them are the same version', () => {
    const session = new FakeSession();
    session.run({ writes: { [PATH]: 'x' } });
    session.helper.add('file.changed', {
      path: PATH,
      before: null,
      after: session.disk.stat(PATH),
      runs: ['m1/0', 'm1/0']
    });
    expect(fold(session).files[0]!.versions).toMatchObject([
      { seenBy: ['probe', 'scan'], certainty: 'sure' }
    ]);
  });

  it('fetched get a body’s digest only where one head waits for it, and keep it', () => {
    const session = new FakeSession();
    const url = 'https://example.org/a';
    const read = (etag: string | null, sha256: string | null): void => {
      session.probe.add('remote.read', {
        run: 'm1/0',
        attribution: 'context',
        url,
        status: etag === null ? null : 200,
        etag,
        sha256,
        received: sha256 === null ? null : 1
      });
    };
    const id = session.begin({});
    read('1', null);
    read('2', null);
    read(null, 'a'.repeat(64));
    read('3', null);
    session.finish(id, {});
    expect(
      fold(session).remotes.map(({ etag, sha256 }) => [etag, sha256])
    ).toEqual([
      ['1', null],
      ['2', null],
      [null, 'a'.repeat(64)],
      ['3', null]
    ]);
  });

  it.each([
    ['the same file is the run’s own write on its way', '9007199254740993', []],
    ['another file was put there by somebody else', '7', ['write-by-scan']]
  ])('that the scan met while a run was writing: %s', (_, ino, expected) => {
    const session = new FakeSession();
    const id = session.begin({ writes: { [PATH]: 'half' } });
    session.helper.add('file.changed', {
      path: PATH,
      before: null,
      after: { ...session.disk.stat(PATH), ino },
      runs: [id, id]
    });
    session.disk.put(PATH, 'whole');
    session.finish(id, { writes: { [PATH]: 'whole' } });
    const folded = fold(session);
    expect(folded.files[0]!.versions).toContainEqual(
      expect.objectContaining({
        certainty: 'sure',
        stat: session.disk.stat(PATH)
      })
    );
    expect(codes(folded)).toEqual(expected);
  });

  it('that native code renamed or linked are known by their inode', () => {
    const session = new FakeSession();
    const TO = '/home/ann/work/renamed.pt';
    const TWIN = '/home/ann/work/twin.pt';
    session.run({ writes: { [PATH]: 'x' } });
    const [before, after] = [
      session.disk.stat(PATH),
      session.disk.put(TO, 'x')
    ];
    const found = { runs: ['m1/0', 'm1/0'] };
    session.helper
      .add('file.changed', {
        ...found,
        path: TWIN,
        before: null,
        after: before
      })
      .add('file.changed', { ...found, path: PATH, before, after: null })
      .add('file.changed', {
        ...found,
        path: TO,
        before: null,
        after,
        from: PATH
      });
    const files = new Map(fold(session).files.map(f => [f.key, f.versions]));
    expect(files.get(TWIN)).toMatchObject([
      { writers: [1, 1], certainty: 'sure', seenBy: ['probe', 'scan'] }
    ]);
    expect(files.get(PATH)).toMatchObject([{ ended: { how: 'moved' } }]);
    expect(files.get(TO)).toMatchObject([{ from: PATH, certainty: 'may' }]);
  });

  it('changed outside of any run are not the session’s', () => {
    const session = new FakeSession();
    session.disk.put(PATH, 'by hand');
    session.helper.add('file.changed', {
      path: PATH,
      before: null,
      after: session.disk.stat(PATH),
      runs: null
    });
    const folded = fold(session);
    expect(folded.files[0]!.versions).toMatchObject([{ origin: 'external' }]);
    expect(folded.gaps).toEqual([]);
  });

  it('with two digests for one identity have none', () => {
    const session = new FakeSession();
    session.put(PATH, 'a');
    session.helper.add('file.hashed', {
      realPath: PATH,
      stat: session.disk.stat(PATH),
      sha256: 'f'.repeat(64),
      absent: null,
      when: 'after',
      fromCache: false
    });
    session.run({ reads: [PATH] });
    expect(fold(session).reads[0]!.version).toMatchObject({
      sha256: null,
      absent: 'changed'
    });
    expect(codes(fold(session))).toEqual(['digest-absent', 'racy-timestamp']);
  });

  it('that changed while they were read are unstable', () => {
    const session = new FakeSession();
    session.put(PATH, 'a');
    session.run({
      reads: [PATH],
      inside: (probe, here) => {
        session.disk.put(PATH, 'b');
        probe.add('file.settled', {
          ...here,
          realPath: PATH,
          stat: session.disk.stat(PATH),
          stillOpen: false
        });
      }
    });
    expect(codes(fold(session))).toEqual(['unstable-file']);
  });

  it('that lost their name to another while they were read aren’t', () => {
    const session = new FakeSession();
    session.put(PATH, 'a');
    session.run({
      reads: [PATH],
      inside: (probe, here) => {
        const stat = { ...session.disk.put(PATH, 'b'), ino: '7' };
        const fields = { realPath: PATH, stat, stillOpen: null };
        probe.add('file.settled', { ...here, ...fields, onlyRead: true });
      }
    });
    const [read] = fold(session).reads;
    expect(read).toMatchObject({
      unstable: false,
      version: { ended: { how: 'replaced', runs: [1, 1] } }
    });
  });

  it('mapped for writing have no digest that was taken meanwhile', () => {
    const session = new FakeSession();
    const stat = session.disk.put(PATH, 'a');
    const digest = (sha256: string) =>
      session.helper.add('file.hashed', {
        realPath: PATH,
        stat,
        sha256,
        absent: null,
        when: 'after',
        fromCache: false
      });
    digest('0'.repeat(64));
    session.run({ reads: [PATH] });
    session.run({
      inside: (probe, here) => {
        const fields = { realPath: PATH, stat, stillOpen: true };
        probe
          .add('file.mapped', { ...here, path: PATH, writable: true, stat })
          .add('file.settled', { ...here, ...fields, mapped: true });
      }
    });
    session.run({ reads: [PATH] });
    digest('1'.repeat(64));
    const states = () =>
      fold(session).reads.map(({ unstable, version }) => [
        unstable,
        version.sha256?.[0] ?? version.absent,
        version.writers
      ]);
    const before = [false, '0', null];
    expect(states()).toEqual([before, [true, 'mutable', [2, 2]]]);
    session.run({
      inside: (probe, here) => {
        const fields = { realPath: PATH, stat, stillOpen: false };
        probe.add('file.settled', { ...here, ...fields, mapped: false });
      }
    });
    digest('2'.repeat(64));
    session.run({ reads: [PATH] });
    expect(states()).toEqual([
      before,
      [true, '2', [2, 4]],
      [false, '2', [2, 4]]
    ]);
  });

  it('with names that aren’t UTF-8 and large inodes keep both', () => {
    const session = new FakeSession();
    const name = {
      b64: Buffer.from('/home/ann/work/\xff.csv', 'latin1').toString('base64')
    };
    const stat = { ...session.disk.put('x', 'y'), ino: '18446744073709551615' };
    session.run({ inside: (_p, { run }) => session.read(run, name, stat) });
    const [read] = fold(session).reads;
    expect(read!.version.path).toMatchObject(name);
    expect(read!.version.stat!.ino).toBe('18446744073709551615');
  });
});

describe('children that carry the probe', () => {
  const OUT = '/home/ann/work/child.csv';

  /** A run that starts a program with process id 12, and the journal of that program if it has one. */
  function started(told: boolean, more: object = {}): ISession {
    const session = new FakeSession();
    const child = new Writer(session.sid, 'probe-2.jsonl', session.clock);
    session.run({
      inside: (probe, here) => {
        const kid = { run: here.run, attribution: 'process' };
        probe.add('process.started', {
          ...here,
          argv: null,
          how: 'subprocess',
          pid: 12,
          probed: false,
          ...more
        });
        child
          .add('observer.joined', {
            observer: { ...CHILD, pid: 12 },
            parentRun: here.run
          })
          .add('probe.hello', { ...hello(session), ...kid, pid: 12 })
          .add('file.opened', {
            ...kid,
            path: OUT,
            realPath: OUT,
            ops: ['write', 'truncate', 'create'],
            via: 'audit',
            stat: null,
            outcome: 'opened'
          });
        probe.add('file.settled', {
          ...here,
          realPath: OUT,
          stat: session.disk.put(OUT, 'x'),
          stillOpen: null
        });
      }
    });
    const files = told
      ? [...session.files, readJournalFile(child.source)]
      : session.files;
    return foldSessions(files).get(session.sid)!;
  }

  it('tell what they wrote, and are no gap', () => {
    const session = started(true);
    expect(codes(session)).not.toContain('child-process');
    const [version] = session.runs[0]!.writes;
    expect(version).toMatchObject({
      path: OUT,
      certainty: 'sure',
      seenBy: ['worker']
    });
  });

  it('read files that the kernel looks at again at the run’s end', () => {
    const session = new FakeSession();
    const child = new Writer(session.sid, 'probe-2.jsonl', session.clock);
    const paths = ['/home/ann/work/while.csv', '/home/ann/work/after.csv'];
    const read = (run: unknown, path: string) =>
      child.add('file.opened', {
        run,
        attribution: 'process',
        path,
        realPath: path,
        ops: ['read'],
        via: 'audit',
        stat: session.disk.stat(path),
        outcome: 'opened'
      });
    paths.forEach(path => session.disk.put(path, 'a'));
    let owner: unknown = null;
    session.run({
      inside: (probe, here) => {
        owner = here.run;
        const kid = { run: here.run, attribution: 'process' };
        child
          .add('observer.joined', { observer: CHILD, parentRun: here.run })
          .add('probe.hello', { ...hello(session), ...kid, pid: 12 });
        paths.forEach(path => read(here.run, path));
        probe.add('file.settled', {
          ...kid,
          realPath: paths[0],
          stat: session.disk.put(paths[0]!, 'b'),
          stillOpen: null,
          onlyRead: true
        });
      }
    });
    // A worker that stays reads what they are now, for a later run.
    session.run({
      inside: (probe, here) => {
        paths.forEach(path => session.disk.put(path, 'c'));
        paths.forEach(path => read(owner, path));
        probe.add('file.settled', {
          run: here.run,
          attribution: 'process',
          realPath: paths[1],
          stat: session.disk.put(paths[1]!, 'd'),
          stillOpen: null,
          onlyRead: true
        });
      }
    });
    const files = [...session.files, readJournalFile(child.source)];
    const { runs } = foldSessions(files).get(session.sid)!;
    const told = runs.map(run =>
      run.reads.map(({ version, unstable, late }) => [
        version.path,
        unstable,
        late?.during
      ])
    );
    const late = [
      [paths[0], false, [2]],
      [paths[1], true, [2]]
    ];
    expect(told).toEqual([
      [[paths[0], true, undefined], [paths[1], false, undefined], ...late],
      late
    ]);
  });

  it('are a gap when they said nothing', () => {
    expect(codes(started(false))).toContain('child-process');
  });

  it('are a gap when a shell did more than start them', () => {
    expect(codes(started(true, { shell: true }))).toContain('child-process');
  });
});

const CHILD = {
  id: 'probe-2.jsonl',
  kind: 'worker',
  domain: 'tenant',
  version: '0.1.0',
  host: 'anns-laptop',
  bootId: null
};

/** The kernel's own first words, as its child says them. */
function hello(session: FakeSession): object {
  const [, line] = new TextDecoder().decode(session.probe.bytes).split('\n');
  const said = JSON.parse(line!) as Record<string, unknown>;
  const envelope = ['v', 'sid', 'seq', 't', 'mono', 'by', 'type', 'prev'];
  const own = Object.entries(said).filter(([key]) => !envelope.includes(key));
  return { ...Object.fromEntries(own), install: 'child' };
}

/** A session that provokes each gap that the fold finds by itself. */
const PROVOKED: [string, () => FakeSession][] = [
  ['audit-vetoed', () => vetoed()],
  ['paused', () => withServer('recording.paused', { whom: 'ann' })],
  ['kernel-restarted', () => new FakeSession({ previousSid: 'old' })],
  ['no-scan', () => new FakeSession({ scan: false })],
  [
    'scan-incomplete',
    () => {
      const session = new FakeSession();
      session.helper.add('scan.done', {
        root: '/big',
        complete: false,
        entries: 20000
      });
      return session;
    }
  ],
  ['unattributed', () => loose()],
  [
    'child-process',
    () =>
      withInside('process.started', {
        argv: null,
        how: 'subprocess',
        pid: null,
        probed: false
      })
  ],
  [
    'network',
    () => withInside('net.connected', { host: 'example.org', port: 443 })
  ],
  ['network', () => withInside('db.queried', {})],
  [
    'mapped-write',
    () => withInside('file.mapped', { path: '/x/map.bin', writable: true })
  ],
  ['kernel-originated', () => pastTheTap()],
  ['user-input', () => withRun({ kind: 'callback' })],
  ['dynamic-code', () => withRun({ facts: { dynamic: ['exec'] } })],
  ['background-thread', () => withRun({ ended: { threadsAlive: ['t'] } })],
  ['background-thread', () => withRun({ ended: { tasksPending: 1 } })],
  ['background-thread', () => goingOn()],
  ['native-io', () => withInside('gap', { code: 'native-io', covers: {} })],
  [
    'probe-failed',
    () => withInside('gap', { code: 'probe-failed', covers: {} })
  ],
  ['wrapper-off', () => withInside('gap', { code: 'wrapper-off', covers: {} })],
  ['unknown-event', () => withInside('gap', { code: 'no-such', covers: {} })],
  ['unknown-event', () => withInside('quantum.measured', {})],
  [
    'event-gap',
    () => {
      const session = new FakeSession();
      session.server.raw('{"v":1,');
      return session;
    }
  ],
  ['still-open', () => settledAs({ stillOpen: true })],
  ['racy-timestamp', () => racy()],
  ['digest-absent', () => undigested()]
];

/** A run that nobody asked for through the server, where a tap listens. */
function pastTheTap(): FakeSession {
  const session = new FakeSession({ tap: true });
  session.run({ client: 'nobody' });
  return session;
}

function withInside(type: string, fields: object): FakeSession {
  return withRun({
    inside: (probe, here) => probe.add(type, { ...here, ...fields })
  });
}

function withRun(spec: IRunSpec): FakeSession {
  const session = new FakeSession();
  session.run(spec);
  return session;
}

/** A task of the first run reads a file while the second one is open. */
function goingOn(attribution = 'context'): FakeSession {
  const session = new FakeSession();
  const first = session.run();
  session.put('/home/ann/work/late.csv', 'x');
  session.run({
    inside: (probe, here) =>
      probe.add('file.opened', {
        run: first,
        attribution,
        during: here.run,
        path: '/home/ann/work/late.csv',
        realPath: '/home/ann/work/late.csv',
        ops: ['read'],
        via: 'audit',
        stat: session.disk.stat('/home/ann/work/late.csv'),
        outcome: 'opened'
      })
  });
  return session;
}

const LATE = '/home/ann/work/late.txt';

/** A thread, task or child of the first run writes a file while the second one is open. */
function afterwards(attribution: string): FakeSession {
  const session = new FakeSession();
  const first = session.run();
  const path = { realPath: LATE };
  session.run({
    inside: probe => {
      probe.add('file.opened', {
        run: first,
        attribution,
        path: LATE,
        ...path,
        ops: ['write', 'create', 'truncate'],
        via: 'audit',
        stat: null,
        outcome: 'opened'
      });
    }
  });
  session.disk.put(LATE, 'late');
  session.probe.add('file.settled', {
    run: first,
    attribution,
    ...path,
    stat: session.disk.stat(LATE),
    stillOpen: false
  });
  session.run();
  return session;
}

function withServer(type: string, fields: object): FakeSession {
  const session = new FakeSession();
  session.server.add(type, fields);
  return session;
}

function vetoed(): FakeSession {
  const session = new FakeSession();
  const text = Buffer.from(session.probe.bytes).toString();
  const changed = new FakeSession({ install: 'none' });
  const hello = JSON.parse(text.split('\n')[1]!) as {
    channels: { audit: string };
  };
  hello.channels.audit = 'vetoed';
  changed.helper.add('probe.hello', { ...hello, prev: undefined });
  return Object.assign(session, {
    probe: {
      source: {
        sid: session.sid,
        file: 'probe-1.jsonl',
        bytes: Buffer.from(
          `${JSON.stringify({ ...hello, seq: 0, prev: null })}\n`
        )
      }
    }
  });
}

function loose(): FakeSession {
  const session = new FakeSession();
  session.put('/home/ann/work/a.csv', 'x').read(null, '/home/ann/work/a.csv');
  return session;
}

function settledAs(fields: object): FakeSession {
  const session = new FakeSession();
  const id = session.begin({});
  session.write(id, '/home/ann/work/a.csv', 'x');
  session.probe.add('file.settled', {
    run: id,
    attribution: 'context',
    realPath: '/home/ann/work/a.csv',
    stat: session.disk.stat('/home/ann/work/a.csv'),
    ...fields
  });
  session.finish(id, {});
  return session;
}

function racy(): FakeSession {
  const session = new FakeSession();
  session.disk.put('/home/ann/work/a.csv', 'x');
  session.helper.add('file.hashed', {
    realPath: '/home/ann/work/a.csv',
    stat: session.disk.stat('/home/ann/work/a.csv'),
    sha256: 'a'.repeat(64),
    absent: null,
    when: 'after',
    fromCache: false,
    racy: true
  });
  session.run({ reads: ['/home/ann/work/a.csv'] });
  return session;
}

function undigested(): FakeSession {
  const session = new FakeSession();
  session.disk.put('/home/ann/work/a.csv', 'x');
  session.run({ reads: ['/home/ann/work/a.csv'] });
  return session;
}

describe('gaps', () => {
  it.each(PROVOKED)('tell %s', (code, make) => {
    expect(codes(fold(make()))).toContain(code);
  });

  it('name no run for sure where a thread or a child goes on in a later one', () => {
    const late = (attribution: string) => {
      const { files, runs } = fold(afterwards(attribution));
      const [version] = files.find(f => f.key === LATE)!.versions;
      return { version, runs };
    };
    const thread = late('thread');
    expect(thread.version).toMatchObject({
      writers: [1, 2],
      certainty: 'may',
      late: { run: 1, during: [2], shared: true }
    });
    expect(thread.runs.map(r => r.writes)).toEqual([
      [thread.version],
      [thread.version],
      []
    ]);
    const task = late('context');
    expect(task.version!.late).toEqual({ run: 1, during: [2], shared: false });
    expect(task.runs.map(r => r.writes)).toEqual([[task.version], [], []]);
  });

  it('list what a worker reads in a later run with both', () => {
    const { runs } = fold(goingOn('process'));
    const late = { run: 1, during: [2], shared: true };
    expect(runs.map(r => r.reads)).toEqual([
      [expect.objectContaining({ run: 1, late })],
      [expect.objectContaining({ run: 2, late })]
    ]);
    const [first, second] = fold(goingOn('context')).runs;
    expect(first!.reads).toMatchObject([{ late: { shared: false } }]);
    expect(second!.reads).toEqual([]);
  });

  it('tell a forgotten text', () => {
    const session = new FakeSession();
    session.run({ code: 'secret' });
    const text = session.text('secret') as { sha256: string };
    const tombstone = {
      v: 1,
      sid: session.sid,
      seq: 0,
      t: '2026-11-24T09:00:00.000000Z',
      mono: '1',
      by: 'cli',
      prev: null,
      type: 'forgotten',
      what: { session: session.sid, text: text.sha256 },
      whom: 'ann'
    } as unknown as JournalEvent;
    const folded = foldSessions(session.files, { forgotten: [tombstone] });
    expect(folded.get(session.sid)!.gaps).toMatchObject([
      { code: 'text-forgotten', run: 'm1/0' }
    ]);
  });

  it('are not made of what the interpreter does by itself', () => {
    const session = new FakeSession();
    for (const path of [
      '/opt/venv/lib/python3.12/site-packages/x/data.json',
      '/proc/meminfo',
      '/home/ann/.ipython/profile_default/history.sqlite',
      '/home/ann/.cache/matplotlib/fontlist-v390.json'
    ]) {
      session.disk.put(path, 'x');
      session.read(null, path);
    }
    const folded = fold(session);
    expect(folded.gaps).toEqual([]);
    expect(folded.files.every(f => f.classification.noise)).toBe(true);
  });
});
