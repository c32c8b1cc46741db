import type { JournalEvent, Prefix } from './events';

/** Bytes of one journal file. */
export interface IJournalSource {
  /** Name of the session's folder; empty for `attests/…` and `forgotten.jsonl`. */
  sid: string;
  /** Name in the folder, e.g. `server.jsonl`. */
  file: string;
  bytes: Uint8Array;
}

export interface IJournalFile {
  sid: string;
  file: string;
  events: JournalEvent[];
  problems: IReadProblem[];
  lines: number;
  head: string | null;
  torn: boolean;
}

export interface IReadProblem {
  code: 'torn' | 'broken' | 'chain' | 'sequence' | 'unknown-type';
  line: number;
  detail: string;
}

export function readJournalFile(_source: IJournalSource): IJournalFile {
  throw new Error('not implemented');
}

export function prefixOf(_file: IJournalFile): Prefix {
  throw new Error('not implemented');
}

export function cutToPrefixes(
  _sources: readonly IJournalSource[],
  _prefixes: readonly Prefix[]
): IJournalFile[] {
  throw new Error('not implemented');
}
