/**
 * Datasets of many files: a folder that was read as one, or of which many files of one
 * kind were read, is one dependency. Its members stand in `inputs.json`.
 */
import type { IRecordContext } from './context';
import { compare } from './json';
import type { FileDependency } from './types';

/** So many files of one kind in a folder are one dataset, however they were opened. */
export const MANY_FILES = 20;

/** A file that was read, and the folder that a library read as a whole, if it was so. */
export interface IMember {
  file: FileDependency;
  /** Name of that folder, from the same root as the file's. */
  within: string | null;
}

/** A dataset and the files that it stands for. */
interface IGroup {
  folder: string;
  members: IMember[];
}

export interface IFolded {
  folders: FileDependency[];
  /** Files that a folder stands for, each with the folder's name. */
  members: FileDependency[];
  /** Files that stand for themselves. */
  single: FileDependency[];
}

/** Take datasets out of files that were read; every file has a digest. */
export function foldFolders(
  context: IRecordContext,
  files: readonly IMember[]
): IFolded {
  const groups = joined([...asOne(files), ...byKind(files)]);
  const taken = new Set(groups.flatMap(({ members }) => members));
  return {
    folders: groups.map(group => folderDependency(context, group)),
    members: groups.flatMap(({ folder, members }) =>
      members.map(({ file }) => ({
        ...file,
        annotations: { ...file.annotations, nb_in: `${folder}/` }
      }))
    ),
    single: files.filter(each => !taken.has(each)).map(({ file }) => file)
  };
}

/** One group for each folder, whatever kinds of files were read in it. */
function joined(groups: readonly IGroup[]): IGroup[] {
  return groupBy(groups, ({ folder, members }) =>
    keyOf(members[0]!.file.annotations.nb_root, folder)
  ).map(same => ({
    folder: same[0]!.folder,
    members: same.flatMap(({ members }) => members)
  }));
}

/** Folders that a library read as a whole. */
function asOne(files: readonly IMember[]): IGroup[] {
  const named = files.filter(({ within }) => within !== null);
  return groupBy(named, ({ file, within }) =>
    keyOf(file.annotations.nb_root, within!)
  )
    .filter(members => members.length > 1)
    .map(members => ({ folder: members[0]!.within!, members }));
}

/** Folders of which many files with one suffix were read; of several beside each other their parent. */
function byKind(files: readonly IMember[]): IGroup[] {
  const loose = files.filter(
    ({ file, within }) => within === null && file.name.includes('/')
  );
  return groupBy(loose, ({ file }) =>
    keyOf(file.annotations.nb_root, suffixOf(file.name))
  )
    .filter(members => members.length >= MANY_FILES)
    .flatMap(sameKind => merged(groupBy(sameKind, m => parentOf(m.file.name))))
    .filter(({ members }) => members.length >= MANY_FILES);
}

/** Join the folders that share a parent, as classes of pictures do, until none do. */
function merged(folders: readonly IMember[][]): IGroup[] {
  let groups: IGroup[] = folders.map(members => ({
    folder: parentOf(members[0]!.file.name),
    members
  }));
  for (;;) {
    const beside = groupBy(groups, ({ folder }) => parentOf(folder));
    const next = beside.flatMap(siblings => {
      const parent = parentOf(siblings[0]!.folder);
      return siblings.length < 2 || !isFolder(parent)
        ? siblings
        : [{ folder: parent, members: siblings.flatMap(g => g.members) }];
    });
    if (next.length === groups.length) {
      return groups;
    }
    groups = next;
  }
}

/** A name that isn't the root itself, nor a way up from it. */
const isFolder = (name: string) => name !== '' && !/(^|\/)\.\.$/.test(name);

function folderDependency(
  context: IRecordContext,
  { folder, members }: IGroup
): FileDependency {
  const all = members.map(({ file }) => file.annotations);
  const one = all[0]!;
  const runs = all.flatMap(({ nb_run: run }) =>
    run === undefined ? [] : [run]
  );
  const sure = all.filter(({ nb_may: may }) => may !== true).length;
  const same = <T>(values: T[]): T | undefined =>
    values.every(value => value === values[0]) ? values[0] : undefined;
  const kind = same(all.map(a => a.nb_kind));
  const confidence = same(all.map(a => a.nb_confidence));
  const via = same(all.map(a => a.nb_via));
  const session = same(all.map(a => a.nb_session));
  return {
    name: `${folder}/`,
    digest: { sha256: folderDigest(context, folder, members) },
    annotations: {
      nb_root: one.nb_root,
      nb_kind: kind ?? 'dataset',
      ...(confidence === undefined ? {} : { nb_confidence: confidence }),
      nb_bytes: sum(all.map(a => a.nb_bytes ?? 0)),
      ...(session === undefined ? {} : { nb_session: session }),
      ...(runs.length === 0
        ? {}
        : {
            nb_run: runs.reduce((a, b) => Math.min(a, b)),
            nb_runs: all.reduce((most, a) => Math.max(most, a.nb_runs ?? 0), 1)
          }),
      nb_seenBy: [...new Set(all.flatMap(a => a.nb_seenBy ?? []))].sort(
        compare
      ),
      ...(via === undefined ? {} : { nb_via: via }),
      nb_digestLevel: 'D1',
      ...(sure === 0 ? { nb_may: true as const } : {}),
      nb_files: members.length,
      nb_filesRead: sure
    }
  };
}

/**
 * SHA-256 of what `sha256sum` prints of the members, their names from the folder on,
 * sorted by their bytes: the `dirHash` of in-toto's digest set, over the files that were
 * read. https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md
 */
function folderDigest(
  context: IRecordContext,
  folder: string,
  members: readonly IMember[]
): string {
  const lines = members.map(
    ({ file }) =>
      [file.name.slice(folder.length + 1), file.digest!.sha256] as const
  );
  const text = lines
    .sort(([a], [b]) => compare(a, b))
    .map(([name, sha256]) => `${sha256}  ${name}\n`)
    .join('');
  return context.sha256(new TextEncoder().encode(text));
}

function sum(sizes: readonly (number | string)[]): number | string {
  const total = sizes.reduce<bigint>((all, size) => all + BigInt(size), 0n);
  return total <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(total)
    : String(total);
}

const keyOf = (root: string, name: string) => `${root}\0${name}`;

function parentOf(name: string): string {
  const end = name.lastIndexOf('/');
  return end < 0 ? '' : name.slice(0, end);
}

/** `.csv.gz` of `a.b.csv.gz` is told as `.gz`: a dataset's files end alike. */
function suffixOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot <= 0 ? '' : base.slice(dot).toLowerCase();
}

/** Items by a key, in the order of their first. */
function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) {
      groups.set(name, [item]);
    } else {
      group.push(item);
    }
  }
  return [...groups.values()];
}
