/**
 * The proof that a run changed nothing but the names it bound: from its text and from
 * what was observed, both, and only while what the proof relies on is original. What
 * isn't proved here is kept, so anything unknown is a refusal.
 */
import type { NameChange } from '../journal/events';
import type { IRun } from '../session/types';
import {
  isShown,
  isTold,
  namesCarried,
  namesRead,
  unsettledMagics,
  type CodeFacts
} from './facts';
import pure from './pure.json';
import type { IReason } from './types';

const set = (names: readonly string[]) => new Set(names);
const CONSTRUCTS = set(pure.constructs);
const SCALARS = set(pure.scalars);
const CONTAINERS = set(pure.containers);
const MODULES = set(pure.modules);
const FUNCTIONS = set(pure.functions);
const PLOT_FUNCTIONS = set(pure.plots.functions);
const PLOT_METHODS = set(pure.plots.methods);
/** Methods that call one whose name they are given, which may be one of those. */
const CALL_NAMED = set(pure.plots.named);
/** What a plot is made in, and its methods that only draw. */
const FIGURES = set(pure.plots.types);
const DRAWS = set(pure.plots.on);
const ALIASES = new Map(Object.entries(pure.aliases));
const byType = (table: Record<string, Record<string, string | null>>) =>
  new Map(
    Object.entries(table).map(([type, each]) => [
      type,
      new Map(Object.entries(each))
    ])
  );
const METHODS = byType(pure.methods);
const ATTRIBUTES = byType(pure.attributes);
const PARTS = new Map(Object.entries(pure.parts));

const canonical = (type: string) => ALIASES.get(type) ?? type;

/** What a proof may rely on at one point of a session: moved on run by run. */
export class Knowledge {
  /** Exact type of each name whose content is known. */
  private readonly types = new Map<string, string>();
  /** Names whose value isn't known. */
  private readonly unknown = new Set<string>();
  /** Those of them that stand for a figure or its axes, which pyplot keeps too. */
  private readonly figures = new Set<string>();
  /** Objects that run the user's code when looked at may be in any container. */
  private ownTypes = false;
  /** Something that proofs rely on may not be original, or calls the user's code. */
  private altered = false;
  /** Somebody may notice when an object ends. */
  private watched = false;

  /** @param whole whether no run so far went unobserved. */
  constructor(private whole: boolean) {}

  /** The type of a name that nothing of the user's is hidden in; null when unknown. */
  typeOf(name: string): string | null {
    const type = this.types.get(name);
    return type !== undefined && this.isListed(type) ? type : null;
  }

  isListed(type: string): boolean {
    return SCALARS.has(type) || (CONTAINERS.has(type) && !this.ownTypes);
  }

  /** A name that no run so far has bound: a builtin, if it is one. */
  isUnbound(name: string): boolean {
    return this.whole && !this.types.has(name) && !this.unknown.has(name);
  }

  /** A name for a value that can't be changed. */
  isScalar(name: string): boolean {
    return SCALARS.has(this.types.get(name) ?? '');
  }

  get trusted(): boolean {
    return this.whole && !this.altered;
  }

  /** Whether nobody notices when a name stands for something else from now on. */
  mayGo(name: string): boolean {
    const type = this.typeOf(name);
    return type === null
      ? this.figures.has(name) && !this.watched && !this.ownTypes
      : !this.watched || SCALARS.has(type);
  }

  /** Whether nobody notices that a name keeps a value of this type from its end. */
  mayKeep(type: string | null): boolean {
    return !this.watched || SCALARS.has(canonical(type ?? ''));
  }

