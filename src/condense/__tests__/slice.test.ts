import * as fc from 'fast-check';
import {
  FakeSession,
  type IRunSpec,
  type Writer
} from '../../__tests__/journals';
import { foldSessions } from '../../session/fold';
import type { IJournalFile } from '../../journal/read';
import { condense } from '../condense';
import type { IRunVerdict } from '../types';

const MODEL = '/home/ann/work/model.joblib';

type Bound = [name: string, type: string];

interface ICell {
  /** Fields of `run.code`. */
  facts?: Record<string, unknown>;
  /** Names bound anew, with the type of what they stand for now. */
  binds?: Bound[];
  /** Names changed in place. */
  changes?: Bound[];
  /** Fields of `state.changed`; none when absent. */
  state?: object;
  writes?: boolean;
  /** Without `names.changed`. */
  unseen?: boolean;
  inside?: IRunSpec['inside'];
  status?: IRunSpec['status'];
}

const nothing = (): ICell => ({});

const prints = (name: string): ICell => ({
  facts: {
    loads: ['print', name],
    calls: [{ name: 'print', receiverType: null, target: 'builtins.print' }]
  }
});

const assigns = (name: string, from: string[] = [], type = 'int'): ICell => ({
  facts: { stores: [name], loads: from },
  binds: [[name, type]]
});

const fits = (...loads: string[]): ICell => ({
  facts: {
    loads,
    calls: [{ name: 'fit', receiverType: null, target: '__main__.fit' }]
  },
  writes: true
});

const callsPyplot = (method: string): ICell => ({
  facts: {
    loads: ['plt'],
    calls: [
      {
        name: `plt.${method}`,
        receiverType: 'module',
        target: 'matplotlib.pyplot'
      }
    ]
  }
});

const savesPlot = (): ICell => ({ ...callsPyplot('savefig'), writes: true });

const opaque = (): ICell => ({
  facts: {
    loads: ['exec'],
    dynamic: ['exec'],
    calls: [{ name: 'exec', receiverType: null, target: 'builtins.exec' }]
  }
});

/** A session of these cells, its evidence written as the probe writes it. */
function sessionOf(
  cells: readonly ICell[],
  session = new FakeSession()
): FakeSession {
  const bound = new Set<string>();
  cells.forEach((cell, at) => {
    const id = session.run({
      facts: cell.facts ?? {},
      ...(cell.writes ? { writes: { [MODEL]: `model ${at}` } } : {}),
      ...(cell.inside ? { inside: cell.inside } : {}),
      ...(cell.status ? { status: cell.status } : {})
    });
    tellChanges(session.probe, id, at, cell, bound);
  });
  return session;
}

function tellChanges(
  probe: Writer,
  run: string,
  at: number,
  cell: ICell,
  bound: Set<string>
): void {
  const here = { run, attribution: 'context' };
  if (cell.unseen) {
    return;
  }
  const value = (when: string) => ({ digest: `${when} ${at}` });
  const change = ([name, type]: Bound, same: boolean) => {
    const known = bound.has(name);
    bound.add(name);
    return {
      name,
      type,
      group: null,
      before: known ? value('before') : 'absent',
      after: value('after'),
      same: known ? same : null
    };
  };
  probe.add('names.changed', {
    ...here,
    phase: 'run',
    names: [
      ...(cell.binds ?? []).map(b => change(b, false)),
      ...(cell.changes ?? []).map(b => change(b, true))
    ],
    complete: true
  });
  if (cell.state) {
    probe.add('state.changed', { ...here, phase: 'run', ...cell.state });
  }
}

function verdictsOf(
  session: FakeSession,
  files: readonly IJournalFile[] = session.files,
  drops: string[] = []
): readonly IRunVerdict[] {
  const subject = {
    key: MODEL,
    sha256: session.disk.sha256(MODEL),
    stat: session.disk.stat(MODEL),
    sid: session.sid
  };
  return condense(foldSessions(files), [subject], drops).sessions[0]!.runs;
}

