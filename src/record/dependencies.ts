/**
 * What the subjects were made from: files read that no recorded run wrote, files that
 * an earlier session wrote, the notebooks, the packages.
 */
import { identity } from '../session/digests';
import type { ISessionEdge } from '../condense/types';
import type { Name } from '../journal/events';
import type {
  IClassification,
  IFileRead,
  IFileVersion,
  IRemoteRead
} from '../session/types';
import { nameText } from '../journal/names';
import {
  documentsOf,
  isKept,
  sessionName,
  type IRecordContext
} from './context';
import { databases } from './databases';
import { foldFolders, type IMember } from './folders';
import { compare, jsonLines } from './json';
import { identitiesOf } from './identities';
import { cutSecrets, cutTokens } from './secrets';
import type { Dependency, FileDependency, IByproductFile } from './types';

/** More files than this go into a list of their own, named by its digest. */
export const MAX_LISTED_FILES = 500;

export interface IDependencies {
  listed: Dependency[];
  /** `inputs.json`, when there were too many files to list. */
  manifest: IByproductFile | null;
  /** What an interpreter reads by itself, by kind: counted, not listed. */
  folded: { kind: string; files: number }[];
  /** The reads behind `listed`, for the gaps about their digests. */
  reads: IFileRead[];
}

/** All reads of one version. */
interface IInput {
  sid: string;
  version: IFileVersion;
  classification: IClassification;
  reads: IFileRead[];
  from: ISessionEdge | null;
}

export function findDependencies(context: IRecordContext): IDependencies {
  const inputs = collectInputs(context);
  const listed = inputs.filter(input => !input.classification.noise);
  const files = listed.map(input => ({
    file: fileDependency(context, input),
    within: folderOf(context, input)
  }));
  const { kept, manifest } = foldMany(
    context,
    files.sort((a, b) => byName(a.file, b.file))
  );
  return {
    listed: [
      ...kept,
      ...remotes(context),
      ...databases(context),
      ...notebooks(context),
      ...packages(context)
    ],
    manifest,
    folded: countKinds(inputs.filter(input => input.classification.noise)),
    reads: listed.flatMap(input => input.reads)
  };
}

/** Versions that lay there before and are no part of the environment. */
export function inputsRead(context: IRecordContext): IFileVersion[] {
  return collectInputs(context)
    .filter(
      ({ from, classification }) => from === null && !classification.noise
    )
    .map(({ version }) => version);
}

function collectInputs(context: IRecordContext): IInput[] {
  const { classes } = context;
  const inputs = new Map<string, IInput>();
  const add = (sid: string, read: IFileRead, from: ISessionEdge | null) => {
    const { version } = read;
    const bytes =
      version.sha256 ?? (version.stat === null ? '' : identity(version.stat));
    const key = `${version.key}\0${bytes}`;
    const input = inputs.get(key) ?? {
      sid,
      version,
      classification: classes.of(sid, version.path),
      reads: [],
      from
    };
    input.reads.push(read);
    inputs.set(key, input);
  };
  context.slice.external.forEach(({ sid, read }) => add(sid, read, null));
  context.slice.edges.forEach(edge => add(edge.sid, edge.read, edge));
  return [...inputs.values()];
}

function fileDependency(
  context: IRecordContext,
  input: IInput
): FileDependency {
  const { version, classification, reads, from, sid } = input;
  const { root, rel, nameBytes } = context.paths.reduce(version.path);
  const unstable = reads.some(read => read.unstable);
  const digest = unstable ? null : version.sha256;
  const numbers = reads.flatMap(({ run }) => (run === null ? [] : [run]));
  const link = reads.find(read => read.link !== null)?.link;
  const via = reads.find(read => read.via !== null)?.via;
  const several = context.sessions.length > 1;
  const fromRun = from?.from.writers?.[0];
  const identities = identitiesOf(context, version);
  return {
    name: rel,
    ...(digest === null
      ? { uri: fileUri(root, rel) }
      : { digest: { sha256: digest } }),
    annotations: {
      nb_root: root,
      nb_kind: classification.kind,
      nb_confidence: classification.confidence,
      ...(version.stat === null ? {} : { nb_bytes: version.stat.size }),
      ...(several ? { nb_session: sessionName(context, sid) } : {}),
      ...runNumbers(numbers),
      nb_seenBy: [...new Set(reads.map(read => read.seenBy))].sort(compare),
      ...(via === undefined ? {} : { nb_via: via! }),
      nb_digestLevel: levelOf(version, unstable),
      ...(digest === null
        ? { nb_absent: absentReason(version, unstable) }
        : {
            nb_digestTaken: version.taken ?? 'after',
            ...(version.fromCache ? { nb_fromCache: true as const } : {}),
            ...(version.racy ? { nb_racy: true as const } : {})
          }),
      ...(unstable ? { nb_unstable: true as const } : {}),
      ...(link == null ? {} : { nb_link: context.paths.reduce(link).rel }),
      ...(version.ended === null ? {} : { nb_then: version.ended.how }),
      ...(reads.some(read => read.sure) ? {} : { nb_may: true as const }),
      ...(from === null
        ? {}
        : { nb_fromSession: sessionName(context, from.fromSid) }),
      ...(fromRun === undefined ? {} : { nb_fromRun: fromRun }),
      ...(identities.length === 0 ? {} : { nb_identities: identities }),
      ...(nameBytes === null ? {} : { nb_nameBytes: nameBytes }),
      ...fullPath(context, version.path)
    }
  };
}

