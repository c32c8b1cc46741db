import type { AttestRequested, EventOf } from '../journal/events';
import type { IJournalSource } from '../journal/read';
import type { IRecord } from './types';

export interface IRecordInput {
  request: AttestRequested;
  /** Bytes of the journal files that the request's prefixes name (whole, or at least so long). */
  sources: readonly IJournalSource[];
  /** Digests taken for this request, as written before it in the attests file. */
  hashed: readonly EventOf<'file.hashed'>[];
  /** The text with this salted digest, null when it is gone. Asked only for the option `code`. */
  text(sid: string, sha256: string): string | null;
}

/** The record of a request: a pure function of it and the journal prefixes it names. */
export function createRecord(_input: IRecordInput): IRecord {
  throw new Error('not implemented');
}
