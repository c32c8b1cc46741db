/**
 * Write a journal of N runs as the recorder, the probe and the helper would:
 * each run reads a table and every tenth writes one; the last writes the model.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const sha256 = data => createHash('sha256').update(data).digest('hex');

/** One observer's file: hash-chained lines with their own clock. */
class Writer {
  constructor(sid, file, by) {
    Object.assign(this, { sid, file, by, seq: 0, prev: null, lines: [] });
    this.clock = Date.parse('2026-01-01T00:00:00Z');
  }

  write(type, fields) {
    this.clock += 10;
    const t = new Date(this.clock).toISOString().replace('Z', '000Z');
    const line = JSON.stringify({
      v: 1,
      sid: this.sid,
      seq: this.seq++,
      t,
      mono: String(this.clock * 1e6),
      by: this.by,
      type,
      prev: this.prev,
      ...fields
    });
    this.prev = sha256(line);
    this.lines.push(line);
  }

  close() {
    fs.writeFileSync(this.file, this.lines.join('\n') + '\n');
  }
}

function stat(file) {
  const s = fs.statSync(file, { bigint: true });
  return {
    dev: String(s.dev),
    ino: String(s.ino),
    size: Number(s.size),
    mtimeNs: String(s.mtimeNs),
    ctimeNs: String(s.ctimeNs),
    nlink: 1,
    fs: 'ext4'
  };
}

/**
 * @param home journal home, made if it isn't there
 * @param work folder of the notebook and its files, made if it isn't there
 * @param runs number of runs
 * @returns path of the model, the file to attest
 */
export function writeJournal(home, work, runs) {
  const sid = randomUUID();
  const folder = path.join(home, 'sessions', sid);
  fs.mkdirSync(path.join(folder, 'texts'), { recursive: true, mode: 0o700 });
  fs.mkdirSync(work, { recursive: true });
  const key = 'ab'.repeat(32);
  fs.writeFileSync(path.join(folder, 'key'), key, { mode: 0o600 });

  const text = code => {
    const salt = createHmac('sha256', Buffer.from(key, 'hex'))
      .update(code)
      .digest()
      .subarray(0, 16);
    const digest = sha256(Buffer.concat([salt, Buffer.from(code)]));
    fs.writeFileSync(path.join(folder, 'texts', digest), code);
    return {
      sha256: digest,
      salt: salt.toString('base64'),
      bytes: code.length
    };
  };
  const file = (name, content) => {
    const at = path.join(work, name);
    fs.writeFileSync(at, content);
    return { path: at, stat: stat(at), sha256: sha256(content) };
  };

  const notebook = file('bench.ipynb', '{"cells":[]}');
  const table = file('table.csv', 'a,b\n1,2\n');
  const model = file('model.bin', 'weights');
  const server = new Writer(sid, path.join(folder, 'server.jsonl'), 'server');
  const probe = new Writer(
    sid,
    path.join(folder, 'probe-bench.jsonl'),
    'probe'
  );
  const helper = new Writer(sid, path.join(folder, 'helper.jsonl'), 'helper');
  const observer = (id, kind) => ({
    observer: {
      id,
      kind,
      domain: 'tenant',
      version: '0',
      host: 'bench',
      bootId: null
    }
  });
  const platform = {
    program: { name: 'bench', version: '0' },
    platform: 'linux'
  };

  for (const [writer, kind] of [
    [server, 'server'],
    [probe, 'probe'],
    [helper, 'scan']
  ]) {
    const none = writer === probe ? { run: null, attribution: 'none' } : {};
    writer.write('journal.started', { ...platform, ...none });
    writer.write('observer.joined', { ...observer(writer.by, kind), ...none });
  }
  server.write('kernel.started', {
    kernelId: randomUUID(),
    previousSid: null,
    kernelName: 'python3',
    specSha256: null,
    provisioner: 'jupyter-attest',
    probe: 'expected'
  });
  server.write('document.bound', { docId: 'doc', path: notebook.path });
  server.write('client.seen', {
    client: 'client',
    label: 'lab',
    docId: 'doc',
    evidence: 'bench'
  });
  const outside = { run: null, attribution: 'none' };
  probe.write('probe.hello', {
    ...outside,
    version: '0',
    digest: null,
    pid: 1,
    python: '3.11.7',
    implementation: 'CPython',
    ipykernel: '7.0.0',
    ipython: '9.0.0',
    install: 'launch',
    runsMissed: 0,
    channels: { audit: 'ok', wrappers: [] },
    cwd: work,
    prefixes: ['/usr'],
    flags: {},
    hashSeed: 'random'
  });

  for (let n = 0; n < runs; n++) {
    const last = n === runs - 1;
    const msgId = `m${n}`;
    const during = { run: `${msgId}/0`, attribution: 'context' };
    const code = text(`x = ${n % 500}`);
    server.write('run.input', {
      msgId,
      client: 'client',
      code,
      executionCount: n + 1,
      subshell: null
    });
    probe.write('run.started', {
      ...during,
      parentRun: null,
      cellId: `cell-${n % 40}`,
      requestMetadataKeys: ['cellId'],
      client: 'client',
      code,
      transformedSha256: null,
      kind: 'cell',
      storeHistory: true
    });
    probe.write('run.code', {
      ...during,
      parse: 'ok',
      loads: [],
      stores: ['x'],
      deletes: [],
      imports: [],
      magics: [],
      dynamic: [],
      attributeStores: [],
      subscriptStores: [],
      calls: [],
      constructs: []
    });
    const opened = (what, ops, before) => ({
      ...during,
      path: what.path,
      realPath: what.path,
      ops,
      via: 'audit',
      library: null,
      function: null,
      stat: before,
      outcome: 'opened'
    });
    probe.write('file.opened', opened(table, ['read'], table.stat));
    if (last) {
      probe.write('file.opened', opened(model, ['write', 'create'], null));
      probe.write('file.settled', {
        ...during,
        realPath: model.path,
        stat: model.stat,
        stillOpen: false
      });
    }
    probe.write('run.ended', {
      ...during,
      status: 'ok',
      ename: null,
      durationNs: '1000000',
      threadsAlive: [],
      tasksPending: 0
    });
    server.write('run.idle', {
      msgId,
      client: 'client',
      request: 'execute_request',
      hadInput: true
    });
  }
  for (const what of [table, model]) {
    helper.write('file.hashed', {
      realPath: what.path,
      stat: what.stat,
      sha256: what.sha256,
      absent: null,
      when: 'after',
      fromCache: false
    });
  }
  [server, probe, helper].forEach(writer => writer.close());
  fs.appendFileSync(
    path.join(home, 'index.jsonl'),
    JSON.stringify({
      path: model.path,
      sha256: model.sha256,
      sid,
      t: '2026-01-01T00:00:00.000000Z'
    }) + '\n'
  );
  return model.path;
}
