import type { ISigner } from './types';

/** A signer with a PKCS8 PEM private key, ECDSA P-256. */
export async function signerFromPem(_privatePem: string): Promise<ISigner> {
  throw new Error('not implemented');
}

/** Sigstore bundle v0.3 (JSON, UTF-8) around these exact bytes. */
export async function signBundle(
  _payload: Uint8Array,
  _signer: ISigner
): Promise<Uint8Array> {
  throw new Error('not implemented');
}
