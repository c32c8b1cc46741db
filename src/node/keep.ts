/**
 * Keeping a record: always in the journal home, then, where that is possible,
 * beside the notebook and beside the file that it is about.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { ICreateDone } from '../api';
import { nameText } from '../journal/names';
import { BUILDERS } from '../record/types';
import type { IPrepared } from './attest';
import { insideOf } from './context';
import { CliError, systemReason, writeError } from './errors';
import {
  makePrivateFolder,
  readLimited,
  sha256,
  statOf,
  writeAtomic
} from './files';
import { payloadOf } from './records';
import type { ISubject } from './subjects';

/** Name of the record itself in a record folder. */
export const RECORD_NAMES = {
  signed: 'record.sigstore.json',
  unsigned: 'record.intoto.json'
} as const;

/** What goes into a record folder. */
export interface IKeepRequest {
  home: string;
  prepared: IPrepared;
  subjects: readonly ISubject[];
  /** The bundle; null when the statement is kept unsigned. */
  bundle: Uint8Array | null;
  keyHint: string | null;
  /** Where the copy goes instead of beside the file. */
  output: string | null;
  now: Date;
}

/** Where a record lies. */
export interface IKept {
  /** The record in the journal home. */
  record: string;
  /** The record in the notebook's `.attest` folder. */
  folder: NonNullable<ICreateDone['copy']> | null;
  /** The copy beside the file. */
  copy: NonNullable<ICreateDone['copy']>;
}

/**
 * Write a record down. What is written is never half there: until the record
 * folder has its name, a failure takes everything back.
 *
 * @throws CliError `disk-full` or `not-writable` when the journal home can't take it.
 */
export function keepRecord(request: IKeepRequest): IKept {
  const { home, prepared, bundle } = request;
  const uuid = prepared.request.sid;
  const name = bundle === null ? RECORD_NAMES.unsigned : RECORD_NAMES.signed;
  const bytes = bundle ?? prepared.record.bytes;
  const members: IMember[] = [
    { name, bytes },
    ...prepared.record.byproducts.map(file => ({
      name: file.name,
      bytes: file.bytes
    }))
  ];
  const attests = path.join(home, 'attests', `${uuid}.jsonl`);
  const folder = path.join(home, 'records', uuid);
  makePrivateFolder(path.dirname(attests));
  makePrivateFolder(path.dirname(folder));
  const text = prepared.lines.map(line => `${line}\n`).join('');
  writeAtomic(attests, text, { mode: 0o600, replace: false });
  try {
    writeFolder(folder, members);
  } catch (error) {
    fs.rmSync(attests, { force: true });
    throw error;
  }
  const record = path.join(folder, name);
  const kept: IKept = {
    record,
    folder: copyFolder(request, members, name),
    copy: copyBeside(request, bytes)
  };
  noteWritten(request, attests, kept, bytes);
  return kept;
}

interface IMember {
  name: string;
  bytes: Uint8Array;
}

/** Write a private folder under a temporary name, then give it its own. */
function writeFolder(folder: string, members: readonly IMember[]): void {
  const temporary = `${folder}.tmp`;
  try {
    fs.mkdirSync(temporary, { mode: 0o700 });
    for (const { name, bytes } of members) {
      writeAtomic(path.join(temporary, name), bytes, { mode: 0o600 });
    }
    fs.renameSync(temporary, folder);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    throw error instanceof CliError ? error : writeError(folder, error);
  }
}

/** The folder of a notebook's records, e.g. `.attest/train.ipynb`. */
export function attestFolder(notebook: string): string {
  return path.join(path.dirname(notebook), '.attest', path.basename(notebook));
}

