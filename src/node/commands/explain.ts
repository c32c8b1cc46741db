/** `explain`: the story of a file, from its record or, without one, from its session. */
import fs from 'node:fs';
import path from 'node:path';
import type { IExplainReply, IVerifyReply } from '../../api';
import { nameText } from '../../journal/names';
import { summarize } from '../../record/story';
import type { Statement } from '../../record/types';
import type { ReplayStatement } from '../../replay/types';
import { expected } from '../checking';
import { showPath, type ICommonOptions, type IContext } from '../context';
import { CliError, EXIT_NO } from '../errors';
import { hashFile } from '../files';
import { findBoth, parseStatement, type IFound } from '../finding';
import { History } from '../history';
import { isBundle, type IRecordFile } from '../records';
import { findReplays, parseReplay, replaySentence } from '../replays';
import { runLines } from '../run-words';
import { tellStory, type IRunList } from '../story';
import { compareInputs, findRunList } from '../surroundings';
import { traceSubject } from '../trace';
import { formatTime, printable, shortDigest, wrap } from '../text';
import { verifyRecord } from '../../verify/verify';
import { writerNumber } from '../written';

export interface IExplainOptions extends ICommonOptions {
  record?: string;
  /** List every run. */
  runs?: boolean;
}

export async function runExplain(
  context: IContext,
  name: string,
  options: IExplainOptions
): Promise<number> {
  const found = await findBoth(context, options, name);
  if (found.record === null) {
    return explainWithout(context, options, name, found);
  }
  const replayed = parseReplay(found.record);
  if (replayed !== null) {
    return explainReplay(context, options, found.record, replayed);
  }
  const { statement, reply, runList } = await readFacts(
    context,
    found,
    found.record
  );
  const story = tellStory({
    reply,
    statement,
    runList,
    replay: replaySentence(reply.replays ?? []),
    program: context.program,
    shownFile: found.file === null ? name : showPath(context, {}, found.file)
  });
  const show = (file: string | null): string | null =>
    file === null ? null : showPath(context, options, file);
  const notes = options.runs === true ? (runList?.notes ?? null) : undefined;
  const shown: IExplainReply = {
    ...reply,
    file: show(reply.file),
    record: show(reply.record),
    ...(notes === undefined
      ? {}
      : { runs: notes === null ? null : [...notes] }),
    story
  };
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(shown)}\n`
      : `${[...story, ...listLines(notes)].join('\n')}\n`
  );
  return 0;
}

/** The list of runs below the story, where it was asked for. */
function listLines(notes: IRunList['notes'] | null | undefined): string[] {
  if (notes === undefined) {
    return [];
  }
  return [
    '',
    ...(notes === null
      ? [
          'The list of runs isn’t on this computer. Ask the author for runs.json from the',
          'record’s folder.'
        ]
      : runLines(notes))
  ];
}

/** A replay's own statement: what it is about is told by the record. */
function explainReplay(
  context: IContext,
  options: ICommonOptions,
  { file }: IRecordFile,
  { predicate }: ReplayStatement
): number {
  const { externalParameters, internalParameters } = predicate.buildDefinition;
  const { finishedOn } = predicate.runDetails.metadata;
  const story = [
    `This is the statement of a replay, of ${formatTime(finishedOn)}.`,
    wrap(
      `It is about the record ${externalParameters.record.invocationId} and says: ${internalParameters.outcome}.`
    ),
    wrap(
      'It adds nothing to what that record can claim: whoever signed it ran it.'
    )
  ];
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify({ record: file, replay: internalParameters, story })}\n`
      : `${story.join('\n')}\n`
  );
  return 0;
}

interface IFacts {
  statement: Statement;
  reply: Omit<IExplainReply, 'story'>;
  runList: IRunList | null;
}

