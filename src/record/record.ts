/**
 * The record of a request: a pure function of it and of the journal prefixes that it
 * names. The same request over the same journal gives the same bytes; times and ids
 * are the request's.
 */
import { condense, dropTest, type DropTest } from '../condense/condense';
import type { ISlice } from '../condense/types';
import { byStart } from '../condense/writers';
import type { AttestRequested, EventOf } from '../journal/events';
import { nameKey } from '../journal/names';
import {
  cutToPrefixes,
  type IJournalFile,
  type IJournalSource
} from '../journal/read';
import { sha256 as pureSha256, type Sha256Function } from '../journal/sha256';
import { foldSessions, type IFolded } from '../session/fold';
import type { ISession } from '../session/types';
import { coverage, environment, listRuns, runList } from './byproducts';
import { condensedNotebook } from './condensed';
import { Classifications, type IRecordContext } from './context';
import { findDependencies } from './dependencies';
import { recordGaps } from './gaps';
import { jsonBytes } from './json';
import {
  executionOf,
  externalParameters,
  machineOf,
  recordingOf
} from './parameters';
import { PathReducer } from './paths';
import { summarize } from './story';
import {
  BUILDERS,
  BUILD_TYPES,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
  type IByproductFile,
  type IRecord,
  type Statement
} from './types';

export interface IRecordInput {
  request: AttestRequested;
  /**
   * Journal files that the request's prefixes name: whole, or at least so long. One that
   * was read already (`readJournalFile`) saves reading it again.
   */
  sources: readonly (IJournalSource | IJournalFile)[];
  /** Digests taken for this request, as written before it in the attests file. */
  hashed: readonly EventOf<'file.hashed'>[];
  /** The text with this salted digest, null when it is gone. Asked only for the option `code`. */
  text(sid: string, sha256: string): string | null;
  /** A faster SHA-256 than the built-in one. */
  sha256?: Sha256Function;
  /** Sessions folded before from these very `sources`: they needn't be again. */
  folded?: readonly IFolded[];
}

/**
 * Make a record.
 *
 * @throws JournalError when a prefix is gone, was changed since, or has a version
 * that this program doesn't know.
 */
export function createRecord(input: IRecordInput): IRecord {
  const context = contextOf(input);
  const dependencies = findDependencies(context);
  const gaps = recordGaps(context, dependencies);
  const runs = listRuns(context);
  const list = runList(context, runs);
  const condensed = condensedNotebook(context);
  const byproducts = [
    list,
    coverage(context, gaps, dependencies),
    environment(context),
    ...(condensed === null ? [] : [condensed]),
    ...(dependencies.manifest === null ? [] : [dependencies.manifest])
  ];
  const mode = executionOf(context) === null ? 'session' : 'execution';
  const statement: Statement = {
    _type: STATEMENT_TYPE,
    subject: subjectsOf(context),
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPES[mode],
        externalParameters: externalParameters(context, list.sha256),
        internalParameters: {
          recording: recordingOf(context, gaps),
          machine: machineOf(context)
        },
        resolvedDependencies: dependencies.listed
      },
      runDetails: {
        builder: { id: BUILDERS[mode], version: versionsOf(context) },
        metadata: {
          invocationId: context.request.invocationId,
          startedOn: context.request.startedOn,
          finishedOn: context.request.finishedOn
        },
        byproducts: byproducts.map(describe)
      }
    }
  };
  return {
    statement,
    bytes: jsonBytes(statement),
    byproducts,
    runs,
    summary: summarize(statement)
  };
}

function contextOf(input: IRecordInput): IRecordContext {
  const { request, hashed, text, folded } = input;
  const sha256 = input.sha256 ?? pureSha256;
  const files = cutToPrefixes(input.sources, request.prefixes, { sha256 });
  const slice = sliceOf(request, foldSessions(files, { hashed }, folded));
  const sessions = slice.sessions.map(part => part.session);
  const prefixes = sessions.flatMap(s => s.machine.hello?.prefixes ?? []);
  const paths = new PathReducer(request.base, request.home ?? null, prefixes);
  const classes = new Classifications({ request, slice, sessions });
  return { request, slice, sessions, classes, paths, sha256, text };
}

function sliceOf(
  request: AttestRequested,
  sessions: ReadonlyMap<string, ISession>
): ISlice {
  // The whole of a folder was never written as such: its files speak for it.
  const subjects = request.subjects
    .filter(({ folder }) => folder !== true)
    .map(({ path, sha256, stat, sid }) => ({
      key: nameKey(path),
      sha256,
      stat,
      sid
    }));
  const { drops } = request;
  const slice = condense(sessions, subjects, drops);
  return slice.sessions.length > 0
    ? slice
    : wholeSlice(sessions, slice, dropTest(drops));
}

/** No subject leads to a session: then all that were named stand in the record, in full. */
function wholeSlice(
  sessions: ReadonlyMap<string, ISession>,
  slice: ISlice,
  isDropped: DropTest
): ISlice {
  const all = [...sessions.values()].sort(byStart);
  return {
    ...slice,
    sessions: all.map(session => ({
      session,
      runs: session.runs.map(run =>
        isDropped(session, run)
          ? { run, verdict: 'dropped-by-user', reason: 'user', because: [] }
          : {
              run,
              verdict: 'kept-undecided',
              reason: 'write-not-seen',
              because: []
            }
      )
    })),
    external: all.flatMap(({ sid, reads }) =>
      reads
        .filter(read => read.version.origin === 'external')
        .map(read => ({ sid, read }))
    )
  };
}

/** Names relative to the base; one that would stand twice gets a number. */
function subjectsOf({ request, paths }: IRecordContext): Statement['subject'] {
  const used = new Set<string>();
  return request.subjects.map(({ path, sha256 }) => {
    const { rel } = paths.reduce(path);
    let name = rel;
    for (let n = 2; used.has(name); n++) {
      name = `${rel} (${n})`;
    }
    used.add(name);
    return { name, digest: { sha256 } };
  });
}

function versionsOf({ request }: IRecordContext): Record<string, string> {
  return { [request.deriver.name]: request.deriver.version };
}

function describe({ name, sha256 }: IByproductFile) {
  const mediaType = name.endsWith('.ipynb')
    ? 'application/x-ipynb+json'
    : 'application/json';
  return { name, digest: { sha256 }, mediaType };
}