/** Make the `.attest` folder, which keeps itself out of version control. */
export function makeAttestFolder(notebook: string): string {
  const folder = attestFolder(notebook);
  try {
    // One by one: made recursively, Node says “no such file” for a read-only disk.
    [path.dirname(folder), folder]
      .filter(each => statOf(each)?.isDirectory() !== true)
      .forEach(each => fs.mkdirSync(each));
    const ignore = path.join(path.dirname(folder), '.gitignore');
    if (statOf(ignore) === null) {
      writeAtomic(ignore, '*\n');
    }
  } catch (error) {
    throw error instanceof CliError ? error : writeError(folder, error);
  }
  return folder;
}

function copyFolder(
  { prepared, subjects }: IKeepRequest,
  members: readonly IMember[],
  name: string
): IKept['folder'] {
  const { document } = prepared.request;
  if (document === null) {
    return null;
  }
  const notebook = nameText(document);
  const folder = path.join(attestFolder(notebook), prepared.request.sid);
  const inModel = subjects.some(
    ({ whole, path: subject }) => whole && insideOf(subject, folder) !== null
  );
  return attempt(path.join(folder, name), () => {
    if (inModel) {
      throw new CliError(
        'not-writable',
        'it would lie inside the model folder'
      );
    }
    makeAttestFolder(notebook);
    // It holds the code that ran: shared by choice, so nobody else may read it.
    writeFolder(folder, members);
  });
}

/** Name of the newest record's copy: beside the file, or beside the notebook for several. */
export function besideName(
  subjects: readonly ISubject[],
  notebook: string | null,
  signed: boolean
): string {
  const whole = subjects.find(subject => subject.whole);
  const first = subjects[0] as ISubject;
  const single = whole ?? (subjects.length === 1 ? first : null);
  const about = single?.path ?? notebook ?? first.path;
  return `${about}${signed ? '.sigstore.json' : '.intoto.json'}`;
}

function copyBeside(
  { prepared, subjects, bundle, output }: IKeepRequest,
  bytes: Uint8Array
): IKept['copy'] {
  const { document } = prepared.request;
  const notebook = document === null ? null : nameText(document);
  const target = output ?? besideName(subjects, notebook, bundle !== null);
  return attempt(target, () => {
    if (output === null && isForeign(target)) {
      throw new CliError(
        'not-writable',
        'a file of that name is there which is no record of this program'
      );
    }
    writeAtomic(target, bytes);
  });
}

/** Something that we didn't make is never overwritten. */
function isForeign(file: string): boolean {
  const there = readLimited(file, 64 * 1024 * 1024);
  if (there === null) {
    return false;
  }
  const payload = typeof there === 'string' ? null : payloadOf(there);
  return (
    payload === null ||
    !Object.values(BUILDERS).some(builder => payload.includes(builder))
  );
}

/** Do what may fail without harm, and keep the reason. */
function attempt(file: string, work: () => void): IKept['copy'] {
  try {
    work();
    return { path: file, problem: null };
  } catch (error) {
    const { cause, message } = error as Error;
    return {
      path: file,
      problem: cause === undefined ? message : systemReason(cause)
    };
  }
}

/** Note in the attest journal where the record went. */
function noteWritten(
  { prepared, keyHint, now }: IKeepRequest,
  attests: string,
  { record, folder, copy }: IKept,
  bytes: Uint8Array
): void {
  const lines = [...prepared.lines];
  const { request } = prepared;
  const places = [
    record,
    ...[folder, copy].flatMap(each =>
      each === null || each.problem !== null ? [] : [each.path]
    )
  ];
  for (const file of places) {
    lines.push(
      JSON.stringify({
        v: 1,
        sid: request.sid,
        seq: lines.length,
        t: now.toISOString().replace('Z', '000Z'),
        mono: String(process.hrtime.bigint()),
        by: request.by,
        type: 'record.written',
        invocationId: request.invocationId,
        file,
        sha256: sha256(bytes),
        keyHint,
        prev: sha256(lines[lines.length - 1] as string)
      })
    );
  }
  writeAtomic(attests, lines.map(line => `${line}\n`).join(''), {
    mode: 0o600
  });
}
