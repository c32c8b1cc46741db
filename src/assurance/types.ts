/** The most that a record can claim, with reasons as data. */
import type { ICeiling } from '../api';

export type { ICeiling };

/** Conditions of the gate to L1 (all must hold), then what keeps it there. */
export type GateCode =
  | 'known-builder'
  | 'start-seen'
  | 'nothing-missed'
  | 'subjects-seen'
  | 'source-recorded'
  | 'order-recorded';

/** Why it is never more than L1; always holds. */
export type CapCode = 'user-controls-kernel';

export type ReasonCode = GateCode | CapCode;
