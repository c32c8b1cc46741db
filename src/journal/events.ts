/**
 * Every event that an observer can write, as zod schemas: the definition in
 * code of the journal (see docs/journal.md). Python writes these lines,
 * TypeScript reads them; `docs/schemas/events.schema.json` is generated from here.
 *
 * Objects are loose: a reader keeps fields it doesn't know.
 */
import * as z from 'zod/mini';
import { Sha256 } from './digest';

export { Sha256 };

/** An integer that may exceed 2^53 (nanoseconds, inodes, devices): decimal digits. */
export const Decimal = z.string().check(z.regex(/^-?[0-9]{1,40}$/));

/** RFC 3339 time in UTC with microseconds, e.g. `2026-11-24T09:30:00.123456Z`. */
export const Time = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/));

const Count = z.int().check(z.nonnegative());

/** A path or another name: text, or base64 of its bytes where it isn't UTF-8. */
export const Name = z.union([z.string(), z.looseObject({ b64: z.string() })]);
export type Name = z.infer<typeof Name>;

/**
 * A text kept as a file in `texts/<sha256>`; sha256 = SHA-256(salt ‖ UTF-8
 * bytes), salt = first 16 bytes of HMAC-SHA-256(session key, text), in base64.
 */
export const Text = z.looseObject({
  sha256: Sha256,
  salt: z.string(),
  bytes: Count,
  redact: z.optional(
    z.array(z.looseObject({ start: Count, end: Count, kind: z.string() }))
  )
});
export type Text = z.infer<typeof Text>;

/** Identity of a file's bytes at one moment, as stat(2) gives it. */
export const Stat = z.looseObject({
  dev: Decimal,
  ino: Decimal,
  /** Bytes. A decimal string above 2^53. */
  size: z.union([Count, Decimal]),
  mtimeNs: Decimal,
  ctimeNs: Decimal,
  nlink: z.optional(z.int()),
  /** File system type where known, e.g. `ext4`, `nfs`. */
  fs: z.optional(z.nullable(z.string()))
});
export type Stat = z.infer<typeof Stat>;

/** Who observed: every conclusion says on whose word it rests. */
export const Observer = z.looseObject({
  id: z.string(),
  /** Open-ended: `server`, `probe`, `scan`, `hasher`, `client` … */
  kind: z.string(),
  domain: z.enum(['tenant', 'platform']),
  version: z.string(),
  digest: z.optional(Sha256),
  host: z.string(),
  bootId: z.nullable(z.string()),
  pid: z.optional(z.int()),
  parentPid: z.optional(z.int()),
  rank: z.optional(z.int())
});
export type Observer = z.infer<typeof Observer>;

/** Fields of every line. */
const line = {
  v: z.literal(1),
  sid: z.string(),
  seq: Count,
  t: Time,
  mono: Decimal,
  by: z.string(),
  prev: z.nullable(Sha256)
};

/** `msgId/k`; k = 0 for the run that a request starts, 1, 2 … for nested ones. */
const RunId = z.string().check(z.regex(/^.+\/[0-9]+$/));

/** In every probe event: the run, or null, and how it is known. */
const attributed = {
  run: z.nullable(RunId),
  attribution: z.enum(['context', 'thread', 'process', 'none'])
};

const event = <T extends string, S extends z.core.$ZodLooseShape>(
  type: T,
  shape: S
) => z.looseObject({ ...line, type: z.literal(type), ...shape });

const probeEvent = <T extends string, S extends z.core.$ZodLooseShape>(
  type: T,
  shape: S
) => z.looseObject({ ...line, ...attributed, type: z.literal(type), ...shape });

/**
 * What a run's thread or task does after the run's end stays that run's; the run that
 * was open meanwhile, when there was exactly one.
 */
const during = z.optional(z.nullable(RunId));
const actEvent = <T extends string, S extends z.core.$ZodLooseShape>(
  type: T,
  shape: S
) => probeEvent(type, { during, ...shape });

const text = z.nullable(z.string());
const optionalText = z.optional(text);

/* ------------------------------------------------------------ any writer */

export const JournalStarted = event('journal.started', {
  program: z.looseObject({ name: z.string(), version: z.string() }),
  python: optionalText,
  platform: z.string()
});

export const ObserverJoined = event('observer.joined', { observer: Observer });

export const ObserverLeft = event('observer.left', {
  observer: z.string(),
  reason: text,
  parentRun: z.optional(z.nullable(z.string()))
});

