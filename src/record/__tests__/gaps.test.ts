/**
 * Every gap of the registry, in a record: one story that shows it, and one that is like
 * it but for the cause.
 */
import {
  Clock,
  Disk,
  FakeSession,
  requestFor,
  type IRunSpec,
  type ISessionOptions
} from '../../__tests__/journals';
import type { AttestRequested, IdentityClaim } from '../../journal/events';
import gapSentences from '../../journal/gaps.json';
import { sha256 as digestOf } from '../../journal/sha256';
import type { GapCode } from '../../session/types';
import { createRecord } from '../record';

const sha256 = (text: string) => digestOf(new TextEncoder().encode(text));

const DATA = '/home/ann/work/a.csv';
const MODEL = '/home/ann/work/model.joblib';

/** A session, what happens in it before the model is written, and how it is asked for. */
interface IStory {
  options?: ISessionOptions;
  before?: (session: FakeSession) => void;
  /** The run that writes the model. */
  last?: IRunSpec;
  after?: (session: FakeSession) => void;
  change?: Partial<AttestRequested>;
  /** What others call the data that was read. */
  claim?: IdentityClaim;
  /** Sessions before it. */
  earlier?: FakeSession[];
}

function gapsOf(story: IStory): string[] {
  const { earlier = [], change = {} } = story;
  const session = new FakeSession(story.options);
  session.put(DATA, 'data');
  if (story.options?.install === 'none') {
    session.disk.put(MODEL, 'weights');
  }
  story.before?.(session);
  session.run({ writes: { [MODEL]: 'weights' }, ...story.last });
  story.after?.(session);
  const sessions = [...earlier, session];
  const identities = story.claim && [
    { path: DATA, stat: session.disk.stat(DATA)!, claims: [story.claim] }
  ];
  const { statement } = createRecord(
    requestFor({
      sessions,
      subjects: [MODEL],
      change: identities === undefined ? change : { ...change, identities }
    })
  );
  const { recording } = statement.predicate.buildDefinition.internalParameters;
  return recording.gaps.map(({ code }) => code);
}

/** A first run with these events of the probe in it. */
const inside = (type: string, fields: object): IStory => ({
  before: session => {
    session.run({
      inside: (probe, here) => probe.add(type, { ...here, ...fields })
    });
  }
});

/** A first run such as this. */
const first = (spec: IRunSpec, options: ISessionOptions = {}): IStory => ({
  options,
  before: session => {
    session.run(spec);
  }
});

const server = (type: string, fields: object): IStory => ({
  before: session => {
    session.server.add(type, fields);
  }
});

const stated = (code: string) => inside('gap', { code, covers: {} });

const idle = (msgId: string, hadInput: boolean) => ({
  msgId,
  client: 'lab-1',
  request: 'execute_request',
  hadInput
});

/** A request that had no input, in a kernel with or without a probe. */
const withoutInput = (install: 'launch' | 'none'): IStory => ({
  options: { install },
  ...server('run.idle', idle('m9', false))
});

const settled = (session: FakeSession, path: string, stillOpen: boolean) => ({
  realPath: path,
  stat: session.disk.stat(path),
  stillOpen
});

const changedByScan = (session: FakeSession, path: string, runs: string[]) =>
  session.helper.add('file.changed', {
    path,
    before: null,
    after: session.disk.stat(path),
    runs
  });

/** Reads data that somebody else names; a digest of null is the right one. */
const claimed = (
  source: string,
  algorithm: 'sha256' | 'git-blob-sha1',
  digit: string | null
): IStory => ({
  ...first({ reads: [DATA] }),
  claim: {
    source,
    algorithm,
    digest: digit === null ? sha256('data') : digit.repeat(64)
  }
});

/** Reads a file whose digest is told so. */
const hashed = (fields: object): IStory => ({
  before: session => {
    const path = '/home/ann/work/b.csv';
    session.disk.put(path, 'b');
    session.helper.add('file.hashed', {
      realPath: path,
      stat: session.disk.stat(path),
      sha256: session.disk.sha256(path),
      absent: null,
      when: 'after',
      fromCache: false,
      ...fields
    });
    session.run({ reads: [path] });
  }
});

