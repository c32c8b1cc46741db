/** Runs of a record as the command line tells them: kept or left out, why, read, wrote. */
import type { IRunNote } from '../api';
import {
  detailWords,
  leftOutWords,
  reasonWords,
  verdictWords,
  type IShow,
  type ITranslator
} from '../record/words';
import {
  formatCount,
  listNames,
  printable,
  shorten,
  WIDTH,
  wrap
} from './text';

/** Words without a translation. */
export const ENGLISH: ITranslator = {
  __: (text, ...args) => fill(text, args),
  _n: (one, many, n, ...args) => fill(n === 1 ? one : many, [n, ...args])
};

function fill(text: string, args: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, n) => String(args[Number(n) - 1]));
}

const SHOW: IShow = { text: text => printable(text, 120), count: formatCount };

/** Names of read or written files that are listed one by one. */
const MAX_NAMES = 6;

const isKept = ({ verdict }: IRunNote): boolean =>
  verdict === 'needed' || verdict === 'kept-undecided';

const isByPerson = ({ verdict }: IRunNote): boolean =>
  verdict === 'dropped-by-user';

/** The whole list, in the order in which the runs ran. */
export function runLines(notes: readonly IRunNote[]): string[] {
  const several = new Set(notes.map(({ session }) => session)).size > 1;
  const kept = notes.filter(isKept).length;
  const width = Math.max(...notes.map(({ number }) => String(number).length));
  return [
    `Runs, in the order in which they ran (${formatCount(kept)} of ${formatCount(notes.length)} kept):`,
    ...notes.flatMap((note, index) => [
      ...(several && notes[index - 1]?.session !== note.session
        ? ['', sessionLine(note)]
        : []),
      ...oneRun(note, width)
    ])
  ];
}

function sessionLine({ session, notebook }: IRunNote): string {
  const of = notebook === null ? '' : `, ${printable(notebook, 60)}`;
  return `Session ${printable(session, 10)}${of}:`;
}

function oneRun(note: IRunNote, width: number): string[] {
  const { number, verdict, line, reads, writes, status } = note;
  const word = verdictWords(ENGLISH, printable(verdict, 30));
  const head = `  ${String(number).padStart(width)}  ${word.padEnd(20)}  `;
  const code =
    line === null
      ? '(its text isn’t here)'
      : shorten(printable(line.trim(), 200), WIDTH - head.length);
  const indent = ' '.repeat(width + 4);
  const fact = (term: string, text: string): string =>
    wrap(text, `${indent}${term}: `);
  return [
    `${head}${code}`,
    ...(status === 'ok' ? [] : [fact('ended', printable(status, 30))]),
    fact('why', whyWords(note)),
    ...(reads.length === 0 ? [] : [fact('read', names(reads))]),
    ...(writes.length === 0 ? [] : [fact('wrote', names(writes))])
  ].flatMap(text => text.split('\n'));
}

const names = (files: readonly string[]): string =>
  listNames(
    files.map(name => printable(name, 100)),
    MAX_NAMES
  );

function whyWords(note: IRunNote): string {
  const reason = reasonWords(ENGLISH, printable(note.reason, 60));
  if (isByPerson(note)) {
    return `${reason}. ${leftOutWords(ENGLISH, note.because, SHOW)}`;
  }
  const details = note.because.map(each => detailWords(ENGLISH, each, SHOW));
  return [reason, ...details].join('; ');
}

/** Each run that a person left out, in a sentence or two; what is used of it isn't hidden. */
export function leftOutLines(notes: readonly IRunNote[]): string[] {
  return notes.filter(isByPerson).map(note => {
    const { number, reads, writes, because } = note;
    const did = [
      ...(reads.length === 0 ? [] : [`read ${names(reads)}`]),
      ...(writes.length === 0 ? [] : [`wrote ${names(writes)}`])
    ];
    return [
      `Run ${formatCount(number)} was left out by a person.`,
      leftOutWords(ENGLISH, because, SHOW),
      ...(did.length === 0 ? [] : [`It ${did.join(' and ')}.`])
    ].join(' ');
  });
}
