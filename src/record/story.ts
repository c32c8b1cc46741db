/** What a statement says, as data for people: computed from it, never stored in it. */
import type { IRecordSummary } from '../api';
import { assess } from '../assurance/assess';
import gapSentences from '../journal/gaps.json';
import type {
  DatabaseDependency,
  Dependency,
  FileDependency,
  RemoteDependency,
  Statement
} from './types';

const SENTENCES: Record<string, string> = gapSentences;

/** Numbers, gaps with their sentences, ceiling. */
export function summarize(statement: Statement): IRecordSummary {
  const { buildDefinition } = statement.predicate;
  const { externalParameters, internalParameters } = buildDefinition;
  return {
    filesRead: buildDefinition.resolvedDependencies.reduce(
      (sum, dependency) => sum + filesIn(dependency),
      0
    ),
    filesWritten: statement.subject.length,
    runsKept: externalParameters.runs.kept,
    runsTotal: externalParameters.runs.total,
    gaps: internalParameters.recording.gaps.map(({ code, count }) => ({
      code,
      count,
      sentence: SENTENCES[code] ?? 'Something wasn’t recorded.'
    })),
    ceiling: assess(statement)
  };
}

/** Data files that a dependency stands for; notebooks and packages are none. */
function filesIn({ annotations }: Dependency): number {
  if (annotations === undefined) {
    return 0;
  }
  if (!('nb_root' in annotations)) {
    return 'nb_files' in annotations ? annotations.nb_files : 0;
  }
  // A folder's members are counted with the list that they stand in.
  const isOne = annotations.nb_files === undefined;
  return isOne && annotations.nb_kind !== 'notebook' ? 1 : 0;
}

/** Files read, without notebooks: the inputs of a story. */
export function inputsOf(statement: Statement): FileDependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    (dependency): dependency is FileDependency =>
      dependency.annotations !== undefined &&
      'nb_root' in dependency.annotations &&
      dependency.annotations.nb_kind !== 'notebook'
  );
}

/** The fingerprint of what arrived, where it is one: of a body, of a database's only answer. */
export function arrivedDigest(
  dependency: RemoteDependency | DatabaseDependency
): string | null {
  if ('digest' in dependency) {
    return dependency.digest?.sha256 ?? null;
  }
  const { annotations } = dependency;
  const answers = 'nb_answers' in annotations ? annotations.nb_answers : [];
  return annotations.nb_absent === undefined && answers?.length === 1
    ? (answers[0]?.sha256 ?? null)
    : null;
}

/** What came from addresses and databases. */
export function fromElsewhere(
  statement: Statement
): (RemoteDependency | DatabaseDependency)[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    (dependency): dependency is RemoteDependency | DatabaseDependency =>
      dependency.annotations?.nb_kind === 'remote' ||
      dependency.annotations?.nb_kind === 'database'
  );
}
