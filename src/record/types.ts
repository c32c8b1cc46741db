/**
 * The record: an in-toto Statement v1 with an SLSA Provenance v1 predicate, as
 * we write it. Closed: a field that isn't here is not ours.
 *
 * Sources: in-toto/attestation spec/v1 (statement, resource_descriptor),
 * slsa.dev/provenance/v1. `docs/schemas/statement.schema.json` is made from it.
 */
import * as z from 'zod/mini';
import { BASE, BUILDERS, BUILD_TYPES } from '../assurance/builders';
import { Sha256 } from '../journal/digest';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

export { BASE, BUILDERS, BUILD_TYPES };

const Count = z.int().check(z.nonnegative());
const Digest = z.strictObject({ sha256: Sha256 });
const Time = z.string();

/** Name and digest, nothing else: the strictest readers refuse more. */
export const Subject = z.strictObject({ name: z.string(), digest: Digest });

/** Where a path starts from; never an absolute path. */
export const PathRoot = z.enum(['notebook', 'home', 'prefix', 'other']);

/** What somebody else calls a file, and whether our own digest of it agrees. */
export const Identity = z.strictObject({
  /** `hugging-face`, `git`, `git-lfs`, `dvc`, `croissant`, `package`. */
  source: z.string(),
  of: z.optional(z.string()),
  revisions: z.optional(z.array(z.string())),
  name: z.optional(z.string()),
  algorithm: z.optional(z.enum(['sha256', 'md5', 'git-blob-sha1'])),
  digest: z.optional(z.string()),
  agrees: z.enum(['yes', 'no', 'not-checked'])
});
export type Identity = z.infer<typeof Identity>;

export const FileAnnotations = z.strictObject({
  nb_root: PathRoot,
  nb_kind: z.string(),
  /** `confirmed-by-user`, `strong`, `weak`, `unknown`. */
  nb_confidence: z.optional(z.string()),
  nb_bytes: z.optional(z.union([Count, z.string()])),
  /** Session of the reader, `s1`, `s2` …; absent with one session only. */
  nb_session: z.optional(z.string()),
  /** First run that read it. */
  nb_run: z.optional(Count),
  /** How many runs read it. */
  nb_runs: z.optional(Count),
  /** Observers of the read. */
  nb_seenBy: z.optional(z.array(z.string())),
  /** Library and function that read it. */
  nb_via: z.optional(z.string()),
  /** When its digest was taken: `ahead`, `after`, `at-attest`. */
  nb_digestTaken: z.optional(z.string()),
  /**
   * When the bytes were hashed relative to the read: `D1` later, of the identity that was
   * read; `D2` they had changed; `D0` never.
   */
  nb_digestLevel: z.optional(z.enum(['D0', 'D1', 'D2'])),
  nb_fromCache: z.optional(z.literal(true)),
  nb_racy: z.optional(z.literal(true)),
  /** Why there is no digest. */
  nb_absent: z.optional(z.string()),
  /** Rewritten, or mapped for writing, while a run that read it lasted. */
  nb_unstable: z.optional(z.literal(true)),
  /** Name of the symbolic link by which it was read first. */
  nb_link: z.optional(z.string()),
  /** What became of it while it was watched: `rewritten`, `replaced`, `moved`, `removed`. */
  nb_then: z.optional(z.string()),
  /** It isn't certain that it was read. */
  nb_may: z.optional(z.literal(true)),
  /** Earlier session that wrote these bytes, and the run in it. */
  nb_fromSession: z.optional(z.string()),
  nb_fromRun: z.optional(Count),
  nb_identities: z.optional(z.array(Identity)),
  /** Of a folder that stands for its files: how many, and how many were surely read. */
  nb_files: z.optional(Count),
  nb_filesRead: z.optional(Count),
  /** In `inputs.json`: the folder that stands for it. */
  nb_in: z.optional(z.string()),
  /** Base64 of the name's bytes where it isn't UTF-8. */
  nb_nameBytes: z.optional(z.string()),
  /** Absolute path; only when asked for. */
  nb_path: z.optional(z.string())
});
export const GroupAnnotations = z.strictObject({
  nb_kind: z.literal('manifest'),
  nb_files: Count
});
export const PackageAnnotations = z.strictObject({
  nb_kind: z.literal('package'),
  nb_origin: z.optional(z.string())
});

const FileDependency = z.strictObject({
  name: z.string(),
  uri: z.optional(z.string()),
  digest: z.optional(Digest),
  annotations: FileAnnotations
});
/** `inputs.json`: files that stand in no statement each for itself. */
export const InputList = z.looseObject({ files: z.array(FileDependency) });
const ManifestDependency = z.strictObject({
  name: z.string(),
  digest: Digest,
  annotations: GroupAnnotations
});
const PackageDependency = z.strictObject({
  uri: z.string().check(z.startsWith('pkg:')),
  annotations: z.optional(PackageAnnotations)
});