const dropped = (verdicts: readonly IRunVerdict[]) =>
  verdicts
    .filter(({ verdict }) => verdict === 'dropped-proved')
    .map(({ run }) => run.number);

const sliceOf = (...cells: ICell[]) => verdictsOf(sessionOf(cells));

describe('what is left out', () => {
  it('is what looks at data and binds nothing', () => {
    const found = sliceOf(
      assigns('df', [], 'pandas.DataFrame'),
      prints('df'),
      {
        facts: {
          loads: ['df'],
          calls: [{ name: 'df.head', receiverType: 'pandas.DataFrame' }]
        },
        binds: [['_', 'pandas.DataFrame']]
      },
      fits('df')
    );
    expect(found.map(v => v.verdict)).toEqual([
      'needed',
      'dropped-proved',
      'dropped-proved',
      'needed'
    ]);
    expect(found[0]!.because).toEqual([
      { code: 'read-by', resource: 'var:df', run: 4 }
    ]);
  });

  it('is an experiment whose names nobody reads again, whole', () => {
    const found = sliceOf(
      assigns('x'),
      assigns('y', ['x']),
      assigns('z', ['y']),
      fits('x')
    );
    expect(dropped(found)).toEqual([2, 3]);
  });

  it('follows chains of plain calls by the exact types of their values', () => {
    const chain = (name: string): ICell => ({
      facts: { loads: ['df'], calls: [{ name, receiverType: null }] }
    });
    const frame = assigns('df', [], 'pandas.core.frame.DataFrame');
    const found = sliceOf(
      frame,
      chain('df.groupby().mean'),
      chain('df[].mean'),
      chain('df.groupby().apply'),
      chain('df.thing.mean'),
      fits('df')
    );
    expect(dropped(found)).toEqual([2, 3]);
  });

  it('is a plot in axes that the run has made, and nothing in earlier ones', () => {
    const axes = 'matplotlib.axes._axes.Axes';
    const draw = (
      name: string,
      receiverType: string | null,
      carried: string[] = []
    ): ICell => ({
      facts: {
        loads: ['plt', 'ax'],
        stores: ['ax'],
        carried,
        calls: [
          {
            name: 'plt.subplots',
            receiverType: 'module',
            target: 'matplotlib.pyplot'
          },
          { name, receiverType }
        ]
      },
      binds: [['ax', axes]],
      state: { figures: 0 }
    });
    const again: ICell = {
      facts: { loads: ['ax'], calls: [{ name: 'ax.hist', receiverType: axes }] }
    };
    const cells = (...first: ICell[]) =>
      dropped(sliceOf(...first, assigns('x'), fits('x')));
    const drawn = draw('ax.hist', axes);
    expect(cells(drawn, drawn)).toEqual([1, 2]);
    expect(cells(drawn, again)).toEqual([]);
    expect(cells(drawn, draw('ax.hist', axes, ['ax']))).toEqual([]);
    expect(cells(draw('ax.hist', null))).toEqual([]);
    expect(cells(draw('ax.remove', axes))).toEqual([]);
  });

  it('is what was drawn, once no figure of it is open and no name holds one', () => {
    const draws = callsPyplot('plot');
    const closed: ICell = { ...draws, state: { figures: 0 } };
    const saves = savesPlot();
    const holds = assigns('fig', ['thing'], 'matplotlib.figure.Figure');
    expect(dropped(sliceOf(draws, draws, saves))).toEqual([]);
    expect(dropped(sliceOf(draws, closed, saves))).toEqual([1, 2]);
    expect(dropped(sliceOf(closed, draws, saves))).toEqual([1, 2]);
    const unseen = { ...draws, unseen: true };
    expect(dropped(sliceOf(closed, unseen, saves))).toEqual([]);
    expect(dropped(sliceOf(closed, holds, closed, fits('fig')))).toEqual([3]);
  });

  it('is a text that `%time` runs, as it would be without', () => {
    const timed = (method: string, ...magics: string[]): ICell => ({
      facts: {
        loads: ['df'],
        magics,
        told: magics,
        calls: [
          { name: 'get_ipython().run_line_magic', receiverType: null },
          { name: `df.${method}`, receiverType: 'pandas.DataFrame' }
        ]
      }
    });
    const found = sliceOf(
      assigns('df', [], 'pandas.core.frame.DataFrame'),
      timed('head', 'time'),
      timed('pop', 'time'),
      timed('head', 'time', 'capture'),
      fits('df')
    );
    expect(dropped(found)).toEqual([2]);
  });

  it('is read by no statement to a database that can’t name the notebook’s values', () => {
    const asks = (receiverType: string): ICell => ({
      facts: { loads: ['c'], calls: [{ name: 'c.execute', receiverType }] }
    });
    const cells = (receiverType: string) =>
      dropped(
        sliceOf(assigns('x'), assigns('y'), asks(receiverType), fits('x'))
      );
    expect(cells('sqlite3.Connection')).toEqual([2]);
    expect(cells('duckdb.DuckDBPyConnection')).toEqual([]);
  });

  it('is exploration after magics that leave no code behind', () => {
    const cells = (magic: string) =>
      dropped(
        sliceOf(
          { facts: { magics: [magic] } },
          assigns('l', [], 'list'),
          prints('l'),
          fits('l')
        )
      );
    expect(cells('matplotlib')).toEqual([3]);
    expect(cells('autoreload')).toEqual([3]);
    expect(cells('run')).toEqual([]);
  });

  it.each<[string, () => FakeSession]>([
    ['came late', () => new FakeSession({ install: 'late', runsMissed: 2 })],
    ['came late, first', () => new FakeSession({ install: 'late' })],
    [
      'was paused',
      () => {
        const session = new FakeSession();
        session.server.add('recording.paused', { whom: 'ann' });
        session.server.add('recording.resumed', { whom: 'ann' });
        return session;
      }
    ]
  ])('is nothing where recording %s', (_, began) => {
    const cells = [assigns('x'), assigns('y', ['x']), fits('x')];
    expect(dropped(verdictsOf(sessionOf(cells)))).toEqual([2]);
    expect(dropped(verdictsOf(sessionOf(cells, began())))).toEqual([]);
  });

  it('is no figure’s plot, nor what keeps a watched object alive', () => {
    const plot: ICell = {
      facts: {
        loads: ['df'],
        calls: [{ name: 'df.hist', receiverType: 'pandas.DataFrame' }]
      },
      state: { figures: 0 }
    };
    const frame = assigns('df', [], 'pandas.DataFrame');
    const figure = assigns('fig', [], 'matplotlib.figure.Figure');
    expect(dropped(sliceOf(frame, figure, plot, fits('df')))).toEqual([2, 3]);
    expect(dropped(sliceOf(frame, figure, plot, fits('fig')))).toEqual([]);
    const holds = assigns('l', ['df'], 'list');
    const weakref: ICell = { facts: { imports: ['weakref'] } };
    expect(dropped(sliceOf(frame, nothing(), holds, fits('df')))).toEqual([
      2, 3
    ]);
    expect(dropped(sliceOf(frame, weakref, holds, fits('df')))).toEqual([]);
  });

  it('is a value that was bound again before anyone read it', () => {
    expect(dropped(sliceOf(assigns('x'), assigns('x'), fits('x')))).toEqual([
      1
    ]);
  });

  it('ends with the plots that nobody saves', () => {
    const plot: ICell = {
      facts: {
        loads: ['df'],
        calls: [{ name: 'df.hist', receiverType: 'pandas.DataFrame' }]
      }
    };
    const saves = savesPlot();
    const frame = assigns('df', [], 'pandas.DataFrame');
    const closed = { ...plot, state: { figures: 0 } };
    expect(dropped(sliceOf(frame, closed, fits('df')))).toEqual([2]);
    expect(dropped(sliceOf(frame, plot, fits('df')))).toEqual([]);
    expect(dropped(sliceOf(frame, plot, saves))).toEqual([]);
  });
});

