import type { IRecordSummary } from '../api';

export function summarize(_statement: unknown): IRecordSummary {
  throw new Error('not implemented');
}