/** Bytes that changed while they were read have no digest, whatever was hashed of them. */
function absentReason({ absent }: IFileVersion, unstable: boolean): string {
  return absent === 'mutable' || !unstable
    ? (absent ?? 'not-taken')
    : 'changed';
}

/** The helper hashes by path and compares identities, so nothing above D1 can be said. */
function levelOf(
  { sha256, absent }: IFileVersion,
  unstable: boolean
): 'D0' | 'D1' | 'D2' {
  if (unstable || absent === 'changed' || absent === 'mutable') {
    return 'D2';
  }
  return sha256 === null ? 'D0' : 'D1';
}

function fullPath(context: IRecordContext, path: Name): { nb_path?: string } {
  return context.request.options.fullPaths ? { nb_path: shownPath(path) } : {};
}

/** Bytes of a name that isn't UTF-8 can't be searched for secrets but as text. */
function shownPath(path: Name): string {
  const text = nameText(path);
  const shown = cutTokens(text);
  return typeof path === 'string' || shown !== text
    ? shown
    : `base64:${path.b64}`;
}

/** A file without a digest still needs a name that is a URI (ResourceDescriptor). */
export function fileUri(root: string, rel: string): string {
  return `nbfile:${root}/${rel.split('/').map(encodeURIComponent).join('/')}`;
}

/** The folder that every read of this took as a whole; null where one named the file itself. */
function folderOf(
  context: IRecordContext,
  { version, reads }: IInput
): string | null {
  const within = reads[0]?.within;
  if (within === undefined || reads.some(read => read.within === undefined)) {
    return null;
  }
  const folder = context.paths.reduce(within);
  const file = context.paths.reduce(version.path);
  const isBelow =
    folder.root === file.root && file.rel.startsWith(`${folder.rel}/`);
  return isBelow ? folder.rel : null;
}

/**
 * Datasets become one dependency each; of what is left, the rest goes into the list where
 * there is too much of it. Files of an earlier session, models, code and what has no digest
 * stay, each for itself.
 */
function foldMany(
  context: IRecordContext,
  files: IMember[]
): { kept: Dependency[]; manifest: IByproductFile | null } {
  const isListed = ({ file: { digest, annotations } }: IMember) =>
    digest === undefined ||
    annotations.nb_fromSession !== undefined ||
    annotations.nb_kind === 'model' ||
    annotations.nb_kind === 'code';
  const always = files.filter(isListed).map(({ file }) => file);
  const { folders, members, single } = foldFolders(
    context,
    files.filter(file => !isListed(file))
  );
  const tooMany =
    always.length + folders.length + single.length > MAX_LISTED_FILES;
  const listed = [...always, ...folders, ...(tooMany ? [] : single)];
  const rest = [...members, ...(tooMany ? single : [])].sort(byName);
  if (rest.length === 0) {
    return { kept: listed.sort(byName), manifest: null };
  }
  const name = 'inputs.json';
  const bytes = jsonLines({ files: rest });
  const sha256 = context.sha256(bytes);
  return {
    kept: [
      ...listed.sort(byName),
      {
        name,
        digest: { sha256 },
        annotations: { nb_kind: 'manifest', nb_files: rest.length }
      }
    ],
    manifest: { name, bytes, sha256 }
  };
}

/** Answers of one address with the same bytes, or with bytes that have no digest. */
interface IFetched {
  sid: string;
  runs: number[];
  said: IRemoteRead;
}

