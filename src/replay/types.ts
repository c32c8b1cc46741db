/**
 * The statement of a replay: recorded runs again, in a new kernel. Its subjects are
 * the files that the replay wrote; how they compare with the record's stands inside.
 */
import * as z from 'zod/mini';
import { REPLAY_BUILD_TYPE, REPLAY_BUILDER } from '../assurance/builders';
import { Sha256 } from '../journal/digest';
import { PREDICATE_TYPE, STATEMENT_TYPE } from '../record/types';

const Count = z.int().check(z.nonnegative());
const Digest = z.strictObject({ sha256: Sha256 });

/** How a file of the replay compares with the record's. Only the first two are equal. */
export const Relation = z.enum([
  'same-digest',
  'same-content',
  'close',
  'different'
]);
export type Relation = z.infer<typeof Relation>;

export const ReplayedSubject = z.strictObject({
  name: z.string(),
  relation: Relation,
  recordedSha256: Sha256,
  sha256: Sha256,
  /** Format whose content was compared, and the version of its canonical form. */
  format: z.optional(z.string()),
  canonical: z.optional(z.string()),
  /** Largest difference of two numbers; and as a part of the item's largest magnitude. */
  maxAbs: z.optional(z.number()),
  maxRel: z.optional(z.number()),
  why: z.optional(z.string())
});
export type ReplayedSubject = z.infer<typeof ReplayedSubject>;

const RunName = z.strictObject({ session: z.string(), run: Count });
export type RunName = z.infer<typeof RunName>;

export const Surroundings = z.strictObject({
  /** `off`: nothing could be reached but this computer's own loopback. */
  network: z.enum(['off', 'on']),
  /** `own-folder`: nothing else could be written. `python-only`: not by Python code. */
  files: z.enum(['own-folder', 'python-only'])
});
export type Surroundings = z.infer<typeof Surroundings>;

/**
 * The last replay that made nothing a statement could be about, as it lies in a record's
 * folder: unsigned, a note of this computer.
 */
export const ReplayFailure = z.looseObject({
  version: z.literal(1),
  record: z.strictObject({ invocationId: z.string(), sha256: Sha256 }),
  deriver: z.strictObject({ name: z.string(), version: z.string() }),
  /** RFC 3339. */
  at: z.string(),
  outcome: z.enum(['failed', 'refused', 'not-possible']),
  /** Half a sentence. */
  reason: z.nullable(z.string()),
  /** Number of the run that failed. */
  run: z.nullable(Count),
  runs: z.strictObject({ kept: Count, replayed: Count })
});
export type ReplayFailure = z.infer<typeof ReplayFailure>;

export const ReplayStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(z.strictObject({ name: z.string(), digest: Digest }))
    .check(z.minLength(1), z.maxLength(1024)),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal(REPLAY_BUILD_TYPE),
      externalParameters: z.strictObject({
        /** The record whose runs were run again. */
        record: z.strictObject({ invocationId: z.string(), sha256: Sha256 }),
        /** SHA-256 of its condensed notebook. */
        notebook: Sha256,
        minimize: z.boolean()
      }),
      internalParameters: z.strictObject({
        deriver: z.strictObject({ name: z.string(), version: z.string() }),
        outcome: Relation,
        subjects: z.array(ReplayedSubject),
        runs: z.strictObject({ kept: Count, replayed: Count }),
        /** Runs without which the result was equal; present after minimizing. */
        dropped: z.optional(z.array(RunName)),
        /** Every other run was tried alone. Absent where nothing was tried. */
        minimal: z.optional(z.boolean()),
        /** How many times the runs, or some of them, were run. */
        replays: Count,
        /** Recorded inputs without a fingerprint, read where they lie. */
        inputsUnchecked: z.optional(Count),
        surroundings: Surroundings
      }),
      resolvedDependencies: z.array(
        z.strictObject({ name: z.string(), digest: Digest })
      )
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({
        id: z.literal(REPLAY_BUILDER),
        version: z.record(z.string(), z.string())
      }),
      metadata: z.strictObject({
        invocationId: z.string(),
        startedOn: z.string(),
        finishedOn: z.string()
      }),
      byproducts: z.array(
        z.strictObject({
          name: z.string(),
          digest: Digest,
          mediaType: z.string()
        })
      )
    })
  })
});
export type ReplayStatement = z.infer<typeof ReplayStatement>;
