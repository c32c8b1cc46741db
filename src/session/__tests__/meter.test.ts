import { FakeSession } from '../../__tests__/journals';
import { foldSessions } from '../fold';

const MB = 1_000_000;

interface IMeter {
  read?: number;
  written?: number;
  openedRead?: number;
  keptWritten?: number;
  nameless?: number;
  native?: { library: string; state: string }[];
}

/** Gaps about bytes of a session with one run that moved these. */
function gapsOf({ native, ...bytes }: IMeter) {
  const session = new FakeSession();
  const numbers = { read: 0, written: 0, openedRead: 0, ...bytes };
  const meter = Object.fromEntries(
    Object.entries(numbers).map(([name, n]) => [name, String(n)])
  );
  session.run({ ended: { meter: { ...meter, native } } });
  const { gaps } = foldSessions(session.files).get(session.sid)!;
  return gaps
    .filter(g => g.code === 'unattributed-bytes' || g.code === 'native-io')
    .map(g => `${g.code}: ${g.detail}`);
}

describe('bytes that no file seen explains', () => {
  it('are no gap within the allowance', () => {
    expect(gapsOf({ read: 900_000, written: 30_000 })).toEqual([]);
    expect(gapsOf({ read: 48 * MB, openedRead: 48 * MB })).toEqual([]);
    expect(gapsOf({ written: 9 * MB, keptWritten: 9 * MB })).toEqual([]);
    expect(gapsOf({ written: 5 * MB, nameless: 5 * MB })).toEqual([]);
  });

  it('are stated with their number and the libraries that may have moved them', () => {
    const native = [
      { library: 'pyarrow', state: 'on' },
      { library: 'h5py', state: 'off' }
    ];
    expect(gapsOf({ read: 48 * MB, native })).toEqual([
      'unattributed-bytes: 48000000 bytes read',
      'native-io: h5py, 48000000 bytes read'
    ]);
    expect(gapsOf({ read: 2 * MB, written: 3 * MB })).toEqual([
      'unattributed-bytes: 2000000 bytes read, 3000000 bytes written'
    ]);
  });
});