/** An observed instance of something that wasn't recorded. */
export const Gap = event('gap', {
  code: z.string(),
  covers: z.looseObject({
    path: z.optional(Name),
    library: z.optional(z.string()),
    bytes: z.optional(Count),
    count: z.optional(Count),
    run: z.optional(z.nullable(z.string())),
    from: z.optional(Time),
    to: z.optional(Time),
    reason: z.optional(z.string())
  })
});

/* --------------------------------------------------------------- recorder */

export const KernelStarted = event('kernel.started', {
  kernelId: text,
  previousSid: text,
  kernelName: text,
  language: optionalText,
  specSha256: z.nullable(Sha256),
  provisioner: text,
  /** `expected`, or why there will be no probe. */
  probe: z.string(),
  /** `listening`, or why nobody listens to the websockets; null where there are none. */
  tap: optionalText,
  /** `expected`, why there is none though one was asked for, or null. */
  tracer: optionalText
});

const kernelEnd = { reason: text };
export const KernelRestarted = event('kernel.restarted', kernelEnd);
export const KernelInterrupted = event('kernel.interrupted', kernelEnd);
export const KernelDied = event('kernel.died', kernelEnd);
export const KernelEnded = event('kernel.ended', kernelEnd);

export const DocumentRenamed = event('document.renamed', {
  docId: z.string(),
  from: Name,
  to: Name
});
/** Order of the code cells in a saved .ipynb and the digest of each one's source. */
export const CellList = z.array(
  z.looseObject({ cellId: z.nullable(z.string()), code: Text })
);
export const DocumentBound = event('document.bound', {
  docId: z.string(),
  path: Name,
  /** Cells of the .ipynb on disk at that time. */
  cells: z.optional(z.nullable(CellList))
});
export const DocumentSaved = event('document.saved', {
  docId: z.string(),
  path: Name,
  sha256: z.nullable(Sha256),
  bytes: z.nullable(Count),
  cells: z.nullable(CellList)
});
export const DocumentClosed = event('document.closed', { docId: z.string() });

export const ClientSeen = event('client.seen', {
  client: z.string(),
  /** `lab`, `notebook`, `console`, `server-side executor`, `headless`, `kernel`, `unknown client`. */
  label: z.string(),
  docId: z.nullable(z.string()),
  evidence: z.string()
});

export const RunInput = event('run.input', {
  msgId: z.string(),
  client: z.string(),
  code: Text,
  executionCount: z.nullable(z.int()),
  subshell: z.nullable(z.string())
});
export const RunErrored = event('run.errored', {
  msgId: z.string(),
  ename: text
});
export const RunIdle = event('run.idle', {
  msgId: z.string(),
  client: z.string(),
  /** The request that went idle, e.g. `execute_request`. */
  request: z.string(),
  hadInput: z.boolean()
});

/** What a client asked for, as the tap on the server's websockets saw it. */
export const RunRequested = event('run.requested', {
  msgId: z.string(),
  client: z.string(),
  code: Text,
  cellId: text,
  silent: z.boolean(),
  storeHistory: z.boolean(),
  /** How many user expressions came with it: they run code too. */
  expressions: z.optional(Count)
});

const pause = { docId: z.optional(text), whom: z.string() };
export const RecordingPaused = event('recording.paused', pause);
export const RecordingResumed = event('recording.resumed', pause);

export const ExecutionStarted = event('execution.started', {
  docId: z.string(),
  path: Name,
  sha256: Sha256,
  parameters: z.record(z.string(), z.string()),
  output: z.nullable(Name)
});
export const ExecutionEnded = event('execution.ended', {
  docId: z.string(),
  cells: Count,
  executed: Count,
  status: z.enum(['ok', 'error', 'interrupted', 'died']),
  output: z.nullable(Name),
  outputSha256: z.nullable(Sha256)
});

/* ------------------------------------------------------------------ probe */