const RemoteDependency = z.strictObject({
  uri: z.string(),
  digest: z.optional(Digest),
  annotations: z.strictObject({
    nb_kind: z.literal('remote'),
    nb_session: z.optional(z.string()),
    nb_run: z.optional(Count),
    nb_runs: z.optional(Count),
    /** What the server called this version: its claim, no digest. */
    nb_etag: z.optional(z.string()),
    nb_last_modified: z.optional(z.string()),
    /** Version of an object store's object, or a hub's commit. */
    nb_version_id: z.optional(z.string()),
    /** HTTP status of an answer that was an error’s, or only a part (206). */
    nb_status: z.optional(Count),
    /** `D4`: of the bytes that the caller was given, in full; how many. */
    nb_digestLevel: z.optional(z.literal('D4')),
    nb_bytes: z.optional(Count),
    /** What arrived has no digest. */
    nb_absent: z.optional(z.string())
  })
});

/** An answer of a database: all its rows with their digest, or those fetched with the reason. */
export const DatabaseAnswer = z.strictObject({
  /** Salted digest of the statement. */
  statement: z.optional(Sha256),
  /** Rows that the caller was given. */
  fetched: z.optional(Count),
  /** Rows of the whole answer, as the driver counts them. */
  reported: z.optional(Count),
  /** Of all rows in the order in which they came, as JSON without spaces. */
  sha256: z.optional(Sha256),
  absent: z.optional(z.string())
});

const DatabaseDependency = z.strictObject({
  uri: z.string().check(z.startsWith('nbdb:')),
  annotations: z.strictObject({
    nb_kind: z.literal('database'),
    nb_dialect: z.optional(z.string()),
    nb_session: z.optional(z.string()),
    nb_run: z.optional(Count),
    nb_runs: z.optional(Count),
    /** Salted digests of the statements, without their secrets. */
    nb_statements: z.array(Sha256),
    /** What they were answered with, where rows were fetched. */
    nb_answers: z.optional(z.array(DatabaseAnswer)),
    /** Not everything that was answered has a digest. */
    nb_absent: z.optional(z.string())
  })
});
export type DatabaseAnswer = z.infer<typeof DatabaseAnswer>;
export type RemoteDependency = z.infer<typeof RemoteDependency>;
export type DatabaseDependency = z.infer<typeof DatabaseDependency>;

/** A file read, a list of many, something fetched by URL, a database, or an installed package. */
export const Dependency = z.union([
  FileDependency,
  RemoteDependency,
  DatabaseDependency,
  ManifestDependency,
  PackageDependency
]);
export type FileDependency = z.infer<typeof FileDependency>;
export type Dependency = z.infer<typeof Dependency>;

/**
 * How the cells ran, against their order in the saved notebook:
 * `top-to-bottom` each once, as saved, none skipped; `in-order` only forward, but
 * with skips or edits; `out-of-order`; `unknown` no saved notebook was seen.
 */
export const OrderVerdict = z.enum([
  'top-to-bottom',
  'in-order',
  'out-of-order',
  'unknown'
]);
export type OrderVerdict = z.infer<typeof OrderVerdict>;

export const ExternalParameters = z.strictObject({
  /** Notebooks whose cells ran; the primary one first. */
  documents: z.array(
    z.strictObject({
      name: z.string(),
      /** SHA-256 of the .ipynb as last saved (or as run from the top). */
      sha256: z.optional(Sha256),
      codeCells: z.optional(Count)
    })
  ),
  /** The run list: user input, hence a parameter. Its text is the byproduct `runs.json`. */
  runs: z.strictObject({
    total: Count,
    kept: Count,
    sha256: Sha256
  }),
  order: OrderVerdict,
  /** Of a notebook run from the top. */
  parameters: z.optional(z.record(z.string(), z.string())),
  /** Clients that ran code, by label. */
  clients: z.optional(z.record(z.string(), Count)),
  /** Code of the runs kept, without what looks like a secret; only when asked for. */
  code: z.optional(
    z.array(
      z.strictObject({
        session: z.optional(z.string()),
        run: Count,
        /** Absent when it was forgotten or never recorded. */
        text: z.optional(z.string())
      })
    )
  )
});