async function readFacts(
  context: IContext,
  { file, sha256: digest }: IFound,
  record: IRecordFile
): Promise<IFacts> {
  const statement = parseStatement(record);
  if (statement === null) {
    throw new CliError(
      'unreadable',
      `${record.file} isn’t a record that this version can read.`
    );
  }
  const verified = await verifyRecord({
    file: file ?? record.file,
    sha256: digest ?? statement.subject[0]?.digest.sha256 ?? '',
    record: record.file,
    bytes: record.bytes,
    expectation: expected(context, {}).expectation
  });
  if (verified.status === 'malformed') {
    throw new CliError('unreadable', `${record.file}: ${verified.message}`);
  }
  const { metadata } = statement.predicate.runDetails;
  const documents =
    statement.predicate.buildDefinition.externalParameters.documents;
  const same = statement.subject.filter(each => each.digest.sha256 === digest);
  const subject = same.find(({ name }) => isNamed(file, name)) ?? same[0];
  const reply = {
    file,
    sha256: digest,
    fileState: fileState(file, digest, subject !== undefined),
    record: record.file,
    signed: isBundle(record.bytes),
    keyHint: verified.keyHint,
    keyName: verified.keyName,
    signatureHolds: signatureHolds(verified),
    invocationId: metadata.invocationId,
    startedOn: metadata.startedOn,
    finishedOn: metadata.finishedOn,
    notebook: documents[0]?.name ?? null,
    subjects: statement.subject.map(({ name, digest: { sha256: hex } }) => ({
      name,
      sha256: hex
    })),
    inputs: await compareInputs(context, statement, record),
    summary: summarize(statement),
    replays: await findReplays(context, statement, record)
  };
  const about = subject ?? statement.subject[0];
  const wanted = {
    name: about?.name ?? '',
    sha256: digest ?? about?.digest.sha256 ?? ''
  };
  return {
    statement,
    reply,
    runList: findRunList(context, statement, record, wanted)
  };
}

/** Whether a path ends in a subject's name. */
function isNamed(file: string | null, name: string): boolean {
  return file !== null && (file === name || file.endsWith(`/${name}`));
}

function fileState(
  file: string | null,
  digest: string | null,
  isSubject: boolean
): IExplainReply['fileState'] {
  if (file === null) {
    return 'not-checked';
  }
  return digest === null ? 'gone' : isSubject ? 'same' : 'different';
}

function signatureHolds({ status }: IVerifyReply): boolean | null {
  switch (status) {
    case 'ok':
    case 'no-expectation':
    case 'wrong-subject':
      return true;
    case 'bad-signature':
      return false;
    case 'unsigned':
    case 'unknown-key':
    case 'unexpected-signer':
    case 'malformed':
    case 'not-found':
    case 'not-checked':
      return null;
  }
}

/** No record: say what the journal knows, and how to make one. */
async function explainWithout(
  context: IContext,
  options: ICommonOptions,
  name: string,
  { file, sha256: digest }: IFound
): Promise<number> {
  const story = await storyWithout(context, name, file ?? '', digest ?? '');
  const reply: IExplainReply = {
    file: file === null ? null : showPath(context, options, file),
    sha256: digest,
    fileState: 'not-checked',
    record: null,
    signed: false,
    keyHint: null,
    keyName: null,
    signatureHolds: null,
    invocationId: null,
    startedOn: null,
    finishedOn: null,
    notebook: null,
    subjects: [],
    inputs: [],
    summary: null,
    story
  };
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : `${story.join('\n')}\n`
  );
  return EXIT_NO;
}

async function storyWithout(
  context: IContext,
  name: string,
  file: string,
  digest: string
): Promise<string[]> {
  const shown = printable(name);
  const title = `${shown}  (fingerprint ${shortDigest(digest)})`;
  const real = fs.realpathSync(file);
  const { stat } = await hashFile(real);
  const { session, match } = traceSubject(new History(context.places.home), {
    path: real,
    sha256: digest,
    stat,
    whole: false
  });
  if (session === null || match.kind === 'not-seen') {
    return [
      title,
      'There is no record of it, and no recorded session wrote it.',
      'Nothing is known about how it was made.'
    ];
  }
  const { version } = match;
  const run = writerNumber(version);
  const documents = session.session.documents.map(each =>
    printable(path.basename(nameText(each.path)))
  );
  const child =
    version.seenBy.includes('worker') && !version.seenBy.includes('probe');
  const by = `${child ? 'a child process of ' : ''}${run === null ? 'a run' : `run ${run}`} of ${documents[0] ?? 'a session without a notebook'}`;
  const at = version.at === null ? '' : ` on ${formatTime(version.at)}`;
  return match.kind === 'written'
    ? [
        title,
        wrap(
          `There is no record of it yet, but it was seen: ${by} wrote it${at}.`
        ),
        `Make a record: ${context.program} create --for ${shown}`
      ]
    : [
        title,
        wrap(
          `There is no record of it. ${by.charAt(0).toUpperCase()}${by.slice(1)} wrote a file of this name${at}, but not these bytes: it changed since.`
        )
      ];
}
