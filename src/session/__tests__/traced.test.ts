import { FakeSession, Writer } from '../../__tests__/journals';
import { readJournalFile, type IJournalFile } from '../../journal/read';
import { foldSessions } from '../fold';
import type { ISession } from '../types';

const READ = '/home/ann/work/native.bin';
const WRITTEN = '/home/ann/work/out.txt';

interface ITraced {
  session: FakeSession;
  files: IJournalFile[];
}

/** A run whose native read, child and child's write only a tracer tells. */
function traced(isCovered: boolean, stopped: string | null = null): ITraced {
  const session = new FakeSession({ tracer: 'expected' });
  const tracer = new Writer(session.sid, 'tracer.jsonl', session.clock);
  session.put(READ, 'native');
  session.disk.put(WRITTEN, 'by a child');
  const meter = { read: '50000000', written: '0', openedRead: '0' };
  const id = session.run({
    ended: { meter },
    inside: (probe, { run }) => {
      const here = { by: 'tracer', run, attribution: 'process' };
      const started = { argv: null, how: 'subprocess', pid: 9, probed: false };
      const opened = { via: 'tracer', outcome: 'opened', pid: 9 };
      probe.add('process.started', { run, attribution: 'context', ...started });
      tracer
        .add('process.started', { ...here, ...started, how: 'exec' })
        .add('file.opened', {
          ...{ ...here, ...opened, path: READ, realPath: READ },
          ops: ['read'],
          stat: session.disk.stat(READ)
        })
        .add('file.opened', {
          ...{ ...here, ...opened, path: WRITTEN, realPath: WRITTEN },
          ops: ['write', 'truncate', 'create'],
          stat: null
        })
        .add('file.settled', {
          ...{ ...here, realPath: WRITTEN, stillOpen: null },
          stat: session.disk.stat(WRITTEN)
        });
    }
  });
  session.helper.add('file.changed', {
    path: WRITTEN,
    before: null,
    after: session.disk.stat(WRITTEN),
    runs: [id, id]
  });
  if (isCovered) {
    tracer.add('trace.covered', { by: 'tracer', run: id });
  }
  if (stopped !== null) {
    const covers = { reason: stopped };
    tracer.add('gap', { by: 'tracer', code: 'tracer-stopped', covers });
  }
  return { session, files: [...session.files, readJournalFile(tracer.source)] };
}

const fold = ({ session, files }: ITraced): ISession =>
  foldSessions(files).get(session.sid)!;

const gapsOf = (session: ISession) =>
  session.gaps.map(({ code, detail }) => `${code}: ${detail}`).sort();

describe('a run that a tracer saw', () => {
  it('has the files that nobody else saw, by their observer', () => {
    const { runs } = fold(traced(true));
    expect(runs[0]!.reads).toMatchObject([
      { seenBy: 'tracer', sure: true, version: { path: READ } }
    ]);
    expect(runs[0]!.writes).toMatchObject([
      {
        path: WRITTEN,
        certainty: 'sure',
        writers: [1, 1],
        seenBy: ['tracer', 'scan']
      }
    ]);
  });

  it('has no gap for what it saw into', () => {
    expect(gapsOf(fold(traced(true)))).toEqual([]);
  });

  it('keeps them where it was not seen to its end, and says why', () => {
    expect(gapsOf(fold(traced(false, 'it was ended')))).toEqual([
      'child-process: subprocess',
      'tracer-stopped: it was ended',
      'unattributed-bytes: 50000000 bytes read, with programs started'
    ]);
    expect(gapsOf(fold(traced(false)))).toContain(
      'tracer-stopped: its log was not read to the end'
    );
  });

  it('is the same in whatever order the files come', () => {
    const { session, files } = traced(true);
    const reversed = { session, files: [...files].reverse() };
    expect(fold(reversed)).toEqual(fold({ session, files }));
  });

  it('is no other session’s gap: without a tracer nothing is said of one', () => {
    const plain = new FakeSession();
    plain.run();
    expect(gapsOf(fold({ session: plain, files: plain.files }))).toEqual([]);
  });
});
