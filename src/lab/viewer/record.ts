/**
 * From the bytes of a file to a record that can be shown, or to the reason why
 * it can't. As strict as the verifier: what that would call malformed is not
 * shown as a record.
 */
import { readBundle } from '../../envelope/bundle';
import { parseStrictJson, type Json } from '../../envelope/strict-json';
import { EnvelopeError, MAX_BUNDLE_BYTES } from '../../envelope/types';
import { PAYLOAD_TYPE, Statement } from '../../record/types';

export interface IOpenedRecord {
  type: 'record';
  statement: Statement;
  /** The statement's own text: the bytes that were signed. */
  text: string;
  /** Null for an unsigned statement. `hint` is null for a certificate. */
  signature: { hint: string | null; witnessed: boolean } | null;
}

export interface IMalformed {
  type: 'malformed';
  why: 'too-large' | 'not-json' | 'not-a-record';
}

export type Opened = IOpenedRecord | IMalformed;

const malformed = (why: IMalformed['why']): IMalformed => ({
  type: 'malformed',
  why
});

/** Read a bundle or an unsigned statement. Never throws. */
export function openRecord(bytes: Uint8Array): Opened {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    return malformed('too-large');
  }
  try {
    const value = parseStrictJson(bytes);
    return isBundle(value) ? openBundle(value) : openStatement(bytes, null);
  } catch (error) {
    return malformed(whyOf(error));
  }
}

function isBundle(value: Json): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    'mediaType' in value
  );
}

function openBundle(value: Json): Opened {
  const { signer, payloadType, payload, witnessed } = readBundle(value);
  return payloadType === PAYLOAD_TYPE
    ? openStatement(payload, {
        hint: signer.kind === 'key' ? signer.hint : null,
        witnessed
      })
    : malformed('not-a-record');
}

function openStatement(
  bytes: Uint8Array,
  signature: IOpenedRecord['signature']
): Opened {
  const parsed = Statement.safeParse(parseStrictJson(bytes));
  return parsed.success
    ? {
        type: 'record',
        statement: parsed.data,
        text: new TextDecoder().decode(bytes),
        signature
      }
    : malformed('not-a-record');
}

function whyOf(error: unknown): IMalformed['why'] {
  const code = error instanceof EnvelopeError ? error.code : null;
  switch (code) {
    case 'too-large':
      return 'too-large';
    case 'not-utf8':
    case 'not-json':
    case 'duplicate-key':
      return 'not-json';
    default:
      return 'not-a-record';
  }
}
