/** Names of files: text, or bytes where they aren't UTF-8. */
import type { Name } from './events';

/** Bytes of base64 text; empty for text that isn't base64. */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), c => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** Base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}

/** Text by which two names are the same file name exactly when they are equal. */
export function nameKey(name: Name): string {
  return typeof name === 'string' ? name : `b64:${name.b64}`;
}

/**
 * A name as readable text. Bytes that aren't UTF-8 stand as `%FF`, and then a
 * percent sign as `%25`; lone surrogates become U+FFFD.
 */
export function nameText(name: Name): string {
  if (typeof name === 'string') {
    return name.replace(
      /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
      '\uFFFD'
    );
  }
  return escapeBytes(fromBase64(name.b64));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += percent(bytes[at]!);
      at += 1;
    } else {
      const part = utf8.decode(bytes.subarray(at, at + length));
      text += part === '%' ? '%25' : part;
      at += length;
    }
  }
  return text;
}

/** Length of the UTF-8 sequence at `at`; 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  try {
    utf8.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