export const Recording = z.strictObject({
  deriver: z.strictObject({ name: z.string(), version: z.string() }),
  /** Kernel sessions used, oldest first; the subject's own is the last. */
  sessions: z.array(
    z.strictObject({
      /** Short name used in annotations and byproducts. */
      name: z.string(),
      sid: z.string(),
      startedOn: Time,
      runs: Count,
      kept: Count
    })
  ),
  /** `seen`: a recorder saw the start of every kernel used. */
  kernelStart: z.enum(['seen', 'not-seen']),
  /** How the report from inside the kernel began; the weakest of all sessions. */
  install: z.enum(['launch', 'late', 'none']),
  /** Runs before recording began, at least. */
  runsBeforeStart: Count,
  observers: z.array(
    z.strictObject({
      kind: z.string(),
      domain: z.enum(['tenant', 'platform']),
      version: z.string(),
      count: Count
    })
  ),
  /** State of each way of seeing files, worst of all sessions. */
  channels: z.strictObject({
    audit: z.enum(['ok', 'vetoed', 'none']),
    scan: z.enum(['complete', 'incomplete', 'none']),
    /** Whether each request through the server's websockets was seen, in all sessions. */
    tap: z.optional(z.enum(['ok', 'none'])),
    wrappers: z.optional(z.record(z.string(), z.string())),
    meter: z.optional(z.string()),
    maps: z.optional(z.string())
  }),
  /** What was not seen: codes of the gap registry with counts, sorted by code. */
  gaps: z.array(z.strictObject({ code: z.string(), count: Count })),
  /** Subjects whose write was seen, fingerprinted from disk after it and unchanged since. */
  subjects: z.strictObject({ total: Count, seen: Count }),
  /** Present when asked for by the author. */
  userName: z.optional(z.string())
});
export type Recording = z.infer<typeof Recording>;

/** The kernel's machine and interpreter, as its own probe read them. */
export const Machine = z.strictObject({
  kernel: z.optional(z.string()),
  language: z.optional(z.string()),
  python: z.optional(z.string()),
  implementation: z.optional(z.string()),
  ipykernel: z.optional(z.string()),
  ipython: z.optional(z.string()),
  system: z.optional(z.string()),
  release: z.optional(z.string()),
  machine: z.optional(z.string()),
  cpu: z.optional(z.string()),
  cpuCount: z.optional(Count),
  memoryBytes: z.optional(z.union([Count, z.string()])),
  accelerators: z.optional(
    z.array(
      z.strictObject({
        kind: z.string(),
        name: z.optional(z.string()),
        driver: z.optional(z.string())
      })
    )
  ),
  containerHints: z.optional(z.array(z.string())),
  /** Determinism switches that were set, read back from the kernel. */
  determinism: z.optional(z.record(z.string(), z.string())),
  /** Seeds that were seen; absent when none was. */
  seeds: z.optional(z.record(z.string(), z.string())),
  /** PYTHONHASHSEED, `random` when unset. */
  hashSeed: z.optional(z.string()),
  /** Interpreter flags that were set. */
  flags: z.optional(z.record(z.string(), z.union([z.int(), z.boolean()])))
});
export type Machine = z.infer<typeof Machine>;

export const InternalParameters = z.strictObject({
  recording: Recording,
  machine: Machine
});

export const Byproduct = z.strictObject({
  name: z.string(),
  digest: Digest,
  mediaType: z.optional(z.string())
});

export const Predicate = z.strictObject({
  buildDefinition: z.strictObject({
    buildType: z.enum([BUILD_TYPES.session, BUILD_TYPES.execution]),
    externalParameters: ExternalParameters,
    internalParameters: InternalParameters,
    resolvedDependencies: z.array(Dependency)
  }),
  runDetails: z.strictObject({
    builder: z.strictObject({
      id: z.enum([BUILDERS.session, BUILDERS.execution]),
      version: z.record(z.string(), z.string())
    }),
    metadata: z.strictObject({
      invocationId: z.string(),
      startedOn: Time,
      finishedOn: Time
    }),
    byproducts: z.array(Byproduct)
  })
});

/** A whole statement of ours. */
export const Statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(Subject).check(z.minLength(1), z.maxLength(1024)),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: Predicate
});
export type Statement = z.infer<typeof Statement>;

/** A file of the record folder beside the statement. */
export interface IByproductFile {
  /** `runs.json`, `coverage.json`, `environment.json`, `condensed.ipynb`, `inputs.json`. */
  name: string;
  bytes: Uint8Array;
  /** Lower-case hex SHA-256 of `bytes`. */
  sha256: string;
}

/** What making a record gives. */
export interface IRecord {
  statement: Statement;
  /** The exact bytes that are signed: compact UTF-8 JSON. */
  bytes: Uint8Array;
  byproducts: IByproductFile[];
  /** Every run, as `runs.json` has it. */
  runs: import('./runlist').IListedRun[];
  summary: import('../api').IRecordSummary;
}
