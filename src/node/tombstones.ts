/** Notes that something was deleted: the record then never claims more than is left. */
import fs from 'node:fs';
import path from 'node:path';
import type { EventOf } from '../journal/events';
import { readError } from './errors';
import { appendLines, makePrivateFolder, sha256, statOf } from './files';

type What = EventOf<'forgotten'>['what'];

/** Add tombstones to `forgotten.jsonl`, each chained to the line before. */
export function addTombstones(
  home: string,
  whats: readonly What[],
  now: Date
): void {
  makePrivateFolder(home);
  const file = path.join(home, 'forgotten.jsonl');
  const before = lastLine(file);
  let { seq, prev } = before;
  const lines = whats.map(what => {
    const line = JSON.stringify({
      v: 1,
      sid: '',
      seq,
      t: now.toISOString().replace('Z', '000Z'),
      mono: String(process.hrtime.bigint()),
      by: 'forget',
      type: 'forgotten',
      what,
      whom: 'user',
      prev
    });
    seq += 1;
    prev = sha256(line);
    return line;
  });
  appendLines(file, lines);
}

function lastLine(file: string): { seq: number; prev: string | null } {
  if (statOf(file) === null) {
    return { seq: 0, prev: null };
  }
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw readError(file, error);
  }
  const lines = text.split('\n').filter(line => line !== '');
  const last = lines[lines.length - 1];
  return { seq: lines.length, prev: last === undefined ? null : sha256(last) };
}
