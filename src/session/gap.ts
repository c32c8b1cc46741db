import type { GapCode, IGap } from './types';

/** One instance of something that wasn't seen. */
export function gap(code: GapCode, more: Partial<IGap> = {}): IGap {
  return { code, count: 1, run: null, path: null, detail: null, ...more };
}
