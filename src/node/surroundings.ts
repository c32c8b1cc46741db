/** What lies around a record on this computer: its inputs, its run list, its folder. */
import type { BigIntStats } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IExplainReply } from '../api';
import { noteOf, parseRunList, type IListedRun } from '../record/runlist';
import {
  InputList,
  type FileDependency,
  type Statement
} from '../record/types';
import type { IContext } from './context';
import { invocationUuid } from './finding';
import { hashFile, readLimited, sha256, statOf } from './files';
import type { IRecordFile } from './records';
import { fileDependencies, type IRunList } from './story';

/** Inputs larger than this aren't hashed just to tell the story. */
const INPUT_LIMIT_BYTES = 1024 * 1024 * 1024;
/** Nor are so many files of one folder. */
const MOST_MEMBERS = 10_000;

/** Compare what a record says was read with the disk. */
export async function compareInputs(
  context: IContext,
  statement: Statement,
  record: IRecordFile
): Promise<IExplainReply['inputs']> {
  const folders = baseFolders(context, statement, record);
  const inputs: IExplainReply['inputs'] = [];
  let list: FileDependency[] | undefined;
  for (const dependency of fileDependencies(statement)) {
    const isFolder = dependency.annotations.nb_files !== undefined;
    if (isFolder) {
      list ??= findInputList(context, statement, record);
    }
    inputs.push({
      name: dependency.name,
      sha256: dependency.digest?.sha256 ?? null,
      onDisk: isFolder
        ? await compareFolder(dependency, list ?? [], folders)
        : await compareInput(dependency, folders)
    });
  }
  return inputs;
}

type OnDisk = IExplainReply['inputs'][number]['onDisk'];

/** From what says least for a whole folder to what says most. */
const WORST_FIRST: readonly OnDisk[] = [
  'different',
  'not-here',
  'not-checked',
  'same'
];

/** A folder is the same if each of its files is, as far as `inputs.json` is at hand. */
async function compareFolder(
  { name, annotations }: FileDependency,
  list: readonly FileDependency[],
  folders: Record<string, string[]>
): Promise<OnDisk> {
  const members = list.filter(
    ({ annotations: { nb_in, nb_root } }) =>
      nb_in === name && nb_root === annotations.nb_root
  );
  if (
    members.length !== annotations.nb_files ||
    members.length > MOST_MEMBERS ||
    BigInt(annotations.nb_bytes ?? 0) > INPUT_LIMIT_BYTES
  ) {
    return 'not-checked';
  }
  const found = new Set<OnDisk>();
  for (const member of members) {
    found.add(await compareInput(member, folders));
  }
  return WORST_FIRST.find(state => found.has(state)) ?? 'not-checked';
}

/** The files that folders of a record stand for, if the list is at hand and the record's own. */
function findInputList(
  context: IContext,
  statement: Statement,
  record: IRecordFile
): FileDependency[] {
  const named = statement.predicate.buildDefinition.resolvedDependencies.find(
    each => each.annotations?.nb_kind === 'manifest'
  );
  const digest =
    named !== undefined && 'digest' in named ? named.digest?.sha256 : undefined;
  if (digest === undefined) {
    return [];
  }
  const bytes = findByproduct(
    context,
    statement,
    record,
    'inputs.json',
    digest
  );
  try {
    return InputList.parse(JSON.parse(bytes?.toString('utf8') ?? '')).files;
  } catch {
    return []; // not here, or not as we write it
  }
}

async function compareInput(
  { name, digest, annotations }: FileDependency,
  folders: Record<string, string[]>
): Promise<OnDisk> {
  const roots = folders[annotations.nb_root] ?? [];
  const file = roots
    .map(root => inputPath(root, name, annotations.nb_nameBytes))
    .find(place => regularStat(place) !== null);
  if (file === undefined) {
    return roots.length === 0 ? 'not-checked' : 'not-here';
  }
  if (
    digest === undefined ||
    (regularStat(file)?.size ?? 0n) > INPUT_LIMIT_BYTES
  ) {
    return 'not-checked';
  }
  const now = await hashFile(file).catch(() => null);
  return now === null
    ? 'not-checked'
    : now.sha256 === digest.sha256
      ? 'same'
      : 'different';
}