  /** Take in what a run has done, whether it is kept or not. */
  pass(run: IRun): void {
    const { facts, names, state } = run;
    if (facts === null || names === null || names.complete === false) {
      this.whole = false;
    }
    this.ownTypes ||=
      facts === null ||
      facts.constructs.includes('class') ||
      facts.constructs.includes('type') ||
      facts.dynamic.length > 0 ||
      unsettledMagics(facts).length > 0 ||
      facts.calls.some(({ name }) => MAKES_TYPES.test(name)) ||
      (state?.modules?.own.length ?? 0) > 0;
    this.altered ||=
      (state?.moduleAttributes?.length ?? 0) > 0 ||
      (state?.modules?.replaced.length ?? 0) > 0 ||
      (state?.modules?.own.length ?? 0) > 0 ||
      facts === null ||
      this.alters(facts, names?.names ?? []);
    this.watched ||=
      facts === null ||
      facts.imports.some(name => /^weakref(:|$)/.test(name)) ||
      facts.calls.some(({ target }) => /^_?weakref\b/.test(target ?? ''));
    names?.names.forEach(change => this.learn(change));
  }

  /** Whether the text may put the user's code where a proof expects a library's. */
  private alters(facts: CodeFacts, changes: readonly NameChange[]): boolean {
    const gives = this.givesCode(facts, changes);
    return (
      facts.attributeStores.some(
        name => !this.isValue(name, facts) && (gives || !OPTION.test(name))
      ) ||
      facts.dynamic.some(name => PATCHING.has(name)) ||
      facts.imports.some(name =>
        /^((unittest[.:])?mock|IPython\.core[.:]magic)\b/.test(name)
      ) ||
      facts.calls.some(
        ({ name }) =>
          /(^|\.)__(set|del)attr__$/.test(name) || (gives && HOOKING.test(name))
      )
    );
  }

  /** Whether a function or object of the user's may be handed on, or a method that changes one. */
  private givesCode(facts: CodeFacts, changes: readonly NameChange[]): boolean {
    const bound = new Map(
      changes
        .filter(({ name }) => facts.stores.includes(name))
        .map(change => [change.name, knownType(change)])
    );
    const carried = namesCarried(facts);
    const isInert = (type: string | null | undefined) =>
      type === 'module' ||
      (!!type && this.isListed(type) && !CHANGED_BY_METHODS.has(type));
    const isPlain = (name: string) =>
      (!bound.has(name) || isInert(bound.get(name))) &&
      ((bound.has(name) && !carried.has(name)) ||
        this.isUnbound(name) ||
        isInert(this.types.get(name)));
    return (
      facts.constructs.includes('lambda') ||
      facts.constructs.includes('def') ||
      !facts.loads.every(isPlain)
    );
  }

