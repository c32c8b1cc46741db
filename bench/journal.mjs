/**
 * A journal of any number of runs, as observers wrote it: the recorded session
 * `src/__tests__/corpus/rounds` with its second round of ten cells over and over, each
 * cell edited every tenth time. A round reads a table, looks at it, fits a model and
 * writes a table; the last run writes the model.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../scripts/lib.mjs';

const RECORDED = path.join(ROOT, 'src/__tests__/corpus/rounds');
const PROJECT = '/home/user/project';
const ROUND = 10;

const sha256 = data => createHash('sha256').update(data).digest('hex');

/** One observer's file: hash-chained lines, ten milliseconds apart. */
class Writer {
  constructor(file) {
    Object.assign(this, { file, seq: 0, prev: null, lines: [] });
  }

  write(event, clock) {
    const line = JSON.stringify({
      ...event,
      seq: this.seq++,
      t: new Date(clock).toISOString().replace('Z', '000Z'),
      mono: String(clock * 1e6),
      prev: this.prev
    });
    this.prev = sha256(line);
    this.lines.push(line);
  }

  close() {
    fs.writeFileSync(this.file, this.lines.join('\n') + '\n');
  }
}

/** The recorded session: what came before the runs, the runs by their place, and what came after. */
function readRecorded() {
  const [sid] = fs.readdirSync(RECORDED).filter(name => /^0/.test(name));
  const texts = JSON.parse(
    fs.readFileSync(path.join(RECORDED, 'texts.json'), 'utf8')
  );
  const before = [];
  const after = [];
  const runs = new Map();
  for (const file of fs.readdirSync(path.join(RECORDED, sid))) {
    const text = fs.readFileSync(path.join(RECORDED, sid, file), 'utf8');
    for (const line of text.trimEnd().split('\n')) {
      const event = JSON.parse(line);
      const id = event.msgId ?? event.run?.split('/')[0];
      if (id !== undefined) {
        runs.set(id, [...(runs.get(id) ?? []), { file, event }]);
      } else if (
        /^(kernel.ended|execution.ended|observer.left)$/.test(event.type)
      ) {
        after.push({ file, event });
      } else {
        before.push({ file, event });
      }
    }
  }
  const number = id => Number(id.split('_').at(-1));
  const inOrder = [...runs.keys()].sort((a, b) => number(a) - number(b));
  return {
    sid,
    texts,
    before,
    after,
    runs: inOrder.map(id => [id, runs.get(id)])
  };
}

/** The bytes' identity in an event: put in the place of the recorded one. */
function identityOf(file) {
  const found = fs.statSync(file, { bigint: true });
  return {
    dev: String(found.dev),
    ino: String(found.ino),
    size: Number(found.size),
    mtimeNs: String(found.mtimeNs),
    ctimeNs: String(found.ctimeNs)
  };
}

/** An event with other words in the place of some. */
function reworded(event, words) {
  let line = JSON.stringify(event);
  for (const [from, to] of words) {
    line = line.replaceAll(from, to);
  }
  return JSON.parse(line);
}

/**
 * @param home journal home, made if it isn't there
 * @param work folder of the notebook and its files, made if it isn't there
 * @param runs number of runs, more than the 22 that were recorded
 * @returns path of the model, the file to attest
 */
