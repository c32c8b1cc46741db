/**
 * Journals made in memory, as the observers write them: for tests that need a
 * session that nobody can run on demand. Time, ids and inodes count up from fixed starts.
 */
import type { AttestRequested, Name, Stat } from '../journal/events';
import {
  prefixOf,
  readJournalFile,
  type IJournalFile,
  type IJournalSource
} from '../journal/read';
import { sha256 } from '../journal/sha256';
import type { IRecordInput } from '../record/record';

const encoder = new TextEncoder();

export const utf8 = (text: string) => encoder.encode(text);
export const digestOf = (text: string) => sha256(utf8(text));

/** One journal file being written. */
export class Writer {
  private readonly lines: string[] = [];

  constructor(
    readonly sid: string,
    readonly file: string,
    private readonly clock: Clock
  ) {}

  add(type: string, fields: object = {}): this {
    const last = this.lines.at(-1);
    return this.raw(
      JSON.stringify({
        v: 1,
        sid: this.sid,
        seq: this.lines.length,
        ...this.clock.next(),
        by: this.file,
        type,
        prev: last === undefined ? null : digestOf(last),
        ...fields
      })
    );
  }

  /** A line exactly so. */
  raw(line: string): this {
    this.lines.push(line);
    return this;
  }

  get bytes(): Uint8Array {
    return utf8(this.lines.map(line => `${line}\n`).join(''));
  }

  get source(): IJournalSource {
    return { sid: this.sid, file: this.file, bytes: this.bytes };
  }
}

/** Wall clock and monotonic clock that move on by a millisecond a line. */
export class Clock {
  private ticks = 0;

  constructor(private readonly start = '2026-11-24T09:00:00.000Z') {}

  next(): { t: string; mono: string } {
    this.ticks += 1;
    const date = new Date(Date.parse(this.start) + this.ticks);
    return {
      t: date.toISOString().replace('Z', '000Z'),
      mono: String(this.ticks * 1_000_000)
    };
  }
}

/** A disk with identities, so that digests can belong to them. */
export class Disk {
  private readonly files = new Map<string, { stat: Stat; content: string }>();
  private inode = 100;

  put(path: string, content: string): Stat {
    this.inode += 1;
    const stat: Stat = {
      dev: '2049',
      ino: '9007199254740993',
      size: utf8(content).length,
      mtimeNs: String(1_700_000_000_000_000_000n + BigInt(this.inode)),
      ctimeNs: String(1_700_000_000_000_000_000n + BigInt(this.inode))
    };
    this.files.set(path, { stat, content });
    return stat;
  }

  stat(path: string): Stat {
    return this.files.get(path)!.stat;
  }

  sha256(path: string): string {
    return digestOf(this.files.get(path)!.content);
  }
}

export interface IRunSpec {
  code?: string;
  cellId?: string | null;
  client?: string;
  kind?: string;
  /** Paths read; they must be on the disk. */
  reads?: string[];
  /** Paths written with their new content. */
  writes?: Record<string, string>;
  status?: 'ok' | 'error' | 'interrupted';
  /** Which observers see it; both unless told. */
  seenBy?: ('server' | 'probe')[];
  /** Extra events of the probe inside the run. */
  inside?: (probe: Writer, run: { run: string; attribution: string }) => void;
  /** Fields of `run.ended`. */
  ended?: object;
  /** Fields of `run.code`. */
  facts?: object;
}

export interface ISessionOptions {
  sid?: string;
  clock?: Clock;
  disk?: Disk;
  install?: 'launch' | 'late' | 'none';
  runsMissed?: number;
  previousSid?: string | null;
  recorder?: boolean;
  scan?: boolean;
  /** Whether a tap listens to the server's websockets. */
  tap?: boolean;
  notebook?: string | null;
  prefixes?: string[];
  /** What the start says of a tracer; null where none was asked for. */
  tracer?: string | null;
}

export const NOTEBOOK = '/home/ann/work/train.ipynb';

/** A kernel session with its three observers. */
export class FakeSession {
  readonly sid: string;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly server: Writer;
  readonly probe: Writer;
  readonly helper: Writer;
  private count = 0;

  constructor(private readonly options: ISessionOptions = {}) {
    this.sid = options.sid ?? '11111111-1111-4111-8111-111111111111';
    this.clock = options.clock ?? new Clock();
    this.disk = options.disk ?? new Disk();
    this.server = new Writer(this.sid, 'server.jsonl', this.clock);
    this.probe = new Writer(this.sid, 'probe-1.jsonl', this.clock);
    this.helper = new Writer(this.sid, 'helper.jsonl', this.clock);
    this.start();
  }