/** Where an input lies below a root: by its bytes, where its name isn't UTF-8. */
function inputPath(
  root: string,
  name: string,
  nameBytes: string | undefined
): string | Buffer {
  return nameBytes === undefined
    ? path.resolve(root, ...name.split('/'))
    : Buffer.concat([
        Buffer.from(`${path.resolve(root)}/`),
        Buffer.from(nameBytes, 'base64')
      ]);
}

/** A name from a record may be one that no file can have. */
function regularStat(file: string | Buffer): BigIntStats | null {
  try {
    const stat = statOf(file);
    return stat?.isFile() === true ? stat : null;
  } catch {
    return null;
  }
}

/** Folders that names in a record may start from, by their root. */
export function baseFolders(
  context: IContext,
  statement: Statement,
  record: IRecordFile
): Record<string, string[]> {
  const folder = path.dirname(record.file);
  const base = recordedBase(context, statement);
  const inAttest =
    path.basename(path.resolve(folder, '..', '..')) === '.attest';
  return {
    notebook: [
      ...(base === null ? [] : [base]),
      inAttest ? path.resolve(folder, '..', '..', '..') : folder
    ],
    home: [context.env.HOME ?? os.homedir()]
  };
}

/** The folder that names start from, as this computer's own journal knows it. */
function recordedBase(context: IContext, statement: Statement): string | null {
  const uuid = invocationUuid(statement);
  const file = path.join(context.places.home, 'attests', `${uuid}.jsonl`);
  const bytes = uuid === null ? null : readLimited(file, 64 * 1024 * 1024);
  if (bytes === null || typeof bytes === 'string') {
    return null;
  }
  const line = bytes
    .toString('utf8')
    .split('\n')
    .find(each => each.includes('"attest.requested"'));
  try {
    const { base } = JSON.parse(line ?? '') as { base?: unknown };
    return typeof base === 'string' ? base : null;
  } catch {
    return null;
  }
}

/** A subject as its statement names it. */
interface ISubjectName {
  name: string;
  sha256: string;
}

/** The run list of a record, if it is at hand and the record's own. */
export function findRunList(
  context: IContext,
  statement: Statement,
  record: IRecordFile,
  subject: ISubjectName
): IRunList | null {
  const { runs } = statement.predicate.buildDefinition.externalParameters;
  const bytes = findByproduct(
    context,
    statement,
    record,
    'runs.json',
    runs.sha256
  );
  return bytes === null ? null : readRunList(bytes, subject);
}

/** A file that lies beside a record or in the journal's home, with the record's own digest of it. */
function findByproduct(
  context: IContext,
  statement: Statement,
  record: IRecordFile,
  name: string,
  digest: string
): Buffer | null {
  const uuid = invocationUuid(statement);
  const folders = [
    path.dirname(record.file),
    ...(uuid === null ? [] : [path.join(context.places.home, 'records', uuid)])
  ];
  for (const folder of folders) {
    const bytes = readLimited(path.join(folder, name), LIST_LIMIT_BYTES);
    if (bytes instanceof Buffer && sha256(bytes) === digest) {
      return bytes;
    }
  }
  return null;
}

const LIST_LIMIT_BYTES = 256 * 1024 * 1024;

function readRunList(bytes: Buffer, subject: ISubjectName): IRunList | null {
  const runs = parseRunList(bytes.toString('utf8'));
  if (runs === null) {
    return null;
  }
  const notebooks = runs.flatMap(({ session, notebook }) =>
    notebook === null ? [] : [[session, notebook] as const]
  );
  return {
    writer: writerOf(runs, subject),
    notebooks: new Map([...notebooks].reverse()),
    notes: runs.map(noteOf)
  };
}

/**
 * The last run that surely wrote a subject at its path; else, for a file that was
 * moved since, the one that wrote its bytes. Null when several files had these bytes.
 */
function writerOf(
  runs: readonly IListedRun[],
  { name, sha256: digest }: ISubjectName
): IListedRun | null {
  const writes = runs
    .filter(({ verdict }) => verdict !== 'after-subject')
    .flatMap(run => run.writes.map(write => ({ run, write })))
    .filter(({ write }) => write.sha256 === digest && write.may !== true);
  const here = writes.filter(({ write }) => write.name === name);
  const names = new Set(writes.map(({ write }) => write.name));
  const pool = here.length > 0 || names.size > 1 ? here : writes;
  return pool[pool.length - 1]?.run ?? null;
}
