/** Sentences for people about records: facts go in, plain words come out. */
import type {
  ICeiling,
  ICreateDone,
  ICreateRefused,
  IRecordSummary,
  IRunNote
} from '../api';
import type { GateCode } from '../assurance/types';
import { showPath, type ICommonOptions, type IContext } from './context';
import type { IKept } from './keep';
import { leftOutLines } from './run-words';
import {
  formatCount,
  formatTime,
  plural,
  printable,
  quote,
  shortDigest,
  table,
  wrap
} from './text';

/** Why the gate to L1 isn't met, per condition that doesn't hold. */
const GATE_WORDS: Record<GateCode, string> = {
  'known-builder': 'it names a builder that this program does not know',
  'start-seen': 'recording did not begin with the kernel',
  'nothing-missed': 'part of what happened was not recorded, or was left out',
  'subjects-seen': 'how a file was written was not seen in full',
  'source-recorded': 'no saved notebook was seen',
  'order-recorded':
    "the order of the runs can't be held against a saved notebook"
};

/** The ceiling as one sentence with its reasons. */
export function ceilingSentence(ceiling: ICeiling): string {
  const missing = ceiling.reasons
    .filter(({ code, holds }) => !holds && code in GATE_WORDS)
    .map(({ code }) => GATE_WORDS[code as GateCode]);
  return ceiling.level === 'L1'
    ? "at most SLSA Build L1, because its author controls the kernel and the computer. Signing doesn't raise it."
    : `at most SLSA Build L1, and L1 itself isn't reached: ${missing.join('; ')}.`;
}

/** Every gap as a sentence, with how often it was seen. */
export function gapLines(
  gaps: IRecordSummary['gaps'],
  limit = Number.POSITIVE_INFINITY
): string[] {
  if (gaps.length === 0) {
    return ["No gaps noticed. That doesn't prove there are none."];
  }
  const shown = gaps.slice(0, gaps.length > limit ? limit - 1 : gaps.length);
  const lines = shown.map(({ sentence, count }) =>
    count > 1
      ? `${printable(sentence, 300)} (${formatCount(count)}×)`
      : printable(sentence, 300)
  );
  const hidden = gaps.length - shown.length;
  return hidden > 0
    ? [...lines, `and ${plural(hidden, 'more kind')} of gap`]
    : lines;
}

/** Lines of a bullet list that fits the width. */
export function bullets(lines: readonly string[], indent = '  '): string[] {
  return lines.map(line => wrap(line, `${indent}- `, `${indent}  `));
}

/** A record that was made, or would be. */
export interface ICreated {
  done: ICreateDone;
  /** Null on a dry run. */
  kept: IKept | null;
  /** Runs that the author left out. */
  leftOut: readonly IRunNote[];
}

/** Answer of `create` for a person. */
export function formatCreated(
  context: IContext,
  options: ICommonOptions,
  { done, kept, leftOut }: ICreated
): string {
  const { summary } = done;
  const subjects = subjectNames(done);
  const lines = [
    headline(done, subjects),
    '',
    ...(kept === null ? [] : placeLines(context, options, kept)),
    wrap(
      `${plural(summary.filesRead, 'file')} read, ${formatCount(summary.runsKept)} of ${plural(summary.runsTotal, 'run')} kept, ${plural(summary.filesWritten, 'file')} written.`,
      'It says: '
    ),
    ...(leftOut.length === 0
      ? []
      : ['Left out by you:', ...bullets(leftOutLines(leftOut))]),
    wrap(ceilingSentence(summary.ceiling), 'It claims: '),
    ...(summary.gaps.length === 0
      ? [`Not recorded: ${gapLines([]).join('')}`]
      : ['Not recorded:', ...bullets(gapLines(summary.gaps))])
  ];
  return `${[...lines, ...nextLines(context, done, kept, subjects)].join('\n')}\n`;
}

function subjectNames({ request }: ICreateDone): string[] {
  return request.subjects.map(({ path }) =>
    typeof path === 'string' ? path : ''
  );
}

function headline(done: ICreateDone, subjects: readonly string[]): string {
  const names = subjects.map(name => printable(lastPart(name)));
  const about = names.length === 1 ? names[0] : plural(names.length, 'file');
  if (done.dryRun) {
    return `A record of ${about} would be made of these ${plural(done.statementBytes, 'byte')}. Nothing was written.`;
  }
  return done.signed
    ? `Made a signed record of ${about}.`
    : `Made a record of ${about}, not signed: anyone could change it.`;
}

function lastPart(file: string): string {
  return file.split(/[\\/]/).pop() ?? file;
}

/** Where the record went, and where it couldn't go. */
function placeLines(
  context: IContext,
  options: ICommonOptions,
  { record, folder, copy }: IKept
): string[] {
  const show = (file: string): string =>
    printable(showPath(context, options, file), 400);
  const places: [string, string, string | null][] = [
    ['Beside the file', show(copy.path), copy.problem],
    ...(folder === null
      ? []
      : ([['With its details', show(folder.path), folder.problem]] as [
          string,
          string,
          string | null
        ][])),
    ['Journal home', show(record), null]
  ];
  const rows = places.map(([what, file, problem]) => [
    `  ${what}`,
    problem === null ? file : `not written: ${printable(problem, 200)}`
  ]);
  const failed = places.some(([, , problem]) => problem !== null);
  return [
    ...table(rows),
    ...(failed ? ['  The record in the journal home is whole.'] : []),
    ''
  ];
}

function nextLines(
  context: IContext,
  done: ICreateDone,
  kept: IKept | null,
  subjects: readonly string[]
): string[] {
  if (kept === null) {
    return [];
  }
  const first = subjects[0] ?? '';
  const shown = quote(showPath(context, {}, first));
  return [
    '',
    'Next:',
    ...(done.signed ? [`  ${context.program} verify ${shown}`] : []),
    `  ${context.program} explain ${shown}`
  ];
}

/** Why no record was made, for a person. */
export function formatRefused(
  context: IContext,
  options: ICommonOptions,
  refused: ICreateRefused
): string {
  const files = refused.files.flatMap(file => {
    const run =
      file.run === null ? 'The session wrote' : `Run ${file.run} wrote`;
    return [
      '',
      `  ${printable(showPath(context, options, file.path), 400)}`,
      ...table([
        [
          `    ${run}`,
          file.recordedSha256 === null
            ? 'no fingerprint was taken'
            : shortDigest(file.recordedSha256),
          file.recordedAt === null ? '' : formatTime(file.recordedAt)
        ],
        [
          '    The file now',
          file.nowSha256 === null ? '-' : shortDigest(file.nowSha256),
          file.nowAt === null ? '' : formatTime(file.nowAt)
        ]
      ])
    ];
  });
  const cure =
    refused.reason === 'changed'
      ? [
          '',
          wrap(
            'Nothing recorded says what changed it. Run the cell again, put the recorded file back, or choose another file.'
          )
        ]
      : [];
  return `${[`No record was made. ${wrap(printable(refused.message, 600)).trimStart()}`, ...files, ...cure].join('\n')}\n`;
}