/** A file that is written in the second run: by a thread of the first one, or by its own code. */
const writing = (attribution: 'thread' | 'context'): IStory => ({
  before: session => {
    const path = '/home/ann/work/c.csv';
    const started = session.run();
    session.run({
      inside: (probe, here) => {
        const run = attribution === 'thread' ? started : here.run;
        session.disk.put(path, 'c');
        probe.add('file.opened', {
          run,
          attribution,
          path,
          realPath: path,
          ops: ['write', 'create', 'truncate'],
          via: 'audit',
          stat: null,
          outcome: 'opened'
        });
        probe.add('file.settled', {
          run,
          attribution,
          ...settled(session, path, false)
        });
      }
    });
  }
});

/** A run that changes what it reads, or leaves it as it is. */
const changing = (content: string | null): IStory => ({
  before: session => {
    session.run({
      reads: [DATA],
      inside: (probe, here) => {
        if (content !== null) {
          session.disk.put(DATA, content);
        }
        probe.add('file.settled', {
          ...here,
          ...settled(session, DATA, false)
        });
      }
    });
  }
});

/** A run that leaves the model written, and open or closed. */
const leaving = (stillOpen: boolean): IStory => ({
  last: { writes: {} },
  before: session => {
    const id = session.begin({});
    session.write(id, MODEL, 'weights');
    const here = { run: id, attribution: 'context' };
    session.probe.add('file.settled', {
      ...here,
      ...settled(session, MODEL, stillOpen)
    });
    session.finish(id, {});
  }
});

const called = (name: string, target: string | null) => ({
  facts: { calls: [{ name, receiverType: null, target }] }
});

const drawn = (
  before: string | null,
  calls: string[],
  library = 'numpy',
  added: string[] = []
) =>
  ({
    facts: {
      calls: calls.map(name => ({ name, receiverType: null, target: null }))
    },
    inside: (probe, here) =>
      probe.add('state.changed', {
        ...here,
        phase: 'run',
        random: { [library]: { before, after: 'bbbb' } },
        modules: { added, own: [], replaced: [] }
      })
  }) satisfies IRunSpec;

const named = (type: string) =>
  inside('names.changed', {
    phase: 'run',
    names: [
      {
        name: 'x',
        type,
        group: null,
        before: 'absent',
        after: { unknown: 'type' },
        same: null
      }
    ]
  });

/** A console beside the notebook, or the notebook alone. */
const client = (who: string): IStory => ({
  before: session => {
    session.server.add('client.seen', {
      client: 'con',
      label: 'console',
      docId: null,
      evidence: 'test'
    });
    session.run();
    session.run({ client: who });
  }
});

const saved = (text: string): IStory => ({
  before: session => {
    session.run({ cellId: 'c1', code: 'x = 1' });
    session.save([['c1', text]]);
  }
});

/** A run that is open while another goes on, or has ended before. */
const overlapping = (overlaps: boolean): IStory => ({
  before: session => {
    const open = session.begin({});
    if (!overlaps) {
      session.finish(open, {});
    }
    session.run();
    if (overlaps) {
      session.finish(open, {});
    }
  }
});

/** The data come from a session that was recorded so. */
function fromEarlier(options: ISessionOptions): IStory {
  const disk = new Disk();
  const clean = '/home/ann/work/clean.csv';
  const clock = new Clock('2026-11-23T09:00:00.000Z');
  const earlier = new FakeSession({ sid: 'a', disk, clock, ...options });
  earlier.run({ writes: { [clean]: 'clean' } });
  return {
    earlier: [earlier],
    options: { disk },
    before: session => {
      session.hash(clean, 'ahead').run({ reads: [clean] });
    }
  };
}

const meter = (read: number): IStory => ({
  before: session => {
    session.run({
      ended: {
        meter: {
          read: String(read),
          written: '0',
          openedRead: '0',
          filteredRead: '0',
          keptWritten: '0',
          native: [{ library: 'h5py', state: 'off' }]
        }
      }
    });
  }
});

