/** Writes the journal of a session as the observers would, around real files. */
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { toStat } from '../files';

/** A run of a cell and what it does to files, by absolute path. */
export interface IRunScript {
  code: string;
  reads?: string[];
  /** Addresses, each with the digest of what arrived or null. */
  fetches?: Record<string, string | null>;
  /** Databases on this host. */
  asks?: string;
  /** What was seen of their answer. */
  answer?: object;
  /** Path → bytes that the run writes. */
  writes?: Record<string, string>;
  /** Done while the run is under way, unseen by anybody. */
  unseen?: () => void;
}

export interface ISessionScript {
  /** Absolute path of the notebook; null for none. */
  notebook: string | null;
  runs: IRunScript[];
  /** Fingerprints are left to be taken at attest time. */
  deferred?: boolean | 'too-large';
  /** The probe came in late, after so many runs. */
  runsMissed?: number;
  /** Leave the kernel running. */
  open?: boolean;
  /** Written by this process, so that the session counts as in use. */
  pid?: number;
}

export interface IRecordedFolder {
  sid: string;
  folder: string;
  /** Add what is recorded when a kernel is shut down. */
  end(): void;
}

const digest = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Times that rise by a second with every event, from now. */
let clockMs = Date.now() - 3_600_000;

class JournalWriter {
  constructor(
    private readonly file: string,
    private readonly sid: string
  ) {}

  add(type: string, by: string, fields: object): void {
    clockMs += 1;
    const line = JSON.stringify({
      v: 1,
      sid: this.sid,
      seq: this.seq,
      prev: this.prev,
      t: new Date(clockMs).toISOString().replace('Z', '000Z'),
      mono: String(clockMs * 1_000_000),
      by,
      type,
      ...fields
    });
    fs.appendFileSync(this.file, `${line}\n`);
    this.seq += 1;
    this.prev = digest(line);
  }

  private seq = 0;
  private prev: string | null = null;
}

/** Record a session in this journal home; its runs happen now. */
export function recordSession(
  home: string,
  script: ISessionScript
): IRecordedFolder {
  const sid = randomUUID();
  const folder = path.join(home, 'sessions', sid);
  const texts = path.join(folder, 'texts');
  fs.mkdirSync(texts, { recursive: true, mode: 0o700 });
  const key = randomBytes(32);
  fs.writeFileSync(path.join(folder, 'key'), key.toString('hex'));
  const server = new JournalWriter(path.join(folder, 'server.jsonl'), sid);
  const probe = new JournalWriter(
    path.join(folder, `probe-${randomUUID()}.jsonl`),
    sid
  );
  const helper = new JournalWriter(path.join(folder, 'helper.jsonl'), sid);
  const docId = script.notebook === null ? null : randomUUID();
  const keepText = (text: string): object => {
    const salt = createHmac('sha256', key)
      .update(text)
      .digest()
      .subarray(0, 16);
    const sha256 = digest(Buffer.concat([salt, Buffer.from(text)]));
    fs.writeFileSync(path.join(texts, sha256), text);
    const bytes = Buffer.byteLength(text);
    return { sha256, salt: salt.toString('base64'), bytes };
  };
  const cells = script.runs.map((run, index) => ({
    cellId: `cell-${index}`,
    code: keepText(run.code)
  }));

  startWriters({ server, probe, helper }, script);
  if (docId !== null) {
    server.add('document.bound', 'recorder', { docId, path: script.notebook });
  }
  server.add('client.seen', 'recorder', {
    client: 'client-1',
    label: 'lab',
    docId,
    evidence: 'session'
  });
  script.runs.forEach((run, index) =>
    recordRun({ server, probe, helper }, script, run, index, keepText(run.code))
  );
  look(helper);
  if (docId !== null && script.notebook !== null) {
    fs.writeFileSync(script.notebook, JSON.stringify({ cells }));
    const bytes = fs.readFileSync(script.notebook);
    server.add('document.saved', 'recorder', {
      docId,
      path: script.notebook,
      sha256: digest(bytes),
      bytes: bytes.length,
      cells
    });
  }
  const end = (): void =>
    server.add('kernel.ended', 'recorder', { reason: null });
  if (script.open !== true) {
    end();
  }
  return { sid, folder, end };
}

interface IWriters {
  server: JournalWriter;
  probe: JournalWriter;
  helper: JournalWriter;
}

