/**
 * The story of a record in plain words, short enough for a tired person:
 * what, when, by which runs, from which data, what nobody saw, and who could
 * have changed it.
 */
import type { IExplainReply } from '../api';
import type { FileDependency, OrderVerdict, Statement } from '../record/types';
import {
  formatCount,
  formatTime,
  listNames,
  plural,
  printable,
  shortDigest,
  shorten,
  table,
  wrap
} from './text';
import { bullets, ceilingSentence, gapLines } from './words';

/** Run that wrote a subject, from the run list beside the record. */
export interface IWriter {
  number: number;
  notebook: string | null;
}

/** What the story is told from. */
export interface IStoryFacts {
  reply: Omit<IExplainReply, 'story'>;
  statement: Statement;
  /** Run that wrote the file; null when the run list isn't at hand or doesn't say. */
  writer: IWriter | null;
  /** How people start this program, e.g. `jupyter attest`. */
  program: string;
  /** The file as a person names it. */
  shownFile: string;
}

/** At most so many inputs and gaps are named: a story stays under 25 lines. */
const SHOWN_INPUTS = 4;
const SHOWN_GAPS = 3;

/** The story, at most 24 lines of 80 characters. */
export function tellStory(facts: IStoryFacts): string[] {
  return [
    ...fileLines(facts),
    '',
    ...makingLines(facts),
    ...inputLines(facts),
    '',
    ...gapSection(facts),
    '',
    ...trustLines(facts)
  ];
}

const FILE_STATE: Record<IExplainReply['fileState'], string> = {
  same: 'The file here is the one that the record is about.',
  different: 'The file here is another one than the record is about.',
  gone: 'The file itself isn’t here.',
  'not-checked': 'The file here wasn’t compared with the record.'
};

function fileLines({ reply, shownFile }: IStoryFacts): string[] {
  const [first] = reply.subjects;
  const digest = reply.sha256 ?? first?.sha256;
  const title = `${printable(shownFile)}${digest === undefined ? '' : `  (fingerprint ${shortDigest(digest)})`}`;
  const others = reply.subjects.length - 1;
  return [
    title,
    ...(reply.file === null && reply.fileState === 'not-checked'
      ? []
      : [FILE_STATE[reply.fileState]]),
    ...(others > 0
      ? [
          wrap(
            `The record is about ${plural(reply.subjects.length, 'file')}: ${listNames(
              reply.subjects.map(({ name }) => printable(name, 40)),
              4
            )}.`
          )
        ]
      : [])
  ];
}

const ORDER_WORDS: Record<OrderVerdict, string> = {
  'top-to-bottom': 'Its cells ran once each, from top to bottom.',
  'in-order':
    'Its cells ran in their order, with some skipped, repeated or edited.',
  'out-of-order': 'Its cells ran out of order.',
  unknown: 'How that compares with the saved notebook isn’t known.'
};

function makingLines({ statement, writer }: IStoryFacts): string[] {
  const { buildDefinition, runDetails } = statement.predicate;
  const { runs, order, documents, clients } =
    buildDefinition.externalParameters;
  const { recording, machine } = buildDefinition.internalParameters;
  const execution = buildDefinition.buildType.includes('execution');
  const names = documents.map(({ name }) => printable(name, 60));
  const notebook =
    (writer?.notebook === null || writer?.notebook === undefined
      ? null
      : printable(writer.notebook, 60)) ??
    names[0] ??
    'a session without a notebook';
  const by =
    writer === null
      ? `by ${notebook}`
      : `by run ${writer.number} of ${plural(runs.total, 'run')} of ${notebook}`;
  const how = execution
    ? 'in a fresh kernel, run from the top by a program'
    : 'in an interactive session';
  const others = names.filter(name => name !== notebook);
  const labels = Object.keys(clients ?? {});
  return [
    wrap(
      `Made on ${formatTime(runDetails.metadata.finishedOn)} ${by}, ${how}${machine.python === undefined ? '' : `, with Python ${printable(machine.python.split(' ')[0] ?? '', 20)}`}.`
    ),
    wrap(
      `${keptSentence(runs)} ${ORDER_WORDS[order]}${others.length > 0 ? ` Runs of ${listNames(others)} belong to it.` : ''}${labels.length > 1 ? ` Code came from ${listNames(labels.map(label => printable(label, 30)))}.` : ''}`
    ),
    ...lateLines(recording.install, recording.runsBeforeStart)
  ];
}

