/** `verify`: is this the file of this record, is it unchanged, and who signed it? */
import type { IDeepReply, IVerifyReply, VerifyStatus } from '../../api';
import { checkFile, expected, type IExpectOptions } from '../checking';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { CliError, EXIT_IMPOSSIBLE, EXIT_NO } from '../errors';
import { readRecord } from '../records';
import type { IProgress } from '../terminal';
import { printable, shortDigest, wrap } from '../text';

export interface IVerifyOptions extends ICommonOptions, IExpectOptions {
  record?: string;
  deep?: boolean;
  journal?: string[];
}

export async function runVerify(
  context: IContext,
  names: readonly string[],
  options: IVerifyOptions
): Promise<number> {
  if (options.record !== undefined && names.length > 1) {
    throw new CliError('usage', 'With --record, give one file.');
  }
  const { words, replies } = await checkAll(context, names, options);
  const shown = replies.map(reply => ({
    ...reply,
    file: showPath(context, options, reply.file),
    record:
      reply.record === null ? null : showPath(context, options, reply.record)
  }));
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(shown.length === 1 ? shown[0] : shown)}\n`
      : `${shown.map(reply => formatReply(reply, words)).join('\n')}`
  );
  return Math.max(
    ...replies.map(({ status, deep }) =>
      Math.max(exitCode(status), deepExitCode(deep))
    )
  );
}

async function checkAll(
  context: IContext,
  names: readonly string[],
  options: IVerifyOptions
): Promise<{ words: string; replies: IVerifyReply[] }> {
  const files = names.map(name => resolveName(context, options, name));
  const record =
    options.record === undefined
      ? null
      : resolveName(context, options, options.record);
  const required = expectedOrReason(context, options);
  if (typeof required === 'string') {
    return {
      words: `a signature by the key in ${options.key}`,
      replies: files.map(file => unusableKey(file, record, required))
    };
  }
  const replies: IVerifyReply[] = [];
  const journals = (options.journal ?? []).map(name =>
    resolveName(context, options, name)
  );
  const isDeep = options.deep === true || journals.length > 0;
  for (const file of files) {
    let bar: IProgress | null = null;
    const reply = await checkFile(context.places.home, {
      file,
      record,
      expectation: required.expectation,
      progress: (done, total) => {
        bar ??= context.terminal.progress('Reading', total, 'bytes');
        bar.update(done, total);
      }
    });
    replies.push(isDeep ? await withDeep(context, journals, reply) : reply);
    (bar as IProgress | null)?.stop();
  }
  return { words: required.words, replies };
}

/**
 * What was found, and whether the journals still give this record. Making records is
 * loaded only for this: it takes longer than a check does.
 */
async function withDeep(
  context: IContext,
  journals: readonly string[],
  reply: IVerifyReply
): Promise<IVerifyReply> {
  const record = readRecord(reply.record ?? reply.file);
  if (typeof record === 'string' || reply.status === 'malformed') {
    return reply;
  }
  const { checkDeep } = await import('../deep');
  const deep = checkDeep({ home: context.places.home, journals }, record);
  return deep.outcome === 'different'
    ? { ...reply, deep, message: `${reply.message} ${NO_LONGER}` }
    : { ...reply, deep };
}

const NO_LONGER = 'But its journals don’t give this record any more.';

/** Asked for and not checked is never a pass. */
function deepExitCode(deep: IVerifyReply['deep']): number {
  switch (deep?.outcome) {
    case 'not-checked':
      return EXIT_IMPOSSIBLE;
    case 'different':
      return EXIT_NO;
    case 'same':
    case undefined:
      return 0;
  }
}

/** A key that can't be used leaves everything unchecked; that is an answer, not a crash. */
function expectedOrReason(
  context: IContext,
  options: IVerifyOptions
): ReturnType<typeof expected> | string {
  try {
    return expected(context, options);
  } catch (error) {
    if (error instanceof CliError && error.code !== 'usage') {
      return error.message;
    }
    throw error;
  }
}

function unusableKey(
  file: string,
  record: string | null,
  message: string
): IVerifyReply {
  return {
    status: 'not-checked',
    file,
    record,
    sha256: null,
    keyName: null,
    keyHint: null,
    message: `${message} That is not a pass.`,
    checks: []
  };
}

function exitCode(status: VerifyStatus): number {
  switch (status) {
    case 'ok':
      return 0;
    case 'malformed':
    case 'not-found':
    case 'not-checked':
      return EXIT_IMPOSSIBLE;
    case 'no-expectation':
    case 'unsigned':
    case 'unknown-key':
    case 'unexpected-signer':
    case 'wrong-subject':
    case 'bad-signature':
      return EXIT_NO;
  }
}

/** The status word comes first: whoever hears it hears it at once. */
const HEADLINES: Record<VerifyStatus, string> = {
  ok: 'Matches',
  'no-expectation': 'Unchanged',
  unsigned: 'Not signed',
  'unknown-key': 'Unknown signer',
  'unexpected-signer': 'Other signer',
  'wrong-subject': 'Different file',
  'bad-signature': 'Changed or damaged',
  malformed: 'Unreadable record',
  'not-found': 'No record found',
  'not-checked': 'Not checked'
};

const OUTCOMES = {
  ok: 'OK',
  failed: 'FAILED',
  'not-checked': 'NOT CHECKED',
  'cannot-be-checked': "CAN'T BE CHECKED"
} as const;

const DEEP_OUTCOMES = {
  same: 'ok',
  different: 'failed',
  'not-checked': 'not-checked'
} as const;

/** The comparison with the journals as one more line of checks. */
const deepCheck = ({ outcome, message }: IDeepReply) => ({
  outcome: DEEP_OUTCOMES[outcome],
  text: message
});

const OUTCOME_WIDTH = OUTCOMES['cannot-be-checked'].length + 2;

/** What, from where, what was required, the checks, the conclusion. */
function formatReply(reply: IVerifyReply, required: string): string {
  const digest =
    reply.sha256 === null ? '' : ` (fingerprint ${shortDigest(reply.sha256)})`;
  const against =
    reply.record === null ? '' : ` against ${printable(reply.record, 300)}`;
  const deep = reply.deep === undefined ? [] : [deepCheck(reply.deep)];
  const checks = [...reply.checks, ...deep].map(({ outcome, text }) =>
    wrap(printable(text, 300), `  ${OUTCOMES[outcome].padEnd(OUTCOME_WIDTH)}`)
  );
  return `${[
    wrap(`Checking ${printable(reply.file, 300)}${digest}${against}`, '', '  '),
    wrap(`Required: ${printable(required, 300)}`, '', '  '),
    ...checks,
    wrap(
      `${HEADLINES[reply.status]}. ${printable(reply.message, 400)}`,
      '',
      '  '
    )
  ].join('\n')}\n`;
}