export const ProbeHello = probeEvent('probe.hello', {
  version: z.string(),
  digest: z.nullable(Sha256),
  pid: z.int(),
  python: z.string(),
  implementation: z.string(),
  ipykernel: text,
  ipython: text,
  install: z.enum(['launch', 'late', 'child']),
  /** Runs before the probe, at least. */
  runsMissed: Count,
  channels: z.looseObject({
    audit: z.enum(['ok', 'vetoed']),
    wrappers: z.array(
      z.looseObject({
        library: z.string(),
        version: text,
        state: z.string()
      })
    ),
    meter: z.optional(z.string()),
    maps: z.optional(z.string())
  }),
  cwd: z.nullable(Name),
  /** Installation prefixes of the kernel's environment. */
  prefixes: z.array(Name),
  flags: z.record(z.string(), z.union([z.int(), z.boolean()])),
  /** PYTHONHASHSEED as set, `random` when unset. */
  hashSeed: z.string()
});

const Package = z.looseObject({
  name: z.string(),
  version: z.string(),
  /** Where it was installed from, when known: `pypi`, `editable`, `vcs` … */
  origin: optionalText
});
export const EnvPackages = probeEvent('env.packages', {
  packages: z.array(Package),
  /** How they were listed, e.g. `importlib.metadata`. */
  listedBy: z.string()
});
export const EnvHardware = probeEvent('env.hardware', {
  system: z.string(),
  release: z.string(),
  machine: z.string(),
  cpu: text,
  cpuCount: z.nullable(z.int()),
  memoryBytes: z.nullable(z.union([Count, Decimal])),
  accelerators: z.array(
    z.looseObject({ kind: z.string(), name: text, driver: text })
  ),
  containerHints: z.array(z.string())
});
export const EnvDeterminism = probeEvent('env.determinism', {
  /** Names of determinism switches and their values, `null` when unset. */
  flags: z.record(z.string(), z.nullable(z.string())),
  /** Seeds read back; empty where none was seen. */
  seeds: z.record(z.string(), z.nullable(z.string()))
});

export const RunKind = z.enum([
  'cell',
  'nested',
  'silent',
  'expression',
  'callback'
]);
export const RunStarted = probeEvent('run.started', {
  parentRun: text,
  cellId: text,
  requestMetadataKeys: z.array(z.string()),
  client: optionalText,
  code: z.nullable(Text),
  transformedSha256: z.nullable(Sha256),
  kind: RunKind,
  storeHistory: z.nullable(z.boolean()),
  executionCount: z.optional(z.nullable(z.int()))
});
export const RunCode = probeEvent('run.code', {
  parse: z.enum(['ok', 'failed']),
  loads: z.array(z.string()),
  /** Loads in bodies of functions, lambdas and generators: these may run at any later time. */
  deferred: z.optional(z.array(z.string())),
  stores: z.array(z.string()),
  /** Stores that it may load before it binds them: as what they stood for before the run. */
  carried: z.optional(z.array(z.string())),
  deletes: z.array(z.string()),
  imports: z.array(z.string()),
  magics: z.array(z.string()),
  /** Those whose text these facts tell as the cell's own, or that of a nested run. */
  told: z.optional(z.array(z.string())),
  dynamic: z.array(z.string()),
  attributeStores: z.array(z.string()),
  /** Exact type of the name that each of them begins with, where it surely stood for that. */
  attributeOwners: z.optional(z.record(z.string(), z.string())),
  subscriptStores: z.array(z.string()),
  calls: z.array(
    z.looseObject({
      name: z.string(),
      receiverType: text,
      /** `module.name` of the function or class that the name stands for. */
      target: optionalText
    })
  ),
  constructs: z.array(z.string()),
  /**
   * Names loaded by the user functions that this code can reach; `<text>`: by code that was
   * compiled from a text while it ran, and what pickles named.
   */
  reached: z.optional(
    z.array(z.looseObject({ name: z.string(), loads: z.array(z.string()) }))
  ),
  /** True for what is known of a run that still goes on: the last one counts. */
  partial: z.optional(z.boolean())
});
export const RunEnded = probeEvent('run.ended', {
  status: z.enum(['ok', 'error', 'interrupted', 'exited']),
  ename: text,
  durationNs: Decimal,
  threadsAlive: z.array(z.string()),
  tasksPending: z.nullable(Count),
  meter: z.optional(
    z.nullable(
      z.looseObject({
        read: z.nullable(Decimal),
        written: z.nullable(Decimal),
        /** Sizes of the files that Python or a wrapped call opened for reading, each time. */
        openedRead: z.optional(Decimal),
        /** The same of files that aren't told: an installation's, the kernel's own. */
        filteredRead: z.optional(Decimal),
        /** Bytes written that files explain: those left, replaced and removed. */
        keptWritten: z.optional(Decimal),
        /** Bytes of files without a name that are open. */
        nameless: z.optional(Decimal),
        /** Loaded libraries that open files on their own, when bytes stay unexplained. */
        native: z.optional(
          z.array(z.looseObject({ library: z.string(), state: z.string() }))
        )
      })
    )
  )
});