  private start(): void {
    const { options } = this;
    if (options.recorder !== false) {
      this.server.add('observer.joined', { observer: observer('server') });
      if (options.tap === true) {
        this.server.add('observer.joined', { observer: observer('tap') });
      }
      this.server.add('kernel.started', {
        kernelId: 'k1',
        previousSid: options.previousSid ?? null,
        kernelName: 'python3',
        language: 'python',
        specSha256: null,
        provisioner: 'jupyter-attest',
        probe: 'expected',
        tracer: options.tracer ?? null
      });
      const notebook =
        options.notebook === undefined ? NOTEBOOK : options.notebook;
      if (notebook !== null) {
        this.server
          .add('document.bound', { docId: 'd1', path: notebook })
          .add('client.seen', {
            client: 'lab-1',
            label: 'lab',
            docId: 'd1',
            evidence: 'test'
          });
      }
    }
    if (options.install !== 'none') {
      this.hello();
    }
    if (options.scan !== false) {
      this.helper.add('observer.joined', { observer: observer('scan') });
      this.look();
    }
  }

  private hello(): void {
    const { install = 'launch', runsMissed = 0, prefixes } = this.options;
    const none = { run: null, attribution: 'none' };
    this.probe
      .add('observer.joined', { observer: observer('probe') })
      .add('probe.hello', {
        ...none,
        version: '0.1.0',
        digest: null,
        pid: 7,
        python: '3.12.3',
        implementation: 'cpython',
        ipykernel: '7.4.0',
        ipython: '9.0.0',
        install,
        runsMissed,
        channels: { audit: 'ok', wrappers: [] },
        cwd: '/home/ann/work',
        prefixes: prefixes ?? ['/opt/venv'],
        flags: { optimize: 0 },
        hashSeed: 'random'
      })
      .add('env.packages', {
        ...none,
        packages: [
          { name: 'Scikit_Learn', version: '1.7.0' },
          { name: 'numpy', version: '2.1.0+local' }
        ],
        listedBy: 'importlib.metadata'
      })
      .add('env.hardware', {
        ...none,
        system: 'Linux',
        release: '6.1',
        machine: 'x86_64',
        cpu: 'A CPU',
        cpuCount: 8,
        memoryBytes: '68719476736',
        accelerators: [{ kind: 'gpu', name: 'A GPU', driver: '555.1' }],
        containerHints: []
      })
      .add('env.determinism', {
        ...none,
        flags: { PYTHONHASHSEED: null, CUBLAS_WORKSPACE_CONFIG: ':4096:8' },
        seeds: {}
      });
  }

  /** A text as it is kept: salted by a value that equal texts share. */
  text(text: string): object {
    return {
      sha256: digestOf(`salt${text}`),
      salt: 'c2FsdA==',
      bytes: utf8(text).length
    };
  }

  save(cells: [cellId: string | null, code: string][], docId = 'd1'): this {
    this.server.add('document.saved', {
      docId,
      path: this.options.notebook ?? NOTEBOOK,
      sha256: digestOf(JSON.stringify(cells)),
      bytes: 1000,
      cells: cells.map(([cellId, code]) => ({ cellId, code: this.text(code) }))
    });
    return this;
  }

  /** A whole run. Returns its id. */
  run(spec: IRunSpec = {}): string {
    const id = this.begin(spec);
    this.finish(id, spec);
    return id;
  }

  begin(spec: IRunSpec): string {
    this.count += 1;
    const {
      code = `cell ${this.count}`,
      client = 'lab-1',
      kind = 'cell'
    } = spec;
    const msgId = `m${this.count}`;
    const id = `${msgId}/0`;
    if (this.sees(spec, 'server')) {
      this.server.add('run.input', {
        msgId,
        client,
        code: this.text(code),
        executionCount: this.count,
        subshell: null
      });
    }
    if (this.sees(spec, 'probe')) {
      const here = { run: id, attribution: 'context' };
      this.probe.add('run.started', {
        ...here,
        parentRun: null,
        cellId: spec.cellId ?? null,
        requestMetadataKeys: [],
        client,
        code: this.text(code),
        transformedSha256: null,
        kind,
        storeHistory: true
      });
      spec.reads?.forEach(path => this.read(id, path));
      spec.inside?.(this.probe, here);
      Object.entries(spec.writes ?? {}).forEach(([path, content]) => {
        this.write(id, path, content);
      });
    }
    return id;
  }

  finish(id: string, spec: IRunSpec): void {
    const msgId = id.slice(0, -2);
    if (this.sees(spec, 'probe')) {
      this.endProbe(id, spec);
    }
    if (this.sees(spec, 'server')) {
      this.server.add('run.idle', {
        msgId,
        client: spec.client ?? 'lab-1',
        request: 'execute_request',
        hadInput: true
      });
    }
  }

  private endProbe(id: string, spec: IRunSpec): void {
    const here = { run: id, attribution: 'context' };
    for (const path of Object.keys(spec.writes ?? {})) {
      this.probe.add('file.settled', {
        ...here,
        realPath: path,
        stat: this.disk.stat(path),
        stillOpen: false
      });
      this.hash(path, 'after');
    }
    this.probe
      .add('run.code', {
        ...here,
        parse: 'ok',
        loads: [],
        stores: [],
        deletes: [],
        imports: [],
        magics: [],
        dynamic: [],
        attributeStores: [],
        subscriptStores: [],
        calls: [],
        constructs: [],
        ...spec.facts
      })
      .add('run.ended', {
        ...here,
        status: spec.status ?? 'ok',
        ename: spec.status === 'error' ? 'ValueError' : null,
        durationNs: '1000',
        threadsAlive: [],
        tasksPending: null,
        ...spec.ended
      });
  }