  /** An attribute of a value, e.g. `df.columns`: no class or module. */
  private isValue(
    attribute: string,
    { attributeOwners = {}, stores }: CodeFacts
  ): boolean {
    const owner = canonical(attributeOwners[attribute] ?? '');
    if (CONTAINERS.has(owner)) {
      return true;
    }
    const name = attribute.split(/[.[(]/)[0]!;
    const type = stores.includes(name) ? undefined : this.types.get(name);
    return type !== undefined && !OWNERS.test(type);
  }

  private learn(change: NameChange): void {
    const { name, type, after } = change;
    this.types.delete(name);
    this.unknown.delete(name);
    this.figures.delete(name);
    if (after === 'absent') {
      return;
    }
    if (FIGURES.has(type ?? '')) {
      this.figures.add(name);
    }
    const known = knownType(change);
    if (known === null) {
      this.unknown.add(name);
    } else {
      this.types.set(name, known);
    }
  }
}

/** The type of what a name stands for now; null where not all of it is known, or it hides code. */
function knownType({ type, after, code }: NameChange): string | null {
  if (type === null || after === 'absent' || !('digest' in after)) {
    return null;
  }
  const known = canonical(type);
  return code === true && CONTAINERS.has(known) ? null : known;
}

/** Methods of these change them, whoever calls one that was handed on: `log.append`. */
const CHANGED_BY_METHODS = set(['list', 'dict', 'set', 'numpy.ndarray']);

/** Types whose attributes are code: modules and classes. */
const OWNERS = /^module$|(^|\.)(type|\w*Meta\w*)$/;

/** A setting of pandas. */
const OPTION = /^\w+\.options\./;

/** Dynamic code that may replace any attribute. */
const PATCHING = set(
  'setattr delattr exec eval compile import_module reload __import__'.split(' ')
);

/** Calls after which a library may call a function that they were given. */
const HOOKING =
  /(^|\.)(register\w*|for_type\w*|(add|set)\w*hook|add_\w*callback|\w*connect|observe|subscribe|set_option|option_context|(set_)?printoptions|errstate|seterrcall|set_string_function|settrace|setprofile|(meta_path|path_hooks|callbacks|\w*transformers\w*)\.(append|insert|extend))$/;

/** Calls that make classes, or objects of classes that no text names. */
const MAKES_TYPES =
  /(^|\.)(namedtuple|make_dataclass|new_class|load|loads|read_pickle|TypedDict|NamedTuple)$/;

/**
 * Why a run can't be shown harmless: every reason found; empty when it is harmless.
 *
 * @param before what was known before the run.
 * @param byText what `reachesByText` says of it.
 */
export function objections(
  run: IRun,
  before: Knowledge,
  byText: string | null
): IReason[] {
  const { facts, names } = run;
  if (facts === null || facts.partial === true || names === null) {
    return [{ code: 'no-evidence' }];
  }
  const stores = new Set(facts.stores);
  return [
    ...fromCourse(run),
    ...fromEffects(run),
    ...fromNames(names.names, facts, stores, before),
    ...(names.complete === false ? [{ code: 'no-evidence' } as const] : []),
    ...(before.trusted ? [] : [{ code: 'not-original' } as const]),
    ...fromText(facts, byText),
    ...fromValues(facts, stores, names.names, before)
  ];
}

/** A run of another course than a plain cell's: start to end, alone. */
function fromCourse(run: IRun): IReason[] {
  const reasons: IReason[] = [];
  if (run.status !== 'ok' || run.endedAt === null) {
    reasons.push({ code: 'not-ended-well', resource: run.ename ?? run.status });
  }
  if (run.kind !== 'cell' || run.parent !== null) {
    reasons.push({ code: 'not-a-plain-cell', resource: run.kind });
  }
  if (run.overlapped || run.lastBeforeEnd > run.number) {
    reasons.push({ code: 'overlaps' });
  }
  if (run.outlived) {
    reasons.push({ code: 'left-something-running' });
  }
  if (run.disturbed) {
    reasons.push({ code: 'changed-in-between' });
  }
  return reasons;
}

function fromEffects(run: IRun): IReason[] {
  const reasons: IReason[] = run.acts.map(act => ({
    code: 'acted',
    resource: act
  }));
  const { state } = run;
  if (state === null) {
    return reasons;
  }
  const changed = (resource: string) =>
    reasons.push({ code: 'changed-state', resource });
  for (const [library, { before }] of Object.entries(state.random ?? {})) {
    if (before !== null) {
      changed(`random state of ${library}`);
    }
  }
  if (state.cwd) {
    changed('working folder');
  }
  if (state.environment) {
    changed('environment');
  }
  if (state.sysPath) {
    changed('sys.path');
  }
  if (state.modules?.own.length || state.modules?.replaced.length) {
    changed('modules');
  }
  state.library?.forEach(changed);
  state.moduleAttributes?.forEach(changed);
  state.replaced?.forEach(resource =>
    reasons.push({ code: 'not-original', resource })
  );
  return reasons;
}

/**
 * Every name that differs was bound by the text, over nothing that could notice, and
 * that the run can't have changed before. One that was and is unknown, and that the text
 * doesn't name, isn't seen to differ.
 */
function fromNames(
  changes: readonly NameChange[],
  facts: CodeFacts,
  stores: ReadonlySet<string>,
  before: Knowledge
): IReason[] {
  const named = new Set(namesRead(facts));
  const carried = namesCarried(facts);
  const refuse = (change: NameChange) => {
    const { name, type, same, after } = change;
    if (same === true && isUnknown(change) && !named.has(name)) {
      return false;
    }
    if (after !== 'absent' && !before.mayKeep(type)) {
      return true;
    }
    if (isShown(name) && !stores.has(name) && !isSeenToDiffer(change)) {
      return false;
    }
    const gone = after === 'absent';
    const over =
      change.before !== 'absent' &&
      !(carried.has(name) ? before.isScalar(name) : before.mayGo(name));
    return !stores.has(name) || same === true || gone || over;
  };
  return changes
    .filter(refuse)
    .map(({ name }) => ({ code: 'changed-name', resource: name }));
}

/** The same object with another content. */
const isSeenToDiffer = ({ before, after, same }: NameChange) =>
  same === true &&
  before !== 'absent' &&
  after !== 'absent' &&
  'digest' in before &&
  'digest' in after;

const isUnknown = ({ before, after }: NameChange) =>
  before !== 'absent' &&
  after !== 'absent' &&
  'unknown' in before &&
  'unknown' in after;

function fromText(facts: CodeFacts, byText: string | null): IReason[] {
  return [
    ...(byText === null ? [] : [{ code: 'opaque' as const, resource: byText }]),
    ...facts.constructs
      .filter(construct => !CONSTRUCTS.has(construct))
      .map(resource => ({ code: 'construct' as const, resource })),
    ...[...facts.attributeStores, ...facts.subscriptStores].map(resource => ({
      code: 'stores-into' as const,
      resource
    })),
    ...facts.deletes.map(resource => ({
      code: 'changed-name' as const,
      resource
    })),
    ...facts.imports
      .filter(name => !MODULES.has(name.split(':')[0]!))
      .map(resource => ({ code: 'imports' as const, resource }))
  ];
}

/** Every value that the text touches is of a listed type, and every call is listed. */
function fromValues(
  facts: CodeFacts,
  stores: ReadonlySet<string>,
  changes: readonly NameChange[],
  before: Knowledge
): IReason[] {
  const after = new Map(changes.map(change => [change.name, change]));
  const typeOf = (name: string): string | null => {
    const change = after.get(name);
    if (change === undefined || !stores.has(name)) {
      return before.typeOf(name);
    }
    if (change.same !== true && FIGURES.has(change.type ?? '')) {
      return change.type;
    }
    const known =
      change.type !== null &&
      change.after !== 'absent' &&
      'digest' in change.after;
    const type = known ? canonical(change.type!) : null;
    const had = change.before === 'absent' || before.typeOf(name) !== null;
    const hides = change.code === true && type !== 'function';
    return type !== null && had && !hides && before.isListed(type)
      ? type
      : null;
  };
  const bare = new Map(
    facts.calls
      .filter(({ name }) => !/[.[(]/.test(name))
      .map(call => [call.name, call.target ?? ''])
  );
  const modules = new Set(
    facts.calls
      .filter(({ receiverType }) => receiverType === 'module')
      .map(({ name }) => name.split('.')[0]!)
  );
  const reasons: IReason[] = facts.loads
    .filter(
      name =>
        typeOf(name) === null &&
        !modules.has(name) &&
        !isPureFunction(bare.get(name) ?? null) &&
        !(BUILTIN_VALUES.has(name) && before.isUnbound(name))
    )
    .map(resource => ({ code: 'unlisted-value', resource }));
  for (const name of stores) {
    const change = after.get(name);
    const module = change?.type === 'module' && facts.imports.length > 0;
    const plain = change === undefined || typeOf(name) !== null;
    if (!plain && !module && change?.type !== 'function') {
      reasons.push({ code: 'unlisted-value', resource: name });
    }
  }
  for (const call of facts.calls) {
    const told = MAGIC_CALL.test(call.name) && isTold(facts);
    if (!told && !isPureCall(call, typeOf)) {
      reasons.push({ code: 'call', resource: call.name });
    }
  }
  return reasons;
}

/** What IPython makes of `%magic` and `%%magic`. */
const MAGIC_CALL = /^get_ipython\(\)\.run_(line|cell)_magic$/;

/** Builtins that are read without being called. */
const BUILTIN_VALUES = set([
  'True',
  'False',
  'None',
  'int',
  'float',
  'str',
  'bool',
  'list',
  'dict',
  'set',
  'tuple',
  'len',
  'abs',
  'sum',
  'min',
  'max'
]);

const isPureFunction = (target: string | null) =>
  target !== null && (FUNCTIONS.has(target) || PLOT_FUNCTIONS.has(target));

type Call = CodeFacts['calls'][number];

function isPureCall(
  { name, receiverType, target }: Call,
  typeOf: (name: string) => string | null
): boolean {
  if (/[)\]]$/.test(name)) {
    return false; // what a call returned, or what lies in a container
  }
  if (receiverType === null && !/[.[(]/.test(name)) {
    return isPureFunction(target ?? null);
  }
  const [base = '', ...steps] = name.split('.');
  if (receiverType === 'module') {
    const rest = steps.join('.');
    return isPureFunction(`${target ?? '?'}.${rest}`);
  }
  const [, root = '', selections = ''] =
    /^([^[(]*)((?:\[\])*)$/.exec(base) ?? [];
  const type = typeOf(root);
  if (type !== null && FIGURES.has(type)) {
    // Surely the one that this run has made: a name that it binds later has no type here.
    return receiverType !== null && steps.length === 1 && DRAWS.has(steps[0]!);
  }
  const types = type === null ? [] : select([type], selections.length / 2);
  return isPureChain(types, steps);
}

/** What subscripts in a row give: `df['a']`, `df[['a', 'b']]`, `df[df['a'] > 1]`; nothing where that isn't known. */
function select(types: readonly string[], times: number): readonly string[] {
  if (times === 0) {
    return types;
  }
  const parts = types.map(type => PARTS.get(type) ?? null);
  return parts.includes(null)
    ? []
    : select([...new Set(parts.flatMap(part => part!.split('|')))], times - 1);
}

/** `groupby()[].mean`: a call, and subscripts of its result. */
const STEP = /^(\w+)(\(\))?((?:\[\])*)$/;

/**
 * `df.groupby()[].mean`: each step on the listed result of the one before, whichever of
 * the types it is that it may be.
 */
function isPureChain(
  types: readonly string[],
  [step, ...rest]: readonly string[]
): boolean {
  const [, name = '', called, selections = ''] = STEP.exec(step ?? '') ?? [];
  const last = rest.length === 0;
  if (last && PLOT_METHODS.has(name)) {
    return types.some(type => type.startsWith('pandas.'));
  }
  const table = last || called ? METHODS : ATTRIBUTES;
  // An attribute that a type doesn't have would have been an error.
  const having =
    table === METHODS
      ? types
      : types.filter(type => table.get(type)?.has(name));
  const isPure = (type: string) => {
    const known = table.get(type);
    if (last) {
      return known?.has(name) === true;
    }
    const results = known?.get(name)?.split('|') ?? [];
    return isPureChain(select(results, selections.length / 2), rest);
  };
  return having.length > 0 && having.every(isPure);
}

const methodOf = (name: string) => name.slice(name.lastIndexOf('.') + 1);

/** Whether a run draws: plots stay with the session until they are shown. */
export function draws({ facts }: IRun): boolean {
  return (
    facts?.calls.some(
      ({ name, target, receiverType }) =>
        PLOT_METHODS.has(methodOf(name)) ||
        (target ?? '').startsWith('matplotlib') ||
        (receiverType ?? '').startsWith('matplotlib')
    ) ?? false
  );
}

/** Whether it calls methods by names that it gives as texts: these may draw. */
export function callsNamed({ facts }: IRun): boolean {
  return (
    facts?.calls.some(({ name }) => CALL_NAMED.has(methodOf(name))) ?? false
  );
}