/**
 * What is known of a name's value: a digest of its content (comparable within the
 * session only, by equality), `absent` when the name isn't bound, or why nothing is known.
 */
export const ValueState = z.union([
  z.literal('absent'),
  z.looseObject({ digest: z.string() }),
  z.looseObject({ unknown: z.string() })
]);
export type ValueState = z.infer<typeof ValueState>;

export const NameChange = z.looseObject({
  name: z.string(),
  /** Exact type after, or before where the name is gone. */
  type: text,
  /**
   * Names of one event with the same group share an object that can be changed
   * through any of them; null for a name that shares with none.
   */
  group: text,
  before: ValueState,
  after: ValueState,
  /**
   * Whether the name stands for the same object as before: true (in place, or another
   * object at its address), false (bound again), null where it was or is absent.
   */
  same: z.nullable(z.boolean()),
  /** True where the value after is or holds a function written in Python. */
  code: z.optional(z.boolean())
});
export type NameChange = z.infer<typeof NameChange>;

/**
 * Names of the notebook that are not known to be as they were. Looked at: names bound,
 * removed or bound again by whatever means; the contents of those that the run's code can
 * reach, and of those that share an object with them. A name that isn't listed was looked
 * at and is the same, or the code doesn't name it. Written once for every run, after
 * `run.ended`; a run without it may have changed anything. `between`: found at the next
 * run's start. `In`, `_ih`, `_i…` (sources) and `Out`, `_oh` (what `_1`, `_2` … are) aren't
 * listed; `_`, `__`, `___` and `_<n>` are.
 */
export const NamesChanged = probeEvent('names.changed', {
  phase: z.enum(['run', 'between']),
  names: z.array(NameChange),
  /** False: some of what the code can reach was not looked at. */
  complete: z.optional(z.boolean())
});

const changedState = z.looseObject({ before: text, after: text });
/**
 * State outside the namespace that isn't as it was when the last run had ended. Only
 * what differs is there; no such event for a run with `names.changed` = nothing differs.
 */
export const StateChanged = probeEvent('state.changed', {
  phase: z.optional(z.enum(['run', 'between'])),
  /**
   * Digests of random states by library (`random`, `numpy`, `torch`), null while it isn't
   * loaded. A generator that a name stands for is that name's value.
   */
  random: z.optional(z.record(z.string(), changedState)),
  cwd: z.optional(
    z.looseObject({ from: z.nullable(Name), to: z.nullable(Name) })
  ),
  /** Names of environment variables, never values. */
  environment: z.optional(
    z.looseObject({
      added: z.array(Name),
      removed: z.array(Name),
      changed: z.array(Name)
    })
  ),
  /** `sys.path` as it is now. */
  sysPath: z.optional(z.array(Name)),
  modules: z.optional(
    z.looseObject({
      /** Top-level names of what was imported for the first time. */
      added: z.array(z.string()),
      /** Modules among them, or below them, whose file isn't the installation's. */
      own: z.array(z.string()),
      /** Modules that were removed, or replaced by another module of that name. */
      replaced: z.array(z.string())
    })
  ),
  /** Settings that differ, e.g. `warnings.filters`, `pandas.options`, `locale`. */
  library: z.optional(z.array(z.string())),
  /** Attributes of modules that were set or removed, e.g. `numpy.random.seed`. */
  moduleAttributes: z.optional(z.array(z.string())),
  /** How many figures pyplot holds open from now on, where that differs; null while it can't be told. */
  figures: z.optional(z.nullable(z.int())),
  /** Native libraries and extension modules loaded for the first time. */
  nativeLibraries: z.optional(z.array(Name)),
  /**
   * What a proof of harmlessness relies on and is not original now, e.g.
   * `builtins.print`, `sys.displayhook`, `pandas.DataFrame.head`, `ast_transformers`.
   * Written with every run while it lasts.
   */
  replaced: z.optional(z.array(z.string()))
});
export const CwdChanged = actEvent('cwd.changed', {
  from: z.nullable(Name),
  to: z.nullable(Name)
});

