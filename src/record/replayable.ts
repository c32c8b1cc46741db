/**
 * What a condensed notebook says beside its cells: all that running it again needs.
 * Written in `condensed.ts`, read by `replay`. No absolute path, no value.
 */
import * as z from 'zod/mini';
import { Sha256 } from '../journal/digest';

const Count = z.int().check(z.nonnegative());
const maybe = z.nullable(z.string());

/** Where a path starts from and what follows. */
export const CondensedPlace = z.strictObject({
  root: z.enum(['notebook', 'home', 'prefix', 'other']),
  rel: z.string(),
  /** From the notebook's folder, `../…`, where both have a folder in common. */
  up: z.optional(z.string())
});
export type ICondensedPlace = z.infer<typeof CondensedPlace>;

/** A file that was there before. */
export const CondensedInput = z.extend(CondensedPlace, {
  /** Base64 of the name's bytes, where it isn't UTF-8. */
  nameBytes: z.optional(z.string()),
  /** Null when no fingerprint was taken. */
  sha256: z.nullable(Sha256),
  bytes: z.nullable(z.union([Count, z.string()]))
});
export type ICondensedInput = z.infer<typeof CondensedInput>;

/** A kernel of which runs are kept. */
export const CondensedKernel = z.strictObject({
  session: z.string(),
  kernelName: maybe,
  python: maybe,
  /** `PYTHONHASHSEED`, `random` when unset. */
  hashSeed: maybe,
  /** Its working directory at the start; null when unknown. */
  cwd: z.nullable(CondensedPlace),
  /** It died and was restarted: what is written at a kernel's end wasn't. */
  killed: z.boolean(),
  /** The kernel that this one is the restart of. */
  follows: maybe
});
export type ICondensedKernel = z.infer<typeof CondensedKernel>;

/** Metadata of a cell, under `jupyter_attest`. */
export const CondensedRun = z.strictObject({
  session: z.string(),
  run: Count,
  kind: z.string(),
  status: z.string(),
  ename: maybe,
  executionCount: z.nullable(z.int()),
  durationMs: z.nullable(z.number()),
  /** It asked which files a folder holds, beyond those of the installation. */
  listed: z.optional(z.literal(true)),
  /** Another run ran at the same time. */
  overlapped: z.optional(z.literal(true)),
  verdict: z.string(),
  reason: z.string()
});
export type ICondensedRun = z.infer<typeof CondensedRun>;

export const CondensedSubject = z.extend(CondensedPlace, {
  name: z.string(),
  sha256: Sha256
});
export type ICondensedSubject = z.infer<typeof CondensedSubject>;

/** Metadata of the notebook, under `jupyter_attest`. */
export const CondensedMetadata = z.strictObject({
  version: z.literal(1),
  /** The notebook's folder; its last name only, where it isn't below the home folder. */
  folder: CondensedPlace,
  kernels: z.array(CondensedKernel),
  inputs: z.array(CondensedInput),
  subjects: z.array(CondensedSubject),
  /** Kept runs that no cell can stand for, e.g. the callback of a widget. */
  notCells: z.array(
    z.strictObject({ session: z.string(), run: Count, kind: z.string() })
  )
});
export type ICondensedMetadata = z.infer<typeof CondensedMetadata>;
