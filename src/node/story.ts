/**
 * The story of a record in plain words, short enough for a tired person:
 * what, when, by which runs, from which data, what nobody saw, and who could
 * have changed it.
 */
import type { IExplainReply, IRunNote } from '../api';
import { arrivedDigest, fromElsewhere } from '../record/story';
import { databaseWords } from '../record/words';
import type { FileDependency, OrderVerdict, Statement } from '../record/types';
import {
  formatCount,
  formatTime,
  listNames,
  plural,
  printable,
  quote,
  shortDigest,
  shorten,
  table,
  WIDTH,
  wrap
} from './text';
import { ENGLISH, leftOutLines } from './run-words';
import { bullets, ceilingSentence, gapLines } from './words';

/** What the run list beside a record adds to its statement. */
export interface IRunList {
  /** Run that wrote the file; null when none did for sure. */
  writer: { number: number; notebook: string | null } | null;
  /** Notebook of each session, by the session's short name. */
  notebooks: ReadonlyMap<string, string>;
  /** Every run in its order, in short. */
  notes: readonly IRunNote[];
}

/** What the story is told from. */
export interface IStoryFacts {
  reply: Omit<IExplainReply, 'story'>;
  statement: Statement;
  /** Null when the run list isn't at hand. */
  runList: IRunList | null;
  /** The newest replay in a sentence. */
  replay: string | null;
  /** How people start this program, e.g. `jupyter attest`. */
  program: string;
  /** The file as a person names it. */
  shownFile: string;
}

/** How much is named rather than counted. */
interface IBudget {
  inputs: number;
  gaps: number;
}

const BUDGETS: readonly IBudget[] = [
  { inputs: 5, gaps: 4 },
  { inputs: 3, gaps: 3 },
  { inputs: 2, gaps: 2 },
  { inputs: 1, gaps: 1 }
];

/** More lines aren't read. */
const MAX_LINES = 24;

/** The story, at most 24 lines of 80 characters. */
export function tellStory(facts: IStoryFacts): string[] {
  const told = BUDGETS.map(budget => tell(facts, budget));
  const shortest = told[told.length - 1] as string[];
  return told.find(lines => lines.length <= MAX_LINES) ?? shortest;
}

function tell(facts: IStoryFacts, budget: IBudget): string[] {
  return [
    ...fileLines(facts),
    '',
    ...makingLines(facts),
    ...inputLines(facts, budget),
    '',
    ...gapSection(facts, budget),
    '',
    ...trustLines(facts)
  ].flatMap(text => text.split('\n'));
}

const FILE_STATE: Record<IExplainReply['fileState'], string> = {
  same: 'The file here is the one that the record is about.',
  different: 'The file here is another one than the record is about.',
  gone: "The file itself isn't here.",
  'not-checked': 'No file that the record is about is here.'
};

function fileLines({ reply, shownFile }: IStoryFacts): string[] {
  const digest = reply.sha256 ?? reply.subjects[0]?.sha256 ?? '';
  const names = reply.subjects.map(({ name }) => shorten(printable(name), 40));
  return [
    `${shorten(printable(shownFile), 50)}  (fingerprint ${shortDigest(digest)})`,
    names.length > 1
      ? wrap(
          `${FILE_STATE[reply.fileState]} The record is about ${plural(names.length, 'file')}: ${listNames(names)}.`
        )
      : FILE_STATE[reply.fileState]
  ];
}

const ORDER_WORDS: Record<OrderVerdict, string> = {
  'top-to-bottom': 'Its cells ran once each, from top to bottom.',
  'in-order':
    'Its cells ran in their order, with some skipped, repeated or edited.',
  'out-of-order': 'Its cells ran out of order.',
  unknown: 'No saved notebook was seen to compare the runs with.'
};