describe('a run that the author leaves out', () => {
  const without = (drop: string, ...cells: ICell[]) => {
    const session = sessionOf(cells);
    return verdictsOf(session, session.files, [drop]);
  };

  it('hides no earlier write of a name, and tells which kept run reads it', () => {
    const found = without('m2/0', assigns('x'), assigns('x'), fits('x'));
    expect(found.map(({ verdict }) => verdict)).toEqual([
      'needed',
      'dropped-by-user',
      'needed'
    ]);
    expect(found[1]!.because).toEqual([
      { code: 'read-by', resource: 'var:x', run: 3 }
    ]);
  });

  it('keeps nothing for itself', () => {
    const found = without('m2/0', assigns('a'), assigns('x', ['a']), fits('x'));
    expect(dropped(found)).toEqual([1]);
  });
});

describe('a name that a function may read', () => {
  const defines = (facts: object): ICell => ({
    facts: { stores: ['f'], loads: ['k'], constructs: ['def'], ...facts },
    binds: [['f', 'function']]
  });

  it.each([
    ['by the names it loads', { deferred: ['k'] }],
    ['in a journal that does not tell them', {}]
  ])('is needed under whatever name the function is called, %s', (_, told) => {
    const found = sliceOf(
      assigns('k'),
      defines(told),
      assigns('fs', ['f'], 'list'),
      assigns('k'),
      assigns('unread'),
      fits('fs')
    );
    expect(dropped(found)).toEqual([5]);
    expect(found[3]!.verdict).toBe('kept-undecided');
  });

  it('is kept for any later run that may call the function', () => {
    const found = sliceOf(
      defines({ deferred: ['k'] }),
      assigns('k'),
      prints('k'),
      { writes: true }
    );
    expect(found[1]!.verdict).toBe('kept-undecided');
    expect(dropped(found)).toEqual([3]);
  });
});