/** A tracer was asked for, and this is what the start said of it. */
const traced = (tracer: string, isCovered: boolean): IStory => ({
  options: { tracer },
  last: {
    writes: { [MODEL]: 'weights' },
    inside: (probe, { run }) => {
      if (isCovered) {
        probe.add('trace.covered', { run });
      }
    }
  }
});

/** Started a program, under a tracer's eyes or not. */
const starting = (isCovered: boolean): IStory => ({
  before: session => {
    session.run({
      inside: (probe, here) => {
        const what = { argv: null, how: 'subprocess', pid: 9, probed: false };
        probe.add('process.started', { ...here, ...what });
        if (isCovered) {
          probe.add('trace.covered', { run: here.run });
        }
      }
    });
  }
});

const calm: IStory = {};

/** Code → a story that shows it, and one like it that doesn't. */
const STORIES: Record<GapCode, [shows: IStory, hides: IStory][]> = {
  'late-start': [
    [
      { options: { install: 'late', runsMissed: 1 } },
      { options: { install: 'late' } }
    ]
  ],
  'no-probe': [[{ options: { install: 'none' } }, calm]],
  'no-recorder': [[{ options: { recorder: false } }, calm]],
  'probe-silent': [[first({ seenBy: ['server'] }), first({})]],
  'probe-failed': [[stated('probe-failed'), first({})]],
  'audit-vetoed': [[stated('audit-vetoed'), first({})]],
  paused: [[server('recording.paused', { whom: 'ann' }), calm]],
  'kernel-died': [
    [
      { after: s => s.end('kernel.died') },
      { after: s => s.end('kernel.ended') }
    ]
  ],
  'kernel-restarted': [[{ options: { previousSid: 'old' } }, calm]],
  'event-gap': [[stated('event-gap'), first({})]],
  'unknown-event': [
    [inside('quantum.measured', {}), first({})],
    [stated('no-such'), first({})]
  ],
  'text-forgotten': [],
  'user-input': [
    [first({ kind: 'callback' }), first({})],
    [first(called('input', null)), first(called('input', '__main__.input'))],
    [
      first(called('p', 'getpass.getpass')),
      first(called('p', 'getpass.getuser'))
    ]
  ],
  'silent-run': [[first({ seenBy: ['probe'] }), first({})]],
  'kernel-originated': [
    [
      { options: { tap: true }, ...first({ client: 'nobody' }, { tap: true }) },
      first({ client: 'nobody' })
    ]
  ],
  'aborted-run': [
    [withoutInput('launch'), server('run.idle', idle('m1', true))]
  ],
  'unknown-request': [[withoutInput('none'), { options: { install: 'none' } }]],
  'killed-run': [
    [
      {
        before: session => {
          session.begin({});
          session.end('kernel.restarted');
        }
      },
      first({})
    ]
  ],
  'second-client': [[client('con'), client('lab-1')]],
  unattributed: [
    [
      { before: session => void session.read(null, DATA) },
      first({ reads: [DATA] })
    ]
  ],
  'overlapping-runs': [[overlapping(true), overlapping(false)]],
  'child-process': [
    [
      inside('process.started', {
        argv: null,
        how: 'subprocess',
        pid: null,
        probed: false
      }),
      inside('process.started', {
        argv: null,
        how: 'subprocess',
        pid: null,
        probed: true
      })
    ],
    [starting(false), starting(true)]
  ],
  network: [
    [inside('net.connected', { host: 'example.org', port: 443 }), first({})],
    [
      inside('db.queried', {}),
      inside('db.queried', { dialect: 'sqlite', host: null })
    ],
    [inside('remote.read', { url: 'https://example.org/a' }), first({})]
  ],
  'native-io': [[meter(50_000_000), meter(1000)]],
  'unattributed-bytes': [[meter(50_000_000), meter(1000)]],
  'wrapper-off': [[stated('wrapper-off'), first({})]],
  'tracer-stopped': [
    [traced('expected', false), traced('expected', true)],
    [traced('strace is not on PATH', false), calm]
  ],
  'mapped-write': [
    [
      inside('file.mapped', { path: '/x/map.bin', writable: true }),
      inside('file.mapped', { path: '/x/map.bin', writable: false })
    ]
  ],
  'write-not-seen': [
    [
      {
        last: { writes: {} },
        before: session => void session.disk.put(MODEL, 'by hand')
      },
      calm
    ]
  ],
  'write-by-scan': [
    [
      {
        last: { writes: {} },
        before: session => {
          const id = session.run();
          session.disk.put(MODEL, 'native');
          changedByScan(session, MODEL, [id, id]);
        }
      },
      {
        after: session => void changedByScan(session, MODEL, ['m1/0', 'm1/0'])
      }
    ]
  ],
  'unstable-file': [[changing('other'), changing(null)]],
  'digest-absent': [
    [hashed({ sha256: null, absent: 'too-large' }), hashed({})]
  ],
  'still-open': [[leaving(true), leaving(false)]],
  'racy-timestamp': [[hashed({ racy: true }), hashed({})]],
  'no-scan': [[{ options: { scan: false } }, calm]],
  'scan-incomplete': [
    [
      {
        before: session =>
          void session.helper.add('scan.done', {
            root: '/big',
            complete: false,
            entries: 20000
          })
      },
      {
        before: session =>
          void session.helper.add('scan.done', {
            root: '/big',
            complete: true,
            entries: 19999
          })
      }
    ]
  ],
  'notebook-differs': [[saved('x = 2'), saved('x = 1')]],
  'dynamic-code': [[first({ facts: { dynamic: ['exec'] } }), first({})]],
  'unseeded-random': [
    [first(drawn('aaaa', [])), first(drawn('aaaa', ['np.random.seed']))],
    [
      first(drawn(null, ['np.random.rand'])),
      first(drawn(null, ['np.random.default_rng']))
    ],
    [first(drawn('aaaa', [])), first(drawn('aaaa', [], 'numpy', ['sklearn']))],
    [
      first(drawn('aaaa', ['shuffle'], 'random')),
      {
        before: session => {
          session.run(drawn('aaaa', ['random.seed'], 'random'));
          session.run(drawn('bbbb', ['shuffle'], 'random'));
        }
      }
    ]
  ],
  accelerator: [[stated('accelerator'), first({})]],
  'remote-execution': [
    [named('distributed.client.Client'), named('pandas.DataFrame')],
    [named('pyspark.sql.session.SparkSession'), named('ray_like.Thing')]
  ],
  'background-thread': [
    [first({ ended: { threadsAlive: ['t'] } }), first({})],
    [
      first({ ended: { tasksPending: 1 } }),
      first({ ended: { tasksPending: 0 } })
    ]
  ],
  'late-write': [[writing('thread'), writing('context')]],
  'earlier-session': [
    [fromEarlier({ install: 'late', runsMissed: 1 }), fromEarlier({})]
  ],
  'identity-mismatch': [
    [claimed('git-lfs', 'sha256', '0'), claimed('git-lfs', 'sha256', null)],
    [claimed('dvc', 'sha256', '0'), claimed('git', 'sha256', '0')]
  ],
  'server-claimed-digest': [
    [
      claimed('hugging-face', 'git-blob-sha1', '0'),
      claimed('hugging-face', 'sha256', null)
    ]
  ],
  'dropped-by-user': [
    [{ ...first({}), change: { drops: ['m1/0'] } }, first({})]
  ]
};

const ROWS = Object.entries(STORIES).flatMap(([code, stories]) =>
  stories.map(
    ([shows, hides], at) => [`${code} ${at + 1}`, code, shows, hides] as const
  )
);

it('a calm session shows no gap', () => {
  expect(gapsOf(calm)).toEqual([]);
});

it('every code of the registry has its stories', () => {
  const untold = Object.entries(STORIES)
    .filter(([, stories]) => stories.length === 0)
    .map(([code]) => code);
  // A text is forgotten by a tombstone beside the journals: fold.test.ts.
  expect(untold).toEqual(['text-forgotten']);
  expect(Object.keys(STORIES).sort()).toEqual(Object.keys(gapSentences).sort());
});

it.each(ROWS)('%s is shown where it happened only', (_, code, shows, hides) => {
  expect(gapsOf(shows)).toContain(code);
  expect(gapsOf(hides)).not.toContain(code);
});