const Op = z.enum(['read', 'write', 'append', 'create', 'truncate']);
export const FileOpened = actEvent('file.opened', {
  /** As the caller gave it. */
  path: Name,
  realPath: z.nullable(Name),
  ops: z.array(Op),
  /**
   * `held`, `maps`: found open or mapped at a run's end whose bytes nothing explained.
   * `command`: named by a program's arguments.
   */
  via: z.enum(['audit', 'wrapper', 'command', 'held', 'maps', 'tracer']),
  library: optionalText,
  function: optionalText,
  /** At the moment of the event, null when there was no such file. */
  stat: z.nullable(Stat),
  outcome: z.enum(['opened', 'failed', 'unknown']),
  /** The symbolic link that was named, where the real name is another one. */
  link: z.optional(Name),
  /** The path stands for several files: a folder's, or those that fit a glob. */
  holds: z.optional(z.enum(['folder', 'glob'])),
  /** Process that did it, where a tracer saw it. */
  pid: z.optional(z.int())
});
/** What the run left behind at its end. */
export const FileSettled = probeEvent('file.settled', {
  realPath: Name,
  stat: z.nullable(Stat),
  stillOpen: z.nullable(z.boolean()),
  holds: z.optional(z.literal('folder')),
  /**
   * Whether it is still mapped for writing: then its bytes can change without any event.
   * Absent when nobody looked.
   */
  mapped: z.optional(z.boolean()),
  /** The run, or a child of it, only read it; somebody else changed or removed it meanwhile. */
  onlyRead: z.optional(z.literal(true))
});
const fromTo = { from: Name, to: Name, stat: z.optional(z.nullable(Stat)) };
export const FileRenamed = actEvent('file.renamed', {
  ...fromTo,
  /** What lay at the new name until then. */
  over: z.optional(z.nullable(Stat))
});
export const FileLinked = actEvent('file.linked', {
  ...fromTo,
  /** A symbolic link has no bytes of its own. */
  symbolic: z.optional(z.boolean())
});
export const FolderRenamed = actEvent('folder.renamed', fromTo);
export const FileRemoved = actEvent('file.removed', {
  path: Name,
  stat: z.optional(z.nullable(Stat))
});
export const FileMapped = actEvent('file.mapped', {
  path: Name,
  writable: z.boolean(),
  stat: z.optional(z.nullable(Stat))
});
export const FolderMade = actEvent('folder.made', { path: Name });
export const FolderListed = actEvent('folder.listed', { path: Name });

const objectFile = {
  path: Name,
  realPath: z.optional(z.nullable(Name)),
  objectType: text,
  library: z.string(),
  function: z.string(),
  /** Why this is thought to be a model, e.g. `has fit and predict`; empty if it isn't. */
  modelEvidence: z.array(z.string())
};
export const ObjectWritten = actEvent('object.written', objectFile);
export const ObjectRead = actEvent('object.read', objectFile);

/** What was answered to a GET, where a wrapper saw the answer. */
export const RemoteRead = actEvent('remote.read', {
  url: z.string(),
  status: z.optional(z.nullable(z.int())),
  etag: optionalText,
  lastModified: optionalText,
  /** An object's version (S3, GCS), or a hub's commit. */
  versionId: optionalText,
  /** As the server announced it. */
  bytes: z.optional(z.nullable(Count)),
  /** Digest and length of the body, as it was given to the caller in full. */
  sha256: z.optional(z.nullable(Sha256)),
  received: z.optional(z.nullable(Count)),
  library: optionalText
});
export const HttpRequested = actEvent('http.requested', {
  url: z.string(),
  method: text
});
export const NetConnected = actEvent('net.connected', {
  host: z.string(),
  port: z.nullable(z.int())
});
/** Rows of an answer, as far as they were fetched; what is told later of the same one replaces it. */
const DbResult = z.looseObject({
  /** Number of the question in this file. */
  id: Count,
  /** Rows that the caller was given; null where that isn't known. */
  fetched: z.optional(z.nullable(Count)),
  /** Rows of the whole answer, as the driver counts them; null where it doesn't. */
  reported: z.optional(z.nullable(Count)),
  whole: z.boolean(),
  /** Of all rows, in the order in which they came, as JSON without spaces. */
  sha256: z.optional(z.nullable(Sha256)),
  /** `partial`, `too-large`, `unlisted-type`, `moved` (the cursor was), `too-many` (answers). */
  absent: optionalText
});
export const DbQueried = actEvent('db.queried', {
  library: optionalText,
  /** e.g. `postgresql`; host and database without user and password. */
  dialect: optionalText,
  host: optionalText,
  database: optionalText,
  statement: z.optional(Text),
  result: z.optional(DbResult)
});
export const ProcessStarted = actEvent('process.started', {
  argv: z.nullable(Text),
  /** `subprocess`, `os.system`, `fork`, `forkpty`, `exec`, `spawn` … */
  how: z.string(),
  program: z.optional(z.nullable(Name)),
  /** Of the child; null where the start doesn't tell it. */
  pid: z.nullable(z.int()),
  /** Surely recorded. A child that got the probe by its environment says so itself. */
  probed: z.boolean(),
  /** True for a shell's command that is more than the start of one program. */
  shell: z.optional(z.boolean())
});
export const ProcessEnded = probeEvent('process.ended', {
  pid: z.nullable(z.int()),
  exitCode: z.nullable(z.int())
});