const KEPT: Record<string, ICell> = {
  'nobody looked at its names': { unseen: true },
  'part of the names was not looked at': {
    facts: {},
    inside: (probe, here) =>
      probe.add('names.changed', {
        ...here,
        phase: 'between',
        names: [
          {
            name: 'q',
            type: 'int',
            group: null,
            before: 'absent',
            after: { digest: 'd' },
            same: null
          }
        ]
      })
  },
  'it failed': { status: 'error' },
  'it drew random numbers': {
    state: { random: { numpy: { before: 'a', after: 'b' } } }
  },
  'it changed the folder': { state: { cwd: { from: '/a', to: '/b' } } },
  'it changed a setting': { state: { library: ['pandas.options'] } },
  'it set an environment variable': {
    state: { environment: { added: ['A'], removed: [], changed: [] } }
  },
  'print was replaced': {
    ...prints('x'),
    state: { replaced: ['builtins.print'] }
  },
  'it started a child': {
    inside: (probe, here) =>
      probe.add('process.started', {
        ...here,
        argv: null,
        how: 'subprocess',
        pid: 1,
        probed: false
      })
  },
  'it made a folder': {
    inside: (probe, here) =>
      probe.add('folder.made', { ...here, path: '/home/ann/work/out' })
  },
  'it changed a name in place': {
    facts: { loads: ['x'] },
    changes: [['x', 'list']]
  },
  'it stores into a value': { facts: { loads: ['x'], subscriptStores: ['x'] } },
  'it stores into an attribute': {
    facts: { loads: ['x'], attributeStores: ['x.a'] }
  },
  'it has a with': { facts: { constructs: ['with'] } },
  'it has a magic': { facts: { magics: ['run'] } },
  'it couldn’t be parsed': { facts: { parse: 'failed' } },
  'it uses a name of unknown kind': { facts: { loads: ['thing'] } },
  'it calls what isn’t listed': {
    facts: { loads: ['x'], calls: [{ name: 'x.append', receiverType: 'list' }] }
  },
  'it imports something that isn’t listed': {
    facts: { imports: ['helper'], stores: ['helper'] },
    binds: [['helper', 'module']]
  },
  'it deletes a name': { facts: { deletes: ['x'] } }
};

