import { FakeSession } from '../../__tests__/journals';
import { foldSessions } from '../fold';
import type { ISession } from '../types';

const FOLDER = '/home/ann/work/parts';
const MEMBERS = [`${FOLDER}/a=1/0.parquet`, `${FOLDER}/a=2/0.parquet`];
const COPY = '/home/ann/work/copy.csv';

const fold = (session: FakeSession): ISession =>
  foldSessions(session.files).get(session.sid)!;

/** What a wrapper says of a folder; returns the event's number in its file. */
function folder(session: FakeSession, run: string, ops: string[]): number {
  session.probe.add('file.opened', {
    run,
    attribution: 'context',
    path: 'parts',
    realPath: FOLDER,
    ops,
    via: 'wrapper',
    library: 'pandas',
    function: ops.includes('read') ? 'read_parquet' : 'to_parquet',
    stat: null,
    outcome: 'opened',
    holds: 'folder'
  });
  const lines = new TextDecoder().decode(session.probe.bytes).split('\n');
  return lines.length - 2;
}

function listed(session: FakeSession, seq: number): void {
  session.helper.add('folder.manifest', {
    path: FOLDER,
    sha256: 'a'.repeat(64),
    of: { file: session.probe.file, seq },
    members: MEMBERS.map(path => ({ path, stat: session.disk.stat(path) })),
    complete: true
  });
}

const readPaths = (session: ISession) =>
  session.reads.map(({ run, sure, version }) => [run, sure, version.path]);

describe('a dataset of several files', () => {
  it('is read as each of the files that it held, possibly', () => {
    const session = new FakeSession();
    MEMBERS.forEach(path => session.disk.put(path, path));
    session.run({
      inside: (_, here) => listed(session, folder(session, here.run, ['read']))
    });
    expect(readPaths(fold(session))).toEqual(
      MEMBERS.map(path => [1, false, path])
    );
  });

  it('stands for itself, without a digest, where nobody listed it', () => {
    const session = new FakeSession();
    session.run({
      inside: (_, here) => void folder(session, here.run, ['read'])
    });
    const folded = fold(session);
    expect(readPaths(folded)).toEqual([[1, false, FOLDER]]);
    expect(folded.reads[0]!.version.absent).toBe('not-taken');
  });

  it('is written by the run that named it, wherever in the interval the scan found it', () => {
    const session = new FakeSession();
    session.run({
      inside: (_, here) => void folder(session, here.run, ['write', 'truncate'])
    });
    session.run({ writes: { [COPY]: 'x' } });
    for (const path of MEMBERS) {
      session.disk.put(path, path);
      session.helper.add('file.changed', {
        path,
        before: null,
        after: session.disk.stat(path),
        runs: ['m1/0', 'm2/0']
      });
    }
    const folded = fold(session);
    for (const path of MEMBERS) {
      expect(folded.files.find(f => f.path === path)!.versions).toMatchObject([
        { writers: [1, 1], certainty: 'sure', via: 'pandas.to_parquet' }
      ]);
    }
    expect(folded.gaps.map(g => g.code)).not.toContain('write-by-scan');
  });

  it('is nobody’s for sure where two runs of the interval named it', () => {
    const session = new FakeSession();
    for (let i = 0; i < 2; i++) {
      session.run({
        inside: (_, here) =>
          void folder(session, here.run, ['write', 'truncate'])
      });
    }
    session.disk.put(MEMBERS[0]!, 'x');
    session.helper.add('file.changed', {
      path: MEMBERS[0]!,
      before: null,
      after: session.disk.stat(MEMBERS[0]!),
      runs: ['m1/0', 'm2/0']
    });
    expect(fold(session).files[0]!.versions).toMatchObject([
      { writers: [1, 2], certainty: 'may' }
    ]);
  });

  it('is no input of the run that wrote it before', () => {
    const session = new FakeSession();
    session.run({
      inside: (_, here) => {
        folder(session, here.run, ['write', 'truncate']);
        MEMBERS.forEach(path => session.disk.put(path, path));
        listed(session, folder(session, here.run, ['read']));
      }
    });
    expect(readPaths(fold(session))).toEqual([]);
  });
});
