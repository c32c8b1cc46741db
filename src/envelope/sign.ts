/**
 * Signing with a local key: a Sigstore bundle v0.3 with one DSSE signature, the key
 * named by hint, no keyid (cosign skips a signature whose keyid it doesn't know).
 */
import { encodeBase64 } from './base64';
import { PAYLOAD_TYPE, preAuthEncoding } from './dsse';
import { toDer } from './ecdsa';
import { ES256, fromPem, keyHint, notP256, P256, toPem } from './keys';
import { BUNDLE_MEDIA_TYPE, type ISigner } from './types';

/** Bundle (JSON, UTF-8) around these exact bytes. */
export async function signBundle(
  payload: Uint8Array,
  signer: ISigner
): Promise<Uint8Array> {
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  const bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: signer.hint } },
    dsseEnvelope: {
      payload: encodeBase64(payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: encodeBase64(await signer.sign(signed)) }]
    }
  };
  return new TextEncoder().encode(`${JSON.stringify(bundle)}\n`);
}

/**
 * A signer with a private key (PKCS8 PEM).
 *
 * @throws EnvelopeError `bad-key` for anything but one P-256 private key.
 */
export async function signerFromPem(privatePem: string): Promise<ISigner> {
  const pkcs8 = fromPem('PRIVATE KEY', privatePem);
  const { subtle } = globalThis.crypto;
  let key: CryptoKey;
  try {
    key = await subtle.importKey('pkcs8', pkcs8, P256, true, ['sign']);
  } catch (cause) {
    throw notP256(cause);
  }
  const spki = await publicPartOf(key);
  return {
    hint: await keyHint(spki),
    publicPem: toPem('PUBLIC KEY', spki),
    sign: async bytes => {
      const signed = new Uint8Array(bytes);
      return toDer(new Uint8Array(await subtle.sign(ES256, key, signed)));
    }
  };
}

/** SPKI DER of the public key that belongs to a private one. */
async function publicPartOf(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto;
  const { kty, crv, x, y } = await subtle.exportKey('jwk', key);
  const part = await subtle.importKey(
    'jwk',
    { kty: kty!, crv: crv!, x: x!, y: y! },
    P256,
    true,
    ['verify']
  );
  return new Uint8Array(await subtle.exportKey('spki', part));
}
