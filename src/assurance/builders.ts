/** Names of the build types and builders: what a verifier's expectation is about. */

/** Where our pages stand: the one place that knows the address. */
export const BASE = 'https://jupyter-attest.github.io';

/** Interactive session; fresh kernel, top to bottom. */
export const BUILD_TYPES = {
  session: `${BASE}/notebook-session/v1`,
  execution: `${BASE}/notebook-execution/v1`
} as const;

/** One per mode, with the ceiling in its text. */
export const BUILDERS = {
  session: `${BASE}/builders/user-controlled-kernel-at-most-l1/v1`,
  execution: `${BASE}/builders/local-execution-at-most-l1/v1`
} as const;

/** Recorded runs again, in a new kernel: a statement of its own beside the record. */
export const REPLAY_BUILD_TYPE = `${BASE}/notebook-replay/v1`;
export const REPLAY_BUILDER = `${BASE}/builders/local-replay-at-most-l1/v1`;
