/** Local keys: ECDSA P-256 in PEM, by WebCrypto. */
import { decodeBase64, encodeBase64 } from './base64';
import { fromDer } from './ecdsa';
import { EnvelopeError, type IPublicKey } from './types';

export const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const ES256 = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** DER in PEM (RFC 7468): lines of 64 characters. */
export function toPem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** @throws EnvelopeError `bad-key` when it isn't exactly one block with this label. */
export function fromPem(label: string, pem: string): Uint8Array<ArrayBuffer> {
  const found =
    /^\s*-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/.exec(
      pem
    );
  if (found?.[1] !== label) {
    throw new EnvelopeError('bad-key', `it is not one ${label} in PEM form`);
  }
  return decodeBase64(found[2]!.replace(/\s/g, ''));
}

/** Name of a key in a bundle: base64 of SHA-256 of its SPKI DER. */
export async function keyHint(spki: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', spki);
  return encodeBase64(new Uint8Array(digest));
}

/**
 * Read a public key (SPKI PEM).
 *
 * @throws EnvelopeError `bad-key` for anything but one P-256 public key.
 */
export async function importPublicKey(pem: string): Promise<IPublicKey> {
  const spki = fromPem('PUBLIC KEY', pem);
  let key: CryptoKey;
  try {
    key = await globalThis.crypto.subtle.importKey('spki', spki, P256, true, [
      'verify'
    ]);
  } catch (cause) {
    throw notP256(cause);
  }
  return { hint: await keyHint(spki), spki, key };
}

/** A new key pair in PEM: PKCS8 and SPKI. */
export async function generateKey(): Promise<{
  privatePem: string;
  publicPem: string;
}> {
  const { subtle } = globalThis.crypto;
  const pair = await subtle.generateKey(P256, true, ['sign', 'verify']);
  const [pkcs8, spki] = await Promise.all([
    subtle.exportKey('pkcs8', pair.privateKey),
    subtle.exportKey('spki', pair.publicKey)
  ]);
  return {
    privatePem: toPem('PRIVATE KEY', new Uint8Array(pkcs8)),
    publicPem: toPem('PUBLIC KEY', new Uint8Array(spki))
  };
}

/** Whether a DER signature over the bytes is this key's. */
export async function isSignedBy(
  key: IPublicKey,
  signature: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>
): Promise<boolean> {
  let raw: Uint8Array<ArrayBuffer>;
  try {
    raw = fromDer(signature);
  } catch {
    return false;
  }
  return globalThis.crypto.subtle.verify(ES256, key.key, raw, bytes);
}

export function notP256(cause: unknown): EnvelopeError {
  return new EnvelopeError('bad-key', 'it is not an ECDSA P-256 key', {
    cause
  });
}