describe('a run is kept when', () => {
  it.each(Object.entries(KEPT))('%s', (_, cell) => {
    const found = sliceOf(assigns('x', [], 'list'), cell, fits('x'));
    expect(found[1]!.verdict).toMatch(/^(needed|kept-undecided)$/);
    expect(found[1]!.because).not.toEqual([]);
  });

  it('a class may be hidden in a container that it prints', () => {
    const found = sliceOf(
      {
        facts: { constructs: ['class'], stores: ['C'] },
        binds: [['C', 'type']]
      },
      assigns('x', [], 'list'),
      prints('x'),
      fits('x')
    );
    expect(dropped(found)).toEqual([]);
  });

  it('code given as text may read what it made', () => {
    const found = sliceOf(assigns('x'), assigns('y'), opaque(), fits('x'));
    expect(dropped(found)).toEqual([]);
    expect(found[1]!.because).toEqual([
      { code: 'may-be-read-by', resource: 'exec', run: 3 }
    ]);
  });

  it.each([
    [{ name: 'ip.run_line_magic', receiverType: 'ipykernel.zmqshell.Shell' }],
    [{ name: 'con.table', receiverType: '_duckdb.DuckDBPyConnection' }],
    [{ name: 'ne.re_evaluate', receiverType: 'module', target: 'numexpr' }],
    [{ name: 'ctx.register_globals', receiverType: 'polars.sql.SQLContext' }]
  ])('a library may look its name up: %j', call => {
    const looks: ICell = { facts: { calls: [call] }, writes: true };
    expect(dropped(sliceOf(assigns('y'), looks))).toEqual([]);
  });

  it('a function or method may have been handed to a library before', () => {
    const hands: ICell = {
      facts: {
        loads: ['np', 'l'],
        calls: [
          { name: 'np.seterrcall', receiverType: 'module', target: 'numpy' }
        ]
      }
    };
    const after = (type: string) =>
      dropped(
        sliceOf(assigns('l', [], type), hands, prints('l'), fits('np', 'l'))
      );
    expect(after('int')).toEqual([3]);
    expect(after('list')).toEqual([]);
  });

  it('it may have changed what a name stood for that it binds again', () => {
    const again = (carried: string[], type: string) => {
      const facts = {
        loads: ['v'],
        stores: ['v'],
        carried,
        calls: []
      };
      const rebinds: ICell = { facts, binds: [['v', 'int']] };
      return dropped(
        sliceOf(assigns('v', [], type), nothing(), rebinds, fits('x'))
      );
    };
    expect(again([], 'list')).toEqual([1, 2, 3]);
    expect(again(['v'], 'int')).toEqual([1, 2, 3]);
    expect(again(['v'], 'list')).not.toContain(3);
  });

  it('a later run reads results by their numbers', () => {
    const found = sliceOf(assigns('x'), prints('x'), fits('Out'));
    expect(dropped(found)).toEqual([]);
  });

  it('functions that it reaches read the name', () => {
    const reached: ICell = {
      ...fits('fit'),
      facts: { loads: ['fit'], reached: [{ name: 'fit', loads: ['y'] }] }
    };
    expect(dropped(sliceOf(assigns('y'), reached))).toEqual([]);
  });

  it('an augmented assignment reads it', () => {
    const found = sliceOf(
      assigns('x'),
      {
        facts: { loads: ['x'], stores: ['x'], constructs: ['augmented'] },
        binds: [['x', 'int']]
      },
      fits('x')
    );
    expect(dropped(found)).toEqual([]);
  });
});