function makingLines({ statement, runList }: IStoryFacts): string[] {
  const { buildDefinition, runDetails } = statement.predicate;
  const { runs, order, documents, clients } =
    buildDefinition.externalParameters;
  const { recording, machine } = buildDefinition.internalParameters;
  const names = documents.map(({ name }) => shorten(printable(name), 48));
  const notebook = names[0] ?? 'a session without a notebook';
  const writer = runList?.writer ?? null;
  const by = writer === null ? notebook : `run ${writer.number} of ${notebook}`;
  const how = buildDefinition.buildType.includes('execution')
    ? 'run from the top in a fresh kernel'
    : 'in an interactive session';
  const python =
    machine.python === undefined
      ? ''
      : ` (Python ${printable(machine.python.split(' ')[0] ?? '', 20)})`;
  const others = names.slice(1);
  const labels = Object.keys(clients ?? {}).map(each => printable(each, 30));
  return [
    wrap(
      `Made on ${formatTime(runDetails.metadata.finishedOn)} by ${by}, ${how}${python}.`
    ),
    wrap(
      [
        ORDER_WORDS[order],
        keptSentence(runs, others),
        ...(labels.length > 1 ? [`Code came from ${listNames(labels)}.`] : []),
        ...(machine.seeds === undefined ? ['No random seed was seen.'] : [])
      ].join(' ')
    ),
    ...leftOutLines(runList?.notes ?? [])
      .slice(0, MAX_LEFT_OUT)
      .map(text => wrap(text)),
    ...lateLines(recording.install, recording.runsBeforeStart)
  ];
}

/** Runs left out by a person that are told one by one; the others are in the list of runs. */
const MAX_LEFT_OUT = 2;

function keptSentence(
  { total, kept }: { total: number; kept: number },
  others: readonly string[]
): string {
  const all = plural(total, 'recorded run');
  const some = total === 1 ? 'The one' : 'All';
  const who =
    kept === total
      ? `${some} ${all.replace(/^1 /, '')}`
      : `${formatCount(kept)} of ${all}`;
  const where = others.length === 0 ? '' : `, some in ${listNames(others)}`;
  return `${who} may have mattered${where}.`;
}

function lateLines(
  install: 'launch' | 'late' | 'none',
  runsBefore: number
): string[] {
  const missed =
    runsBefore === 0
      ? 'What was done before is unknown.'
      : `At least ${plural(runsBefore, 'run')} came before; what they did is unknown.`;
  if (install === 'none') {
    return [
      "Nothing inside the kernel reported: files read and written weren't seen."
    ];
  }
  return install === 'late' || runsBefore > 0
    ? [wrap(`Recording started late. ${missed}`)]
    : [];
}

const ON_DISK: Record<IExplainReply['inputs'][number]['onDisk'], string> = {
  same: 'still the same here',
  different: 'different here now',
  'not-here': 'not here',
  'not-checked': 'not compared'
};

/** Why a file that was read has no fingerprint, in a few words. */
function whyUnknown({
  nb_absent: reason,
  nb_unstable: unstable
}: FileDependency['annotations']): string {
  if (reason === 'mutable') {
    return 'mapped for writing';
  }
  return unstable === true
    ? 'changed while it was read'
    : (ABSENT_WORDS[reason ?? ''] ?? 'no fingerprint');
}

const ABSENT_WORDS: Record<string, string> = {
  changed: 'changed before it could be fingerprinted',
  gone: 'removed before it could be fingerprinted',
  'too-large': 'too large for a fingerprint',
  deferred: 'not fingerprinted yet',
  unreadable: 'not readable for a fingerprint',
  elsewhere: 'on another computer'
};

/** One line of what a file was made from. */
interface IInput {
  name: string;
  sha256: string | null;
  /** What stands in place of one fingerprint: `unknown` unless there are several. */
  digests?: string;
  /** In the room that is left of a line. */
  words: (room: number) => string;
}

/** What was read, that without a fingerprint first; the notebooks were named before. */
function inputLines(facts: IStoryFacts, { inputs: limit }: IBudget): string[] {
  const read = [...filesRead(facts), ...readElsewhere(facts)].sort(
    (a, b) => Number(b.sha256 === null) - Number(a.sha256 === null)
  );
  if (read.length === 0) {
    return ['It read no file that was seen.'];
  }
  const shown = read.slice(0, limit);
  const hidden = read.length - shown.length;
  const nameWidth = Math.min(
    NAME_WIDTH,
    Math.max(...shown.map(({ name }) => printable(name).length))
  );
  return [
    'Made from:',
    ...table(
      shown.map(({ name, sha256, digests = 'unknown', words }) => [
        `  ${shorten(printable(name), NAME_WIDTH)}`,
        sha256 === null ? digests : shortDigest(sha256),
        words(WIDTH - nameWidth - OTHER_COLUMNS)
      ])
    ),
    ...(hidden > 0 ? [`  and ${hidden} more`] : [])
  ];
}