function keptSentence(runs: { total: number; kept: number }): string {
  return runs.kept === runs.total
    ? `All ${plural(runs.total, 'recorded run')} may have mattered.`
    : `${formatCount(runs.kept)} of ${plural(runs.total, 'recorded run')} may have mattered.`;
}

function lateLines(
  install: 'launch' | 'late' | 'none',
  runsBefore: number
): string[] {
  switch (install) {
    case 'launch':
      return runsBefore === 0
        ? []
        : [
            wrap(
              `Recording started late: at least ${plural(runsBefore, 'run')} came before it. What they did is unknown.`
            )
          ];
    case 'late':
      return [
        wrap(
          `Recording started late: ${runsBefore === 0 ? 'what was done before is unknown' : `at least ${plural(runsBefore, 'run')} came before it. What they did is unknown`}.`
        )
      ];
    case 'none':
      return [
        'Nothing inside the kernel reported: files read and written weren’t seen.'
      ];
  }
}

const ON_DISK: Record<IExplainReply['inputs'][number]['onDisk'], string> = {
  same: 'still the same here',
  different: 'different here now',
  'not-here': 'not here',
  'not-checked': 'not compared'
};

function inputLines({ reply, statement }: IStoryFacts): string[] {
  const { inputs } = reply;
  if (inputs.length === 0) {
    return ['It read no data file that was seen.'];
  }
  const made = new Map(
    fileDependencies(statement).map(({ name, annotations }) => [
      name,
      annotations.nb_fromSession !== undefined
    ])
  );
  const shown = inputs.slice(
    0,
    inputs.length > SHOWN_INPUTS ? SHOWN_INPUTS - 1 : SHOWN_INPUTS
  );
  const rows = shown.map(({ name, sha256, onDisk }) => [
    `  ${shorten(printable(name), 34)}`,
    sha256 === null ? '-' : shortDigest(sha256),
    `${ON_DISK[onDisk]}${made.get(name) === true ? ', made by an earlier session' : ''}`
  ]);
  const hidden = inputs.length - shown.length;
  return [
    'Made from:',
    ...table(rows),
    ...(hidden > 0 ? [`  and ${plural(hidden, 'more file')}`] : [])
  ];
}

/** Files read, as the statement names them; packages and lists left out. */
export function fileDependencies(statement: Statement): FileDependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    (each): each is FileDependency =>
      each.annotations !== undefined && 'nb_root' in each.annotations
  );
}

function gapSection({ reply }: IStoryFacts): string[] {
  const gaps = reply.summary?.gaps ?? [];
  return gaps.length === 0
    ? [`Not recorded: ${gapLines(gaps).join('')}`]
    : ['Not recorded:', ...bullets(gapLines(gaps, SHOWN_GAPS))];
}

function trustLines(facts: IStoryFacts): string[] {
  const { reply, program, shownFile } = facts;
  const ceiling = reply.summary?.ceiling;
  const check =
    reply.file === null || !reply.signed
      ? []
      : [`Check it: ${program} verify ${printable(shownFile)}`];
  return [
    wrap(whoSentence(reply)),
    ...(ceiling === undefined
      ? []
      : [wrap(`All in all: ${ceilingSentence(ceiling)}`)]),
    ...check
  ];
}

/** Has it changed, who signed, and who could have changed it before that. */
function whoSentence(reply: IStoryFacts['reply']): string {
  if (!reply.signed) {
    return 'Not signed: anyone could have written or changed this record.';
  }
  const key = keyWords(reply);
  switch (reply.signatureHolds) {
    case true:
      return `Unchanged since it was signed with ${key}. Whoever holds that key could have written anything in it.`;
    case false:
      return 'The record doesn’t match its signature: it was changed or damaged. Don’t rely on anything above.';
    case null:
      return `Signed with a key that this computer doesn’t know${reply.keyHint === null ? '' : ` (${keyShort(reply.keyHint)})`}. It may not come from whom it names.`;
  }
}

function keyWords({ keyName, keyHint }: IStoryFacts['reply']): string {
  const short = keyHint === null ? '' : ` ${keyShort(keyHint)}`;
  return keyName === null
    ? `key${short}`
    : `key${short} (“${printable(keyName, 64)}”)`;
}

/** First 8 hex characters of the key's fingerprint, from the hint. */
function keyShort(hint: string): string {
  return shortDigest(Buffer.from(hint, 'base64').toString('hex'));
}
