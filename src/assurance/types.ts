/** The most that a record can claim, with reasons as data. */

/**
 * Conditions of the gate to L1; all must hold. `known-builder`: builder and build
 * type are ours. `start-seen`: a recorder saw the kernel's start and nothing ran
 * before the probe. `nothing-missed`: no request was missed since. `subjects-seen`:
 * each subject's write was seen and its bytes are unchanged. `source-recorded`: the
 * notebook's digest is there. `order-recorded`: the runs are, and their order is known.
 */
export const GATE_CODES = [
  'known-builder',
  'start-seen',
  'nothing-missed',
  'subjects-seen',
  'source-recorded',
  'order-recorded'
] as const;
export type GateCode = (typeof GATE_CODES)[number];

/** Why it is never more than L1; always holds. */
export type CapCode = 'user-controls-kernel';

export type ReasonCode = GateCode | CapCode;
