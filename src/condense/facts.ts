/** What the text of a run says about which names its code can reach. Facts come from `run.code`. */
import type { EventOf } from '../journal/events';
import type { IRun } from '../session/types';

export type CodeFacts = EventOf<'run.code'>;

/** `_`, `Out`, `In` and what IPython numbers: reading one of them may read any earlier run. */
const HISTORY = /^(_{1,3}|_\d+|_i{1,3}|_i\d+|In|Out|_ih|_oh|_dh)$/;

/** Values that a displayed result is kept under; written by every run that shows one. */
const SHOWN = /^(_{1,3}|_\d+)$/;

/** Builtins that reach names by text, run text, or reach what has no name. */
const REACHING = new Set(
  'exec eval compile globals locals vars dir getattr setattr delattr __import__ input breakpoint get_ipython __builtins__'.split(
    ' '
  )
);

/** Modules through which code reaches any name of the notebook. */
const REACHING_MODULES =
  /^(__main__|builtins|gc|inspect|code|codeop|dill|importlib|IPython|ipykernel|sys:(modules|_getframe)|runpy|traceback)(\b|$)/;

/** Calls that evaluate text with the caller's names, e.g. `DataFrame.query` or `ctypes.pythonapi.…`, or that tell who holds an object. */
const BY_TEXT =
  /(^|\.)pythonapi\.|(^|\.)(query|eval|evaluate|execute|executemany|sql|read_sql|read_sql_query|from_formula|dmatrix|dmatrices|ols|glm|logit|_getframe|currentframe|stack|dump_session|dump_module|get_objects|get_referrers|get_referents|getrefcount|getweakrefcount|getweakrefs|from_query|sqldf|register_globals)$/;

/** Libraries that look up names of the caller by texts, and the shell, in whatever they are called for. */
const LOOK_UP =
  /^(IPython\.core|ipykernel|_?duckdb|numexpr|tables|statsmodels\.formula|patsy|formulaic|plotnine|pandasql)\b/;

/** `ndarray.resize` fails where another name stands for the array, or an array for its memory. */
const counts = ({ name, receiverType }: CodeFacts['calls'][number]) =>
  /\.resize$/.test(name) &&
  (receiverType === null || receiverType === 'numpy.ndarray');

/** A statement to a database of another program or a file: it can't name the notebook's values. */
const isAsked = ({ name, receiverType }: CodeFacts['calls'][number]) =>
  /\.execute(many)?$/.test(name) &&
  /^(sqlite3|psycopg2?|pymysql|sqlalchemy)\./.test(receiverType ?? '');

export const isHistory = (name: string) => HISTORY.test(name);
export const isShown = (name: string) => SHOWN.test(name);

/**
 * Why nobody can tell from the text which names the run reads; null when the text tells.
 * A run without facts is the caller's to judge.
 */
export function reachesByText(facts: CodeFacts): string | null {
  if (facts.parse === 'failed') {
    return 'unreadable code';
  }
  return (
    facts.dynamic[0] ??
    untoldMagics(facts)[0] ??
    namesRead(facts).find(name => REACHING.has(name)) ??
    facts.imports.find(name => REACHING_MODULES.test(name)) ??
    facts.calls.find(
      call => (BY_TEXT.test(call.name) && !isAsked(call)) || counts(call)
    )?.name ??
    facts.calls.find(isReaching)?.name ??
    null
  );
}

/** The notebook's own functions (`__main__.fit`) and builtins are told by the names loaded. */
const isReaching = ({ target, receiverType }: CodeFacts['calls'][number]) =>
  LOOK_UP.test(receiverType ?? '') ||
  ((LOOK_UP.test(target ?? '') || REACHING_MODULES.test(target ?? '')) &&
    !/^(__main__|builtins)\./.test(target ?? '') &&
    target !== 'IPython.core.display_functions.display');

/** Constructs whose code may run later than the run in which they stand. */
const DEFERRING = ['def', 'class', 'lambda', 'comprehension'];

/** Dynamic code that only reaches names, and leaves no code behind. */
const FLEETING = new Set(
  'globals locals vars getattr setattr delattr'.split(' ')
);

/**
 * Magics that leave no code of the user's behind: what `load_ext` and `autoreload` load
 * of theirs is told as modules of their own.
 */
const SETTLED = new Set(
  'matplotlib config pylab pip conda pwd cd ls who whos env set_env system getoutput sx load_ext reload_ext autoreload psearch lsmagic quickref history hist precision writefile bash sh script html javascript js latex markdown svg'.split(
    ' '
  )
);

/** Magics whose text isn't told with the cell's own, nor as a run of its own. */
const untoldMagics = ({ magics, told = [] }: CodeFacts): string[] =>
  magics.filter(name => !told.includes(name));

/** Magics that may run or make code that isn't told. */
export const unsettledMagics = (facts: CodeFacts): string[] =>
  untoldMagics(facts).filter(name => !SETTLED.has(name));

/** Its magics do nothing but run or show a text that is told with the cell's own. */
export const isTold = ({ magics, told = [] }: CodeFacts) =>
  magics.every(name => told.includes(name) && name !== 'capture');

const defers = (facts: CodeFacts) =>
  DEFERRING.some(construct => facts.constructs.includes(construct));

/** Names that code of this run may read at any later time, whoever calls it by whatever name. */
export function namesReadLater(facts: CodeFacts): readonly string[] {
  return facts.deferred ?? (defers(facts) ? facts.loads : []);
}

/**
 * Whether it may leave code behind that reaches names by text.
 *
 * @param byText what `reachesByText` says of it.
 */
export function leavesReach(facts: CodeFacts, byText: string | null): boolean {
  return (
    byText !== null &&
    (facts.parse === 'failed' ||
      defers(facts) ||
      facts.dynamic.some(name => !FLEETING.has(name)) ||
      unsettledMagics(facts).length > 0 ||
      facts.imports.some(name => REACHING_MODULES.test(name)))
  );
}

/** Names that the code loads, and those that the user's functions it reaches load. */
export function namesRead(facts: CodeFacts): readonly string[] {
  const { loads, deletes, reached = [] } = facts;
  if (deletes.length === 0 && reached.length === 0) {
    return loads;
  }
  const names = new Set([...loads, ...deletes]);
  for (const each of reached) {
    each.loads.forEach(name => names.add(name));
  }
  return [...names];
}

/** Names that it binds and may read before: what they stood for may be changed unseen. */
export function namesCarried(facts: CodeFacts): ReadonlySet<string> {
  return new Set(facts.carried ?? namesRead(facts));
}

/** Names that the run surely bound anew: what they stood for before is out of reach of later reads. */
export function namesRewritten(run: IRun): ReadonlySet<string> {
  const { facts, names } = run;
  if (facts === null || names === null || run.status !== 'ok') {
    return new Set();
  }
  const stores = new Set(facts.stores);
  return new Set(
    names.names
      .filter(({ name, same }) => stores.has(name) && same !== true)
      .map(({ name }) => name)
  );
}
