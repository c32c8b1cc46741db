/** Checking a file against its record: finding both, then asking the core. */
import path from 'node:path';
import type { IVerifyReply, VerifyStatus } from '../api';
import type { Expectation } from '../verify/types';
import { verifyRecord } from '../verify/verify';
import { resolveName, type ICommonOptions, type IContext } from './context';
import { CliError } from './errors';
import { hashFile, statOf, type ByteProgress } from './files';
import { readKeyring, readPublicKeyFile } from './keys';
import {
  findRecord,
  isRecordName,
  readRecord,
  subjectPlaces,
  subjectsOf,
  type IRecordFile,
  type RecordProblem
} from './records';

/** Whom the caller expects, and in which words. */
export interface IExpected {
  expectation: Expectation;
  /** One line for people: what was required. */
  words: string;
}

export interface IExpectOptions {
  key?: string;
  /** `false` for `--no-expectation`. */
  expectation?: boolean;
}

/**
 * Whom the options expect to have signed.
 *
 * @throws CliError `missing` or `bad-key` for a key file that can't be used.
 */
export function expected(
  context: IContext,
  options: ICommonOptions & IExpectOptions
): IExpected {
  const { keys } = readKeyring(context.places.keys);
  if (options.key !== undefined && options.expectation === false) {
    throw new CliError('usage', 'Choose: --key FILE, or --no-expectation.');
  }
  if (options.key !== undefined) {
    const key = readPublicKeyFile(
      resolveName(context, options, options.key),
      options.key
    );
    return {
      expectation: { kind: 'key', key },
      words: `a signature by the key in ${options.key}`
    };
  }
  return options.expectation === false
    ? {
        expectation: { kind: 'none', keys },
        words: 'nobody in particular: only that nothing changed'
      }
    : {
        expectation: { kind: 'keyring', keys },
        words:
          keys.length === 1
            ? `a signature by the one key you know (${keys[0]?.name})`
            : `a signature by one of the ${keys.length} keys you know`
      };
}

/** What is checked against what. */
export interface ICheckRequest {
  /** Absolute path of the file, or of a record. */
  file: string;
  /** Absolute path of the record; found when null. */
  record: string | null;
  expectation: Expectation;
  progress?: ByteProgress | undefined;
}

/** Check one file. The reply names files by absolute path. */
export async function checkFile(
  home: string,
  request: ICheckRequest
): Promise<IVerifyReply> {
  const { file, record: named } = request;
  if (named === null && isRecordName(file) && statOf(file) !== null) {
    return checkRecord(request);
  }
  const stat = statOf(file);
  if (stat === null) {
    return noAnswer('not-checked', request, 'There is no such file.');
  }
  if (!stat.isFile()) {
    const what = stat.isDirectory()
      ? 'It is a folder. Check the files in it one by one'
      : 'It is not a regular file';
    return noAnswer('not-checked', request, `${what}.`);
  }
  const hashed = await hashOrReason(file, request.progress);
  if (typeof hashed !== 'object') {
    return noAnswer('not-checked', request, hashed);
  }
  const record =
    named === null ? findRecord(home, file, hashed.sha256) : readRecord(named);
  if (record === null || typeof record === 'string') {
    return {
      ...noRecord(request, home, record ?? 'missing'),
      sha256: hashed.sha256
    };
  }
  return verifyRecord({
    file,
    sha256: hashed.sha256,
    record: record.file,
    bytes: record.bytes,
    expectation: request.expectation
  });
}

async function hashOrReason(
  file: string,
  progress?: ByteProgress
): Promise<{ sha256: string } | string> {
  try {
    return await hashFile(file, progress);
  } catch (error) {
    if (error instanceof CliError) {
      return error.message;
    }
    throw error;
  }
}

function noRecord(
  request: ICheckRequest,
  home: string,
  problem: RecordProblem
): IVerifyReply {
  switch (problem) {
    case 'too-large':
      return noAnswer(
        'malformed',
        request,
        'It is far larger than any record. That is not a pass.'
      );
    case 'special':
      return noAnswer(
        'not-checked',
        request,
        'The record is not a regular file.'
      );
    case 'missing':
      return noAnswer(
        'not-found',
        request,
        request.record === null
          ? `Looked beside the file and in ${path.join(home, 'records')}. That is not a pass.`
          : 'There is no such record. That is not a pass.'
      );
  }
}

function noAnswer(
  status: VerifyStatus,
  { file, record }: ICheckRequest,
  message: string
): IVerifyReply {
  return {
    status,
    file,
    record,
    sha256: null,
    keyName: null,
    keyHint: null,
    message,
    checks: []
  };
}

/**
 * Check a record against all files on disk that it is about. The reply is about
 * the first one that doesn't match; when none is here, the signature is
 * checked, and the whole is `not-checked`.
 */
async function checkRecord(request: ICheckRequest): Promise<IVerifyReply> {
  const record = readRecord(request.file);
  if (typeof record === 'string') {
    return noRecord({ ...request, record: request.file }, '', record);
  }
  const replies: IVerifyReply[] = [];
  for (const place of subjectsOnDisk(record)) {
    const hashed = await hashOrReason(place, request.progress);
    replies.push(
      typeof hashed === 'object'
        ? await verifyAgainst(request, record, place, hashed.sha256)
        : noAnswer('not-checked', { ...request, file: place }, hashed)
    );
  }
  const bad = replies.find(reply => reply.status !== 'ok');
  const [first] = replies;
  if (bad !== undefined || first !== undefined) {
    return (bad ?? first) as IVerifyReply;
  }
  const [subject] = subjectsOf(record.bytes);
  const alone = await verifyAgainst(
    request,
    record,
    request.file,
    subject?.sha256 ?? '0'.repeat(64)
  );
  return withoutFile(alone);
}

function verifyAgainst(
  request: ICheckRequest,
  record: IRecordFile,
  file: string,
  sha256: string
): Promise<IVerifyReply> {
  return verifyRecord({
    file,
    sha256,
    record: record.file,
    bytes: record.bytes,
    expectation: request.expectation
  });
}

/** Most records are about a few files; more aren't looked for. */
const MOST_SUBJECTS = 1024;

function subjectsOnDisk(record: IRecordFile): string[] {
  const places = subjectsOf(record.bytes)
    .slice(0, MOST_SUBJECTS)
    .map(({ name }) => subjectPlaces(record, name)[0])
    .filter(each => each !== undefined);
  return [...new Set(places)];
}

/** A check of a record whose file isn't here: what holds, holds; the rest wasn't checked. */
function withoutFile(reply: IVerifyReply): IVerifyReply {
  const passed = ['ok', 'no-expectation', 'wrong-subject'];
  return passed.includes(reply.status)
    ? {
        ...reply,
        status: 'not-checked',
        sha256: null,
        message:
          'The record is unchanged, but no file that it is about is here. That is not a pass.',
        checks: reply.checks.map(check =>
          check.code === 'subject'
            ? { ...check, outcome: 'not-checked' }
            : check
        )
      }
    : { ...reply, sha256: null };
}
