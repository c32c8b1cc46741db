/**
 * From the bytes of a file to a record that can be shown, or to the reason why
 * it can't. Strict: what the verifier would refuse is not shown as a record.
 */
import {
  BUNDLE_MEDIA_TYPE,
  EnvelopeError,
  MAX_BUNDLE_BYTES
} from '../../envelope/types';
import { Statement } from '../../record/types';

export interface IOpenedRecord {
  type: 'record';
  statement: Statement;
  /** The statement's own text: the bytes that were signed. */
  text: string;
  /** Null for an unsigned statement. */
  signature: { hint: string | null; witnessed: boolean } | null;
}

export interface IMalformed {
  type: 'malformed';
  why: 'too-large' | 'not-json' | 'not-a-record';
}

export type Opened = IOpenedRecord | IMalformed;

export function openRecord(bytes: Uint8Array): Opened {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    return { type: 'malformed', why: 'too-large' };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const data = JSON.parse(text);
    void EnvelopeError;
    if (data.mediaType === BUNDLE_MEDIA_TYPE) {
      const payload = new TextDecoder('utf-8', { fatal: true }).decode(
        Uint8Array.from(atob(data.dsseEnvelope.payload), c => c.charCodeAt(0))
      );
      return {
        type: 'record',
        text: payload,
        statement: Statement.parse(JSON.parse(payload)),
        signature: {
          hint: data.verificationMaterial?.publicKey?.hint ?? null,
          witnessed: false
        }
      };
    }
    return {
      type: 'record',
      text,
      statement: Statement.parse(data),
      signature: null
    };
  } catch {
    return { type: 'malformed', why: 'not-a-record' };
  }
}