/** What a server said each time; nothing where it said different things. */
const sameAnswer = (a: IRemoteRead, b: IRemoteRead): IRemoteRead => ({
  ...a,
  etag: a.etag === b.etag ? a.etag : null,
  lastModified: a.lastModified === b.lastModified ? a.lastModified : null,
  versionId: a.versionId === b.versionId ? a.versionId : null,
  status: a.status === b.status ? a.status : null
});

/** What kept runs fetched by URL, with the digest of what they got where that was seen. */
function remotes(context: IRecordContext): Dependency[] {
  const found = new Map<string, IFetched>();
  for (const { session, runs } of context.slice.sessions) {
    const kept = new Set(runs.filter(isKept).map(({ run }) => run.number));
    for (const said of session.remotes) {
      const { run, url, sha256 } = said;
      if (run === null || kept.has(run)) {
        const key = `${url}\0${sha256 ?? ''}`;
        const entry = found.get(key) ?? { sid: session.sid, runs: [], said };
        entry.runs.push(...(run === null ? [] : [run]));
        entry.said = sameAnswer(entry.said, said);
        found.set(key, entry);
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => compare(a, b))
    .map(([, { sid, runs, said }]) => ({
      uri: context.paths.text(nameText(said.url)),
      ...(said.sha256 === null ? {} : { digest: { sha256: said.sha256 } }),
      annotations: {
        nb_kind: 'remote',
        ...(said.status === null || (said.status < 400 && said.status !== 206)
          ? {}
          : { nb_status: said.status }),
        ...(context.sessions.length > 1
          ? { nb_session: sessionName(context, sid) }
          : {}),
        ...runNumbers(runs),
        ...(said.etag === null ? {} : { nb_etag: said.etag }),
        ...(said.lastModified === null
          ? {}
          : { nb_last_modified: said.lastModified }),
        ...(said.versionId === null
          ? {}
          : { nb_version_id: cutSecrets(said.versionId) }),
        ...(said.sha256 === null
          ? { nb_absent: 'not-taken' }
          : { nb_digestLevel: 'D4', nb_bytes: said.received ?? 0 })
      }
    }));
}

/** First run and how many, where any is known. */
function runNumbers(runs: readonly number[]): {
  nb_run?: number;
  nb_runs?: number;
} {
  return runs.length === 0
    ? {}
    : {
        nb_run: runs.reduce((a, b) => Math.min(a, b)),
        nb_runs: new Set(runs).size
      };
}

/** The notebooks whose cells ran, as last saved. */
function notebooks(context: IRecordContext): FileDependency[] {
  const found = new Map<string, FileDependency>();
  for (const session of context.sessions) {
    for (const { docId, path, saved } of documentsOf(context, session)) {
      const digest =
        session.execution?.docId === docId
          ? session.execution.sha256
          : saved?.sha256;
      const { root, rel, nameBytes } = context.paths.reduce(path);
      found.set(`${rel}\0${digest}`, {
        name: rel,
        ...(digest
          ? { digest: { sha256: digest } }
          : { uri: fileUri(root, rel) }),
        annotations: {
          nb_root: root,
          nb_kind: 'notebook',
          ...(nameBytes === null ? {} : { nb_nameBytes: nameBytes }),
          ...fullPath(context, path)
        }
      });
    }
  }
  return [...found.values()].sort(byName);
}

/** Distributions of the kernels' environments as purls, without a digest. */
function packages(context: IRecordContext): Dependency[] {
  if (!context.request.options.packages) {
    return [];
  }
  const purls = new Set<string>();
  for (const { machine } of context.sessions) {
    for (const { name, version } of machine.packages?.packages ?? []) {
      purls.add(purl(name, version));
    }
  }
  return [...purls].sort(compare).map(uri => ({ uri }));
}

/** purl-spec, type pypi: lower case, dashes for runs of separators. */
function purl(name: string, version: string): string {
  const normal = nameText(name)
    .toLowerCase()
    .replace(/[-_.]+/g, '-');
  return `pkg:pypi/${encodeURIComponent(normal)}@${encodeURIComponent(nameText(version))}`;
}

function countKinds(
  inputs: readonly IInput[]
): { kind: string; files: number }[] {
  const counts = new Map<string, number>();
  for (const { classification } of inputs) {
    const { kind } = classification;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => compare(a, b))
    .map(([kind, files]) => ({ kind, files }));
}

function byName(a: FileDependency, b: FileDependency): number {
  return (
    compare(a.name, b.name) ||
    compare(a.digest?.sha256 ?? '', b.digest?.sha256 ?? '')
  );
}