/* ----------------------------------------------------------------- helper */

export const ScanStarted = event('scan.started', {
  roots: z.array(Name),
  excluded: z.array(z.string()),
  budget: z.looseObject({ entries: Count, ms: Count })
});
export const ScanDone = event('scan.done', {
  root: Name,
  complete: z.boolean(),
  entries: Count
});
/** Changed between two scans: by one of the runs of an interval, never by "the" run. */
export const FileChanged = event('file.changed', {
  path: Name,
  before: z.nullable(Stat),
  after: z.nullable(Stat),
  /** First and last run whose time overlaps the interval; null where there was none. */
  runs: z.nullable(z.tuple([z.string(), z.string()])),
  /** Where the same inode lay at the scan before. */
  from: z.optional(Name),
  /** It lies there still: another name for the same bytes. */
  linked: z.optional(z.literal(true))
});

export const DigestAbsent = z.enum([
  'changed',
  'deferred',
  'too-large',
  'gone',
  'unreadable',
  'special',
  'elsewhere',
  'disabled',
  'mutable'
]);
export const FileHashed = event('file.hashed', {
  realPath: Name,
  stat: z.nullable(Stat),
  sha256: z.nullable(Sha256),
  absent: z.nullable(DigestAbsent),
  when: z.enum(['ahead', 'after', 'at-attest']),
  fromCache: z.boolean(),
  /** The identity may have changed within its clock's grain. */
  racy: z.optional(z.boolean()),
  /** When hashing began, on the helper's monotonic clock. */
  begun: z.optional(Decimal)
});
/**
 * The files that a folder or glob held shortly after it was read. A long list is
 * several events.
 */
export const FolderManifest = event('folder.manifest', {
  path: Name,
  /** Of the members' names and identities as listed here. */
  sha256: Sha256,
  /** The `file.opened` that it is about: a probe's file and the event's `seq`. */
  of: z.optional(z.looseObject({ file: z.string(), seq: Count })),
  members: z.optional(z.array(z.looseObject({ path: Name, stat: Stat }))),
  /** False when there were more than the budget allows. */
  complete: z.optional(z.boolean())
});

/** A tracer saw this run from its start to its end, and its word on it is complete. */
export const TraceCovered = event('trace.covered', { run: RunId });

/* ----------------------------------------------------------------- attest */

export const Prefix = z.looseObject({
  sid: z.string(),
  /** File name within the session's folder, e.g. `server.jsonl`. */
  file: z.string(),
  /** SHA-256 of the last line of the prefix, without its newline. */
  head: z.nullable(Sha256),
  lines: Count,
  /** True when a line without its end followed. */
  torn: z.optional(z.boolean())
});
export type Prefix = z.infer<typeof Prefix>;

export const RequestedSubject = z.looseObject({
  /** Absolute path on the computer that attests. */
  path: Name,
  sha256: Sha256,
  stat: Stat,
  /** Session in which it was written; null when its write wasn't seen. */
  sid: text,
  /**
   * True for the whole of a folder (the digest is its OMS root), whose files are
   * subjects too. Such entries come last.
   */
  folder: z.optional(z.boolean())
});

/** What goes into the record beyond the default. */
export const RecordOptions = z.looseObject({
  code: z.boolean(),
  packages: z.boolean(),
  userName: z.boolean(),
  fullPaths: z.boolean()
});
export type RecordOptions = z.infer<typeof RecordOptions>;

/**
 * What names a file from outside: a hub, a repository, a packing list. Its digest is
 * somebody else's word; the record compares it with our own.
 */