  private sees({ seenBy }: IRunSpec, who: 'server' | 'probe'): boolean {
    const there =
      who === 'server'
        ? this.options.recorder !== false
        : this.options.install !== 'none';
    return there && (seenBy ?? ['server', 'probe']).includes(who);
  }

  read(run: string | null, path: Name, stat: Stat | null = null): this {
    this.probe.add('file.opened', {
      run,
      attribution: run === null ? 'none' : 'context',
      path,
      realPath: path,
      ops: ['read'],
      via: 'audit',
      stat: stat ?? this.disk.stat(String(path)),
      outcome: 'opened'
    });
    return this;
  }

  /** Open for writing, and the new bytes on the disk; `finish` settles it. */
  write(run: string | null, path: string, content: string): this {
    this.probe.add('file.opened', {
      run,
      attribution: run === null ? 'none' : 'context',
      path,
      realPath: path,
      ops: ['write', 'create', 'truncate'],
      via: 'audit',
      stat: null,
      outcome: 'unknown'
    });
    this.disk.put(path, content);
    return this;
  }

  /** A file that was there before, hashed ahead. */
  put(path: string, content: string): this {
    this.disk.put(path, content);
    return this.hash(path, 'ahead');
  }

  hash(path: string, when: string): this {
    this.helper.add('file.hashed', {
      realPath: path,
      stat: this.disk.stat(path),
      sha256: this.disk.sha256(path),
      absent: null,
      when,
      fromCache: false
    });
    return this;
  }

  end(type = 'kernel.ended'): this {
    this.server.add(type, { reason: null });
    return this;
  }

  /** The last scan, as it comes before a record. */
  look(): this {
    this.helper.add('scan.done', {
      root: '/home/ann/work',
      complete: true,
      entries: 3
    });
    return this;
  }

  get sources(): IJournalSource[] {
    const { recorder, install, scan } = this.options;
    return [
      ...(recorder === false ? [] : [this.server.source]),
      ...(install === 'none' ? [] : [this.probe.source]),
      ...(scan === false ? [] : [this.helper.source])
    ];
  }

  get files(): IJournalFile[] {
    return this.sources.map(source => readJournalFile(source));
  }
}

function observer(kind: string): object {
  return {
    id: kind,
    kind,
    domain: 'tenant',
    version: '0.1.0',
    host: 'anns-laptop',
    bootId: null
  };
}

export interface IRequestSpec {
  sessions: FakeSession[];
  /** Absolute paths on the (last) session's disk. */
  subjects: string[];
  change?: Partial<AttestRequested>;
  /** Whether the last scan came; it does unless told. */
  looked?: false;
}

/** The request for a record about files as they are on the disk now. */
export function requestFor(spec: IRequestSpec): IRecordInput {
  const last = spec.sessions.at(-1)!;
  const looked = spec.sessions.map(s => (spec.looked === false ? s : s.look()));
  const sources = looked.flatMap(session => session.sources);
  const request: AttestRequested = {
    v: 1,
    sid: 'attest-1',
    seq: 0,
    t: '2026-11-25T08:00:00.000000Z',
    mono: '1',
    by: 'attest',
    prev: null,
    type: 'attest.requested',
    invocationId: 'urn:uuid:22222222-2222-4222-8222-222222222222',
    document: NOTEBOOK,
    base: '/home/ann/work',
    home: '/home/ann',
    subjects: spec.subjects.map(path => ({
      path,
      sha256: last.disk.sha256(path),
      stat: last.disk.stat(path),
      sid: last.sid
    })),
    classifications: [],
    drops: [],
    options: { code: false, packages: true, userName: false, fullPaths: false },
    userName: 'ann',
    deriver: { name: 'jupyter-attest', version: '0.1.0' },
    prefixes: sources.map(source => prefixOf(readJournalFile(source))),
    startedOn: '2026-11-24T09:00:00Z',
    finishedOn: '2026-11-24T09:10:00Z',
    ...spec.change
  };
  return { request, sources, hashed: [], text: () => 'secret = 1' };
}

/** A usual morning: data read, a model fitted and written, the notebook saved. */
export function usualSession(options: ISessionOptions = {}): FakeSession {
  const session = new FakeSession(options);
  session.put('/home/ann/work/data/train.csv', 'a,b\n1,2\n');
  session.run({ cellId: 'c1', code: 'import pandas' });
  session.run({
    cellId: 'c2',
    code: 'read',
    reads: ['/home/ann/work/data/train.csv']
  });
  session.run({
    cellId: 'c3',
    code: 'fit',
    writes: { '/home/ann/work/model.joblib': 'weights' }
  });
  session.run({ cellId: 'c4', code: 'show' });
  session.save([
    ['c1', 'import pandas'],
    ['c2', 'read'],
    ['c3', 'fit'],
    ['c4', 'show']
  ]);
  return session;
}