/* ------------------------------------------------------------- properties */

const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
const cell = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, fc.subarray(NAMES))
      .map(([to, from]) => assigns(to, from))
  },
  { weight: 3, arbitrary: name.map(prints) },
  { weight: 1, arbitrary: fc.subarray(NAMES).map(names => fits(...names)) },
  {
    weight: 1,
    arbitrary: name.map((n): ICell => ({ ...assigns(n), unseen: true }))
  },
  { weight: 1, arbitrary: fc.constant(null).map(nothing) }
);
const cells = fc
  .array(cell, { maxLength: 12 })
  .chain(list => fc.subarray(NAMES).map(names => [...list, fits(...names)]));

const kept = (verdicts: readonly IRunVerdict[]) =>
  new Set(
    verdicts
      .filter(v => v.verdict === 'needed' || v.verdict === 'kept-undecided')
      .map(v => v.run.number)
  );

/** Whatever is left out, no kept run reads what it bound before it was bound again. */
function unreadByKept(list: readonly ICell[], keptRuns: Set<number>): boolean {
  const last = new Map<string, number>();
  return list.every((one, at) => {
    const facts = one.facts ?? {};
    const loads = (facts['loads'] as string[] | undefined) ?? [];
    const fine =
      !keptRuns.has(at + 1) ||
      loads.every(n => !last.has(n) || keptRuns.has(last.get(n)!));
    ((facts['stores'] as string[] | undefined) ?? []).forEach(n =>
      last.set(n, at + 1)
    );
    return fine;
  });
}

describe('every slice', () => {
  it('is the same in whatever order the journal files come', () => {
    fc.assert(
      fc.property(cells, list => {
        const session = sessionOf(list);
        const files = session.files;
        const verdict = (v: IRunVerdict) => [v.verdict, v.reason, v.because];
        expect(verdictsOf(session, [...files].reverse()).map(verdict)).toEqual(
          verdictsOf(session, files).map(verdict)
        );
      }),
      { numRuns: 50 }
    );
  });

  it('keeps the run that wrote the file', () => {
    fc.assert(
      fc.property(cells, list => {
        expect(sliceOf(...list).at(-1)!.verdict).toBe('needed');
      }),
      { numRuns: 50 }
    );
  });

  it('leaves out nothing that a kept run reads', () => {
    fc.assert(
      fc.property(cells, list => {
        expect(unreadByKept(list, kept(sliceOf(...list)))).toBe(true);
      }),
      { numRuns: 100 }
    );
  });

  it('doesn’t lose a run when an opaque one is put in', () => {
    fc.assert(
      fc.property(cells, fc.nat(12), (list, place) => {
        const at = Math.min(place, list.length - 1);
        const before = kept(sliceOf(...list));
        const more = [...list.slice(0, at), opaque(), ...list.slice(at)];
        const after = kept(sliceOf(...more));
        for (const number of before) {
          expect(after.has(number > at ? number + 1 : number)).toBe(true);
        }
      }),
      { numRuns: 100 }
    );
  });

  it('doesn’t leave out more when evidence is missing', () => {
    fc.assert(
      fc.property(cells, fc.nat(12), (list, place) => {
        const at = Math.min(place, list.length - 1);
        const less = list.map((c, i) =>
          i === at ? { ...c, unseen: true } : c
        );
        const gone = dropped(sliceOf(...list));
        expect(gone).toEqual(expect.arrayContaining(dropped(sliceOf(...less))));
      }),
      { numRuns: 100 }
    );
  });

  it('leaves out by choice what the author names, and keeps what else it kept', () => {
    const session = sessionOf([
      assigns('x'),
      assigns('y', ['x']),
      fits('x', 'y')
    ]);
    const found = verdictsOf(session, session.files, ['m2/0']);
    expect(found.map(v => v.verdict)).toEqual([
      'needed',
      'dropped-by-user',
      'needed'
    ]);
  });
});