export function writeJournal(home, work, runs) {
  const recorded = readRecorded();
  const sid = randomUUID();
  const folder = path.join(home, 'sessions', sid);
  const key = Buffer.alloc(32);
  fs.mkdirSync(path.join(folder, 'texts'), { recursive: true, mode: 0o700 });
  fs.mkdirSync(work, { recursive: true });
  fs.writeFileSync(path.join(folder, 'key'), key.toString('hex'), {
    mode: 0o600
  });
  const model = path.join(work, 'out');
  fs.writeFileSync(model, 'weights');
  const written = { stat: identityOf(model), sha256: sha256('weights') };

  const kept = new Map();
  const keepText = code => {
    if (!kept.has(code)) {
      kept.set(code, writeText(code));
    }
    return kept.get(code);
  };
  const writeText = code => {
    const salt = createHmac('sha256', key)
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
  Object.values(recorded.texts).forEach(keepText);
  const writers = new Map();
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const write = (file, event) => {
    if (!writers.has(file)) {
      writers.set(file, new Writer(path.join(folder, file)));
    }
    clock += 10;
    writers.get(file).write(event, clock);
  };
  const places = [
    [recorded.sid, sid],
    [PROJECT, work]
  ];
  const lastId = recorded.runs.at(-1)[0];
  const before = Number(lastId.split('_').at(-1)) - recorded.runs.length;
  const numbered = n => lastId.replace(/\d+$/, String(n + before));
  /** What is said of the model is said of the one on this disk, by the last run. */
  const ofModel = event => {
    const { stat, ...rest } = reworded(event, [
      ...places,
      [`${lastId}"`, `${numbered(runs)}"`],
      [`${lastId}/`, `${numbered(runs)}/`]
    ]);
    if (rest.type === 'file.changed') {
      return { ...rest, after: { ...rest.after, ...atEnd(rest.path) } };
    }
    const isIts = rest.realPath === model && stat !== null;
    return isIts
      ? {
          ...rest,
          ...(rest.sha256 && { sha256: written.sha256 }),
          stat: written.stat
        }
      : stat === undefined
        ? rest
        : { ...rest, stat };
  };

  const begin = recorded.runs.slice(0, 1 + ROUND);
  const round = recorded.runs.slice(1 + ROUND, 1 + 2 * ROUND);
  const table = round
    .flatMap(([, events]) => events)
    .find(({ event }) => event.type === 'file.settled').event;
  const timeOf = n =>
    String(BigInt(table.stat.mtimeNs) + BigInt(n) * 10n ** 9n);
  /** What the look at the folder in the end finds of a file. */
  const atEnd = file => {
    if (file === model) {
      return written.stat;
    }
    const time = timeOf(Math.floor((runs - begin.length - 1) / ROUND));
    return { mtimeNs: time, ctimeNs: time };
  };
  recorded.before.forEach(({ file, event }) => write(file, ofModel(event)));
  begin.forEach(([, events]) =>
    events.forEach(({ file, event }) => write(file, reworded(event, places)))
  );
  const hashed = recorded.before.find(
    ({ event }) =>
      event.type === 'file.hashed' && event.realPath === table.realPath
  );
  const opened = round
    .at(-1)[1]
    .find(({ event }) => event.type === 'file.opened').event;
  for (let n = begin.length + 1; n < runs; n++) {
    const at = (n - begin.length - 1) % ROUND;
    const [id, events] = round[at];
    const was = begin.length + 1 + at;
    const edit = Math.floor((n - begin.length - 1) / ROUND / 10);
    const since = Math.floor((n - begin.length - 1) / ROUND);
    const words = [
      ...places,
      [`${id}"`, `${numbered(n)}"`],
      [`${id}/`, `${numbered(n)}/`],
      [`"_${was}"`, `"_${n}"`],
      [`"executionCount":${was},`, `"executionCount":${n},`],
      [table.stat.mtimeNs, timeOf(since + 1)],
      [opened.stat.mtimeNs, timeOf(since)]
    ];
    for (const { file, event } of events) {
      const source = recorded.texts[event.code?.sha256];
      const code =
        source === undefined
          ? undefined
          : keepText(edit === 0 ? source : `${source}  # ${edit}`);
      write(file, { ...reworded(event, words), ...(code && { code }) });
    }
    if (at === ROUND - 1) {
      const { ino, size, dev } = table.stat;
      const [mtimeNs, ctimeNs] = [timeOf(since + 1), timeOf(since + 1)];
      write(hashed.file, {
        ...reworded(hashed.event, places),
        stat: { dev, ino, size, mtimeNs, ctimeNs }
      });
    }
  }
  recorded.runs
    .at(-1)[1]
    .forEach(({ file, event }) => write(file, ofModel(event)));
  recorded.after.forEach(({ file, event }) => write(file, ofModel(event)));
  writers.forEach(writer => writer.close());
  fs.appendFileSync(
    path.join(home, 'index.jsonl'),
    JSON.stringify({
      path: model,
      sha256: written.sha256,
      sid,
      t: '2026-01-01T00:00:00.000000Z'
    }) + '\n'
  );
  return model;
}
