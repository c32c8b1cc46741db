/** Everything that the program says goes through here: answers, messages, progress. */
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

/** The terminal that this process was started in; a bar is only loaded where somebody sees it. */
export async function processTerminal(): Promise<ITerminal> {
  const interactive = Boolean(process.stderr.isTTY);
  const bars = interactive ? await import('./progress') : null;
  return {
    out: text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    interactive,
    progress: (label, total, unit) =>
      bars?.progressBar(label, total, unit) ?? SILENT_PROGRESS,
    confirm: question =>
      process.stdin.isTTY && interactive
        ? ask(question)
        : Promise.resolve(null),
    readInput
  };
}

async function ask(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({
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
