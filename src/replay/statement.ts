/** The statement of a replay, from what it gave. */
import { REPLAY_BUILD_TYPE, REPLAY_BUILDER } from '../assurance/builders';
import { jsonBytes } from '../record/json';
import { PREDICATE_TYPE, STATEMENT_TYPE } from '../record/types';
import type {
  Relation,
  ReplayedSubject,
  ReplayStatement,
  RunName,
  Surroundings
} from './types';

/** From equal to not. */
const ORDER: readonly Relation[] = [
  'same-digest',
  'same-content',
  'close',
  'different'
];

/** The worst of all subjects. */
export function worstRelation(subjects: readonly ReplayedSubject[]): Relation {
  const ranks = subjects.map(({ relation }) => ORDER.indexOf(relation));
  return ORDER[Math.max(...ranks, 0)]!;
}

/** Whether a relation means that the same was made again. */
export const isSame = (relation: Relation): boolean =>
  relation === 'same-digest' || relation === 'same-content';

export interface IReplayFacts {
  invocationId: string;
  /** RFC 3339, to the second. */
  startedOn: string;
  finishedOn: string;
  deriver: { name: string; version: string };
  record: { invocationId: string; sha256: string };
  notebookSha256: string;
  inputs: readonly { name: string; sha256: string }[];
  inputsUnchecked: number;
  subjects: readonly ReplayedSubject[];
  runs: { kept: number; replayed: number };
  /** Null where nothing was tried. */
  minimized: { dropped: RunName[]; minimal: boolean } | null;
  replays: number;
  surroundings: Surroundings;
  byproducts: readonly { name: string; sha256: string }[];
}

export function replayStatement(facts: IReplayFacts): {
  statement: ReplayStatement;
  bytes: Uint8Array;
} {
  const { deriver, minimized, subjects } = facts;
  const statement: ReplayStatement = {
    _type: STATEMENT_TYPE,
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: REPLAY_BUILD_TYPE,
        externalParameters: {
          record: facts.record,
          notebook: facts.notebookSha256,
          minimize: minimized !== null
        },
        internalParameters: {
          deriver,
          outcome: worstRelation(subjects),
          subjects: [...subjects],
          runs: facts.runs,
          ...(minimized ?? {}),
          replays: facts.replays,
          ...(facts.inputsUnchecked === 0
            ? {}
            : { inputsUnchecked: facts.inputsUnchecked }),
          surroundings: facts.surroundings
        },
        resolvedDependencies: [
          { name: 'record', digest: { sha256: facts.record.sha256 } },
          { name: 'condensed.ipynb', digest: { sha256: facts.notebookSha256 } },
          ...facts.inputs.map(({ name, sha256 }) => ({
            name,
            digest: { sha256 }
          }))
        ]
      },
      runDetails: {
        builder: {
          id: REPLAY_BUILDER,
          version: { [deriver.name]: deriver.version }
        },
        metadata: {
          invocationId: facts.invocationId,
          startedOn: facts.startedOn,
          finishedOn: facts.finishedOn
        },
        byproducts: facts.byproducts.map(({ name, sha256 }) => ({
          name,
          digest: { sha256 },
          mediaType: 'application/x-ipynb+json'
        }))
      }
    }
  };
  return { statement, bytes: jsonBytes(statement) };
}
