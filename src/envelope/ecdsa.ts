/**
 * ECDSA signatures of P-256 in their two forms: r‖s, as WebCrypto has them
 * (IEEE P1363), and the DER that everybody else's tools read (RFC 3279, 2.2.3).
 */
import { EnvelopeError } from './types';

const SIZE = 32;

export function toDer(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const r = integer(raw.subarray(0, SIZE));
  const s = integer(raw.subarray(SIZE));
  return Uint8Array.from([0x30, r.length + s.length, ...r, ...s]);
}

/** DER INTEGER: no leading zeros but one where the number would be negative. */
function integer(bytes: Uint8Array): number[] {
  let start = 0;
  while (start < SIZE - 1 && bytes[start] === 0) {
    start += 1;
  }
  const digits = [...bytes.subarray(start)];
  const value = digits[0]! >= 0x80 ? [0, ...digits] : digits;
  return [0x02, value.length, ...value];
}

/**
 * @throws EnvelopeError `signatures` for anything but the one DER form of two
 * positive numbers of at most 256 bits.
 */
export function fromDer(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const raw = new Uint8Array(2 * SIZE);
  const s = readInteger(der, 2, raw, 0);
  const end = readInteger(der, s, raw, SIZE);
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || end !== der.length) {
    throw wrong();
  }
  return raw;
}

/** Read the INTEGER at `at` into 32 bytes of `raw`; returns where the next begins. */
function readInteger(
  der: Uint8Array,
  at: number,
  raw: Uint8Array,
  to: number
): number {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const value = der.subarray(at + 2, end);
  const padded = value[0] === 0;
  const digits = padded ? value.subarray(1) : value;
  const canonical = padded ? (digits[0] ?? 0) >= 0x80 : (value[0] ?? 0) < 0x80;
  if (
    der[at] !== 0x02 ||
    length === 0 ||
    value.length !== length ||
    !canonical ||
    digits.length > SIZE
  ) {
    throw wrong();
  }
  raw.set(digits, to + SIZE - digits.length);
  return end;
}

function wrong(): EnvelopeError {
  return new EnvelopeError(
    'signatures',
    'its signature is not one of an ECDSA P-256 key'
  );
}