function startWriters(writers: IWriters, script: ISessionScript): void {
  const started = {
    program: { name: 'jupyter-attest', version: '0.1.0' },
    python: '3.12.1',
    platform: 'test'
  };
  const observer = (id: string, kind: string): object => ({
    observer: {
      id,
      kind,
      domain: 'tenant',
      version: '0.1.0',
      host: script.pid === undefined ? 'elsewhere' : os.hostname(),
      bootId: null,
      ...(script.pid === undefined ? {} : { pid: script.pid })
    }
  });
  const loose = { run: null, attribution: 'none' };
  writers.server.add('journal.started', 'recorder', started);
  writers.server.add(
    'observer.joined',
    'recorder',
    observer('recorder', 'server')
  );
  writers.server.add('kernel.started', 'recorder', {
    kernelId: randomUUID(),
    previousSid: null,
    kernelName: 'python3',
    language: 'python',
    specSha256: null,
    provisioner: 'jupyter-attest',
    probe: 'expected'
  });
  writers.probe.add('journal.started', 'probe', { ...loose, ...started });
  writers.probe.add('observer.joined', 'probe', {
    ...loose,
    ...observer('probe', 'probe')
  });
  writers.probe.add('probe.hello', 'probe', {
    ...loose,
    version: '0.1.0',
    digest: null,
    pid: 1,
    python: '3.12.1',
    implementation: 'cpython',
    ipykernel: '7.0.0',
    ipython: '9.0.0',
    install: script.runsMissed === undefined ? 'launch' : 'late',
    runsMissed: script.runsMissed ?? 0,
    channels: { audit: 'ok', wrappers: [] },
    cwd: null,
    prefixes: [],
    flags: {},
    hashSeed: 'random'
  });
  writers.helper.add('journal.started', 'scan', started);
  writers.helper.add('observer.joined', 'scan', observer('scan', 'scan'));
  writers.helper.add('scan.started', 'scan', {
    roots: [],
    excluded: [],
    budget: { entries: 20000, ms: 200 }
  });
  look(writers.helper);
}

function look(helper: JournalWriter): void {
  helper.add('scan.done', 'scan', { root: '/', complete: true, entries: 1 });
}

function recordRun(
  { server, probe, helper }: IWriters,
  script: ISessionScript,
  run: IRunScript,
  index: number,
  code: object
): void {
  const msgId = `msg-${index + 1}`;
  const attributed = { run: `${msgId}/0`, attribution: 'context' };
  server.add('run.input', 'recorder', {
    msgId,
    client: 'client-1',
    code,
    executionCount: index + 1,
    subshell: null
  });
  probe.add('run.started', 'probe', {
    ...attributed,
    parentRun: null,
    cellId: `cell-${index}`,
    requestMetadataKeys: ['cellId'],
    client: 'client-1',
    code,
    transformedSha256: null,
    kind: 'cell',
    storeHistory: true,
    executionCount: index + 1
  });
  const opened = (file: string, ops: string[]): void =>
    probe.add('file.opened', 'probe', {
      ...attributed,
      path: file,
      realPath: file,
      ops,
      via: 'audit',
      stat: fs.existsSync(file) ? statNow(file) : null,
      outcome: 'opened'
    });
  const hashed = (file: string): void =>
    helper.add('file.hashed', 'scan', {
      realPath: file,
      stat: statNow(file),
      ...(script.deferred
        ? {
            sha256: null,
            absent: script.deferred === true ? 'deferred' : script.deferred
          }
        : { sha256: digest(fs.readFileSync(file)), absent: null }),
      when: 'after',
      fromCache: false
    });
  (run.reads ?? []).forEach(file => {
    opened(file, ['read']);
    hashed(file);
  });
  Object.entries(run.fetches ?? {}).forEach(([url, sha256]) =>
    probe.add('remote.read', 'probe', {
      ...attributed,
      url,
      status: 200,
      sha256,
      received: 9
    })
  );
  if (run.asks !== undefined) {
    const asked = { dialect: 'postgresql', host: run.asks, database: 'd' };
    const result = run.answer === undefined ? {} : { result: run.answer };
    probe.add('db.queried', 'probe', { ...attributed, ...asked, ...result });
  }
  Object.entries(run.writes ?? {}).forEach(([file, bytes]) => {
    opened(file, ['write', 'create', 'truncate']);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
    probe.add('file.settled', 'probe', {
      ...attributed,
      realPath: file,
      stat: statNow(file),
      stillOpen: false
    });
    hashed(file);
  });
  run.unseen?.();
  probe.add('run.ended', 'probe', {
    ...attributed,
    status: 'ok',
    ename: null,
    durationNs: '1000000',
    threadsAlive: [],
    tasksPending: 0
  });
  server.add('run.idle', 'recorder', {
    msgId,
    client: 'client-1',
    request: 'execute_request',
    hadInput: true
  });
}

function statNow(file: string): object {
  return toStat(fs.statSync(file, { bigint: true }));
}