export const IdentityClaim = z.looseObject({
  /** `hugging-face`, `git`, `git-lfs`, `dvc`, `croissant`, `package`. */
  source: z.string(),
  /** Repository, distribution or dataset. */
  of: optionalText,
  /** Commits or the version; several where it can't be told which. */
  revisions: z.optional(z.array(z.string())),
  /** Name of the file there. */
  name: optionalText,
  algorithm: z.optional(z.enum(['sha256', 'md5', 'git-blob-sha1'])),
  /** Lower-case hex. */
  digest: optionalText
});
export type IdentityClaim = z.infer<typeof IdentityClaim>;

/** A file as it lay on disk when the record was asked for, while it still was the one seen. */
export const FileIdentity = z.looseObject({
  path: Name,
  stat: Stat,
  /** What its first bytes say that it is, e.g. `parquet`. */
  format: optionalText,
  /** Our own digests, where a claim has that algorithm. */
  md5: optionalText,
  gitBlob: optionalText,
  claims: z.optional(z.array(IdentityClaim))
});
export type FileIdentity = z.infer<typeof FileIdentity>;

export const AttestRequested = event('attest.requested', {
  /** Opaque and globally unique, `urn:uuid:…` (SLSA Provenance v1, invocationId). */
  invocationId: z.string(),
  /** Absolute path of the primary notebook; null when no document was bound. */
  document: z.nullable(Name),
  /** Absolute folder that relative names in the record start from. */
  base: Name,
  /** The author's home folder, so that its name stays out of the record. */
  home: z.optional(z.nullable(Name)),
  subjects: z.array(RequestedSubject).check(z.minLength(1), z.maxLength(1024)),
  classifications: z.array(
    z.looseObject({ path: Name, kind: z.string(), by: z.string() })
  ),
  identities: z.optional(z.array(FileIdentity)),
  drops: z.array(z.string()),
  options: RecordOptions,
  userName: text,
  deriver: z.looseObject({ name: z.string(), version: z.string() }),
  prefixes: z.array(Prefix),
  /** RFC 3339, UTC, as they stand in the record's metadata. */
  startedOn: z.string(),
  finishedOn: z.string()
});
export type AttestRequested = z.infer<typeof AttestRequested>;

export const RecordWritten = event('record.written', {
  invocationId: z.string(),
  file: Name,
  sha256: Sha256,
  /** Hint of the signing key, base64 of SHA-256(SPKI DER); null when unsigned. */
  keyHint: text
});

/** Tombstone in `forgotten.jsonl`. */
export const Forgotten = event('forgotten', {
  what: z.looseObject({
    session: z.optional(z.string()),
    text: z.optional(Sha256),
    before: z.optional(Time)
  }),
  whom: z.string()
});

/** Every event of the journal, by its `type`. */
export const JournalEvent = z.discriminatedUnion('type', [
  JournalStarted,
  ObserverJoined,
  ObserverLeft,
  Gap,
  KernelStarted,
  KernelRestarted,
  KernelInterrupted,
  KernelDied,
  KernelEnded,
  DocumentBound,
  DocumentRenamed,
  DocumentSaved,
  DocumentClosed,
  ClientSeen,
  RunInput,
  RunRequested,
  RunErrored,
  RunIdle,
  RecordingPaused,
  RecordingResumed,
  ExecutionStarted,
  ExecutionEnded,
  ProbeHello,
  EnvPackages,
  EnvHardware,
  EnvDeterminism,
  RunStarted,
  RunCode,
  RunEnded,
  NamesChanged,
  StateChanged,
  CwdChanged,
  FileOpened,
  FileSettled,
  FileRenamed,
  FileLinked,
  FolderRenamed,
  FileRemoved,
  FileMapped,
  FolderMade,
  FolderListed,
  ObjectWritten,
  ObjectRead,
  RemoteRead,
  HttpRequested,
  NetConnected,
  DbQueried,
  ProcessStarted,
  ProcessEnded,
  TraceCovered,
  ScanStarted,
  ScanDone,
  FileChanged,
  FileHashed,
  FolderManifest,
  AttestRequested,
  RecordWritten,
  Forgotten
]);
export type JournalEvent = z.infer<typeof JournalEvent>;
export type EventType = JournalEvent['type'];
export type EventOf<T extends EventType> = Extract<JournalEvent, { type: T }>;
