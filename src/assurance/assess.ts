import type { ICeiling } from '../api';

export function assess(_statement: unknown): ICeiling {
  throw new Error('not implemented');
}
