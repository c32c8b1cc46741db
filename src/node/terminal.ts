/** Everything that the program says goes through here: answers, messages, progress. */
import { SingleBar } from 'cli-progress';
import readline from 'node:readline/promises';
import { printable, shorten } from './text';

/** What the program runs in; tests hand in their own. */
export interface ITerminal {
  /** The answer: standard output. */
  out(text: string): void;
  /** Messages beside the answer: standard error. */
  err(text: string): void;
  /** Whether a person watches standard error. */
  readonly interactive: boolean;
  /** Show how far a long work is; does nothing where nobody watches. */
  progress(label: string, total: number, unit: ProgressUnit): IProgress;
  /** Ask yes or no. @returns null where there is nobody to ask. */
  confirm(question: string): Promise<boolean | null>;
  /** Everything from standard input. */
  readInput(): Promise<string>;
}

export type ProgressUnit = 'bytes' | 'cells' | 'files' | 'runs';

export interface IProgress {
  update(done: number, total?: number, label?: string): void;
  /** Take the bar off the screen. */
  stop(): void;
}

export const SILENT_PROGRESS: IProgress = {
  update: () => undefined,
  stop: () => undefined
};

/** Work shorter than this shows no bar. */
const SHOW_AFTER_MS = 400;

/** The terminal that this process was started in. */
export function processTerminal(): ITerminal {
  const interactive = Boolean(process.stderr.isTTY);
  return {
    out: text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    interactive,
    progress: (label, total, unit) =>
      interactive ? progressBar(label, total, unit) : SILENT_PROGRESS,
    confirm: question =>
      process.stdin.isTTY && interactive
        ? ask(question)
        : Promise.resolve(null),
    readInput
  };
}

function progressBar(
  label: string,
  total: number,
  unit: ProgressUnit
): IProgress {
  const startedAtMs = Date.now();
  const format = unit === 'bytes' ? formatBytes : String;
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{label} [{bar}] {done} of {end}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true
  });
  let text = label;
  let end = total;
  return {
    update(done, newTotal, newLabel) {
      end = newTotal ?? end;
      text = newLabel ?? text;
      if (Date.now() - startedAtMs < SHOW_AFTER_MS) {
        return;
      }
      const shown = {
        label: shorten(printable(text), 30),
        done: format(done),
        end: format(end)
      };
      if (!bar.isActive) {
        bar.start(end, done, shown);
      }
      bar.setTotal(end);
      bar.update(done, shown);
    },
    stop: () => bar.stop()
  };
}

async function ask(question: string): Promise<boolean> {
  const prompt = readline.createInterface({
    input: process.stdin,
    output: process.stderr
  });
  try {
    const answer = await prompt.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A size for people, decimal: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) {
    return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  }
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
