/**
 * What decided a result beside the code and the files: random draws that nobody seeded,
 * and code that ran on other computers. Evidence is what runs were seen to use.
 */
import type { IGap, IRun } from './types';
import { gap } from './gap';

/** Last parts of the calls that set a random state. */
const SEEDING = new Set([
  'seed',
  'manual_seed',
  'manual_seed_all',
  'seed_all',
  'seed_everything',
  'set_seed',
  'set_random_seed',
  'set_state',
  'setstate',
  'set_rng_state'
]);

const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1);

function seeds({ facts }: IRun): boolean {
  const names = [
    ...(facts?.calls ?? []).map(call => call.name),
    ...(facts?.reached ?? []).flatMap(({ loads }) => loads)
  ];
  return names.some(name => SEEDING.has(lastPart(name)));
}

/** Last parts of the calls that make a generator of its own. */
const MAKING = new Set([
  'default_rng',
  'Generator',
  'PCG64',
  'Random',
  'RandomState',
  'SeedSequence',
  'SystemRandom'
]);

/** Whether the code draws from something that is named `random`. */
const callsRandom = ({ facts }: IRun): boolean =>
  (facts?.calls ?? []).some(({ name, target }) =>
    [name, target ?? ''].some(
      dotted =>
        dotted.split('.').includes('random') && !MAKING.has(lastPart(dotted))
    )
  );

/** Libraries draw while they load, for names and addresses: that decides no result. */
const loads = ({ state }: IRun, before: string | null): boolean =>
  before === null || (state?.modules?.added.length ?? 0) > 0;

/**
 * Random numbers drawn from a library's own state, and no run before seen to seed it: one
 * gap a library, at the first such draw. Generators that a name stands for aren't looked at.
 */
export function unseededDraws(runs: readonly IRun[]): IGap[] {
  const settled = new Set<string>();
  const gaps: IGap[] = [];
  for (const run of runs) {
    for (const [library, { before }] of Object.entries(
      run.state?.random ?? {}
    )) {
      const loadedOnly = loads(run, before) && !callsRandom(run);
      if (settled.has(library) || (loadedOnly && !seeds(run))) {
        continue;
      }
      settled.add(library);
      if (!seeds(run)) {
        gaps.push(gap('unseeded-random', { run: run.id, detail: library }));
      }
    }
  }
  return gaps;
}

/** Packages whose objects stand for code that runs in other places. */
const REMOTE = new Set([
  'coiled',
  'dask_gateway',
  'databricks',
  'distributed',
  'ipyparallel',
  'mpi4py',
  'pyspark',
  'ray',
  'snowflake'
]);

/** Objects of such a package that a name stood for: one gap a package, at the first. */
export function remoteExecution(runs: readonly IRun[]): IGap[] {
  const found = new Map<string, IGap>();
  for (const run of runs) {
    for (const { type, after } of run.names?.names ?? []) {
      const dot = type?.indexOf('.') ?? -1;
      const library = (dot < 0 ? type : type?.slice(0, dot)) ?? '';
      if (REMOTE.has(library) && after !== 'absent' && !found.has(library)) {
        const detail = { run: run.id, detail: library };
        found.set(library, gap('remote-execution', detail));
      }
    }
  }
  return [...found.values()];
}
