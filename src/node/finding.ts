/** A file and its record, whichever of the two was named, and the notebook beside the record. */
import path from 'node:path';
import { Statement } from '../record/types';
import { CONDENSED_NAME } from '../record/condensed';
import { resolveName, type ICommonOptions, type IContext } from './context';
import { CliError } from './errors';
import { hashFile, readLimited, sha256, statOf } from './files';
import {
  findRecord,
  isRecordName,
  payloadOf,
  readRecord,
  subjectPlaces,
  type IRecordFile
} from './records';

export interface IFindOptions extends ICommonOptions {
  record?: string;
}

export interface IFound {
  /** Absolute path of the file; null when only a record was named and no file of it is here. */
  file: string | null;
  sha256: string | null;
  record: IRecordFile | null;
}

/** A file and its record, whichever of the two was named. */
export async function findBoth(
  context: IContext,
  options: IFindOptions,
  name: string
): Promise<IFound> {
  const file = resolveName(context, options, name);
  const named =
    options.record !== undefined
      ? resolveName(context, options, options.record)
      : isRecordName(file)
        ? file
        : null;
  const record = named === null ? null : readNamed(named);
  if (named === file && record !== null) {
    return { ...(await subjectOnDisk(record)), record };
  }
  const digest = await digestOf(file);
  const found = record ?? findRecord(context.places.home, file, digest);
  if (digest === null && found === null) {
    throw new CliError(
      'missing',
      `There is no file ${name}, and no record of one.`
    );
  }
  return { file, sha256: digest, record: found };
}

function readNamed(file: string): IRecordFile {
  const record = readRecord(file);
  if (typeof record === 'string') {
    const why = {
      missing: ['missing', `There is no record ${file}.`],
      'too-large': ['unreadable', `${file} is far larger than any record.`],
      special: ['unreadable', `${file} is not a regular file.`]
    } as const;
    const [code, message] = why[record];
    throw new CliError(code, message);
  }
  return record;
}

async function digestOf(file: string): Promise<string | null> {
  return statOf(file)?.isFile() === true ? (await hashFile(file)).sha256 : null;
}

async function subjectOnDisk(
  record: IRecordFile
): Promise<{ file: string | null; sha256: string | null }> {
  const first = parseStatement(record)?.subject[0];
  const file =
    first === undefined ? undefined : subjectPlaces(record, first.name)[0];
  return file === undefined
    ? { file: null, sha256: null }
    : { file, sha256: await digestOf(file) };
}

/** The statement of a record of ours; null for anything else. */
export function parseStatement(record: IRecordFile): Statement | null {
  const payload = payloadOf(record.bytes);
  try {
    const parsed = Statement.safeParse(JSON.parse(payload ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** A record as `replay` and `condense` need it. */
export interface IReplayable {
  record: IRecordFile;
  statement: Statement;
  /** Part of the name of its folder in the journal home. */
  uuid: string;
  /** The condensed notebook, as named by its digest; null with the reason why not. */
  notebook: { file: string; bytes: Buffer } | null;
  reason: string | null;
}

const NOTEBOOK_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * The record of a file with its condensed notebook.
 *
 * @throws CliError `missing` or `unreadable` when there is no record of ours.
 */
export async function findReplayable(
  context: IContext,
  options: IFindOptions,
  name: string
): Promise<IReplayable> {
  const { record } = await findBoth(context, options, name);
  if (record === null) {
    throw new CliError(
      'missing',
      `There is no record of ${name}. Make one: ${context.program} create --for ${name}`
    );
  }
  const statement = parseStatement(record);
  const uuid = statement === null ? null : invocationUuid(statement);
  if (statement === null || uuid === null) {
    throw new CliError(
      'unreadable',
      `${record.file} isn’t a record that this version can read.`
    );
  }
  return {
    record,
    statement,
    uuid,
    ...notebookOf(context, record, statement, uuid)
  };
}

function notebookOf(
  context: IContext,
  record: IRecordFile,
  statement: Statement,
  uuid: string
): Pick<IReplayable, 'notebook' | 'reason'> {
  const wanted = statement.predicate.runDetails.byproducts.find(
    each => each.name === CONDENSED_NAME
  );
  if (wanted === undefined) {
    return {
      notebook: null,
      reason:
        'It has no condensed notebook: the text of a run that it keeps was forgotten or never recorded'
    };
  }
  const folders = [
    path.dirname(record.file),
    path.join(context.places.home, 'records', uuid)
  ];
  for (const folder of folders) {
    const file = path.join(folder, CONDENSED_NAME);
    const bytes = readLimited(file, NOTEBOOK_LIMIT_BYTES);
    if (bytes instanceof Buffer && sha256(bytes) === wanted.digest.sha256) {
      return { notebook: { file, bytes }, reason: null };
    }
  }
  return {
    notebook: null,
    reason:
      'Its condensed notebook isn’t here: it was forgotten, or the record’s folder is elsewhere'
  };
}

/** The part of a record's id that names its files. */
export function invocationUuid(statement: Statement): string | null {
  return (
    /^urn:uuid:([0-9a-f-]{36})$/.exec(
      statement.predicate.runDetails.metadata.invocationId
    )?.[1] ?? null
  );
}