function filesRead({ reply, statement, runList }: IStoryFacts): IInput[] {
  const states = new Map(reply.inputs.map(each => [each.name, each]));
  return fileDependencies(statement)
    .filter(({ annotations }) => annotations.nb_kind !== 'notebook')
    .map(({ name, digest, annotations }) => {
      const files = annotations.nb_files;
      const many = files === undefined ? '' : `${plural(files, 'file')}, `;
      const here = ON_DISK[states.get(name)?.onDisk ?? 'not-checked'];
      const state =
        many + (digest === undefined ? whyUnknown(annotations) : here);
      const maker = madeBy(annotations.nb_fromSession, runList);
      return {
        name,
        sha256: digest?.sha256 ?? null,
        words: room =>
          maker === null ? state : `${state}, ${maker(room - state.length)}`
      };
    });
}

function readElsewhere({ statement }: IStoryFacts): IInput[] {
  return fromElsewhere(statement).map(dependency => {
    const sha256 = arrivedDigest(dependency);
    const { annotations } = dependency;
    const words =
      annotations.nb_kind === 'database'
        ? databaseWords(ENGLISH, annotations, formatCount)
        : sha256 === null
          ? 'fetched; what arrived has no fingerprint'
          : 'fetched; fingerprint of what arrived';
    const several =
      annotations.nb_kind === 'database' && annotations.nb_absent === undefined;
    return {
      name: dependency.uri,
      sha256,
      ...(several ? { digests: 'several' } : {}),
      words: () => words
    };
  });
}

/** Longest name shown, so that all columns fit the width. */
const NAME_WIDTH = 26;
/** Indent, fingerprint, the spaces between and the comma. */
const OTHER_COLUMNS = 2 + 2 + 8 + 2 + 2;

/** Who made an input, in so many characters; null when no recorded session did. */
function madeBy(
  session: string | undefined,
  runList: IRunList | null
): ((width: number) => string) | null {
  if (session === undefined) {
    return null;
  }
  const notebook = runList?.notebooks.get(session);
  return width =>
    notebook === undefined
      ? 'made in a session'
      : `made by ${shorten(printable(notebook), width - 8)}`;
}

/** Files read, as the statement names them; packages and lists left out. */
export function fileDependencies(statement: Statement): FileDependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    (each): each is FileDependency =>
      each.annotations !== undefined && 'nb_root' in each.annotations
  );
}

function gapSection(
  { reply }: IStoryFacts,
  { gaps: limit }: IBudget
): string[] {
  const gaps = reply.summary?.gaps ?? [];
  return gaps.length === 0
    ? [`Not recorded: ${gapLines(gaps).join('')}`]
    : ['Not recorded:', ...bullets(gapLines(gaps, limit))];
}

function trustLines({
  reply,
  runList,
  replay,
  program,
  shownFile
}: IStoryFacts): string[] {
  const ceiling = reply.summary?.ceiling;
  const check =
    reply.file === null || !reply.signed
      ? []
      : [`Check it: ${program} verify ${quote(shownFile, 50)}`];
  const runs =
    runList === null
      ? []
      : [`Every run: ${program} explain ${quote(shownFile, 40)} --runs`];
  return [
    ...(replay === null ? [] : [wrap(replay)]),
    wrap(whoSentence(reply)),
    ...(ceiling === undefined
      ? []
      : [wrap(`All in all: ${ceilingSentence(ceiling)}`)]),
    ...check,
    ...runs
  ];
}

/** Has it changed, who signed, and who could have changed it before that. */
function whoSentence(reply: IStoryFacts['reply']): string {
  if (!reply.signed) {
    return 'Not signed: anyone could have written or changed this record.';
  }
  switch (reply.signatureHolds) {
    case true:
      return `Unchanged since it was signed with ${keyWords(reply)}. Whoever holds that key could have written anything in it.`;
    case false:
      return "The record doesn't match its signature: it was changed or damaged. Don't rely on anything above.";
    case null:
      return `Signed with a key that this computer doesn't know${keyShort(reply)}. It may not come from whom it names.`;
  }
}

function keyWords(reply: IStoryFacts['reply']): string {
  const name =
    reply.keyName === null ? '' : ` “${printable(reply.keyName, 64)}”`;
  return `the key${name}${keyShort(reply)}`;
}

/** First 8 hex characters of the key's fingerprint, from the hint. */
function keyShort({ keyHint }: IStoryFacts['reply']): string {
  return keyHint === null
    ? ''
    : ` (${shortDigest(Buffer.from(keyHint, 'base64').toString('hex'))})`;
}
