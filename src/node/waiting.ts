/** Waits until the recorder's helper has written what it knows of open sessions. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IContext } from './context';
import { isAlive, listSessions, observersIn } from './journals';

/** Longest wait, ms: a helper with much to hash goes on without us. */
const PATIENCE_MS = 10_000;
const POLL_MS = 25;
/** Enough for the first lines of a journal, and for its last one. */
const PEEK_BYTES = 64 * 1024;

/**
 * Ask the helpers of open sessions for a last look and wait for them: a record that is made
 * right after a run must not say that nobody looked. The server has done so when it asks.
 */
export async function awaitHelpers({ env, places }: IContext): Promise<void> {
  if (env.JUPYTER_ATTEST_FLUSHED) {
    return;
  }
  const wishes = listSessions(places.home)
    .filter(({ folder }) => isHelped(path.join(folder, 'helper.jsonl')))
    .flatMap(({ folder }) => wish(path.join(folder, 'wanted')));
  const until = Date.now() + PATIENCE_MS;
  while (wishes.some(file => fs.existsSync(file)) && Date.now() < until) {
    await sleep(POLL_MS);
  }
}

/** Leave the mark that the helper removes when it is done; none where we may not write. */
function wish(file: string): string[] {
  try {
    fs.writeFileSync(file, '', { mode: 0o600 });
    return [file];
  } catch {
    return [];
  }
}

/** Whether a helper still writes this file. */
function isHelped(file: string): boolean {
  const ends = peek(file);
  return (
    ends !== null &&
    !ends.last.includes('"observer.left"') &&
    observersIn(ends.first).some(isAlive)
  );
}

function peek(file: string): { first: Buffer; last: string } | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fs.fstatSync(descriptor);
    const part = (from: number) => {
      const bytes = Buffer.alloc(Math.min(PEEK_BYTES, size - from));
      fs.readSync(descriptor, bytes, 0, bytes.length, from);
      return bytes;
    };
    const end = part(Math.max(0, size - PEEK_BYTES)).toString('utf8');
    return { first: part(0), last: end.trimEnd().split('\n').at(-1) ?? '' };
  } finally {
    fs.closeSync(descriptor);
  }
}
