/** DSSE envelope and Sigstore bundle v0.3, as far as a local key needs them. */

export const BUNDLE_MEDIA_TYPE =
  'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A larger one is refused unread. */
export const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

export interface ISigner {
  /** base64 of SHA-256(SPKI DER). */
  hint: string;
  /** SPKI PEM of the public key that belongs to it. */
  publicPem: string;
  /** DER signature (ECDSA P-256, SHA-256) of the bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface IPublicKey {
  hint: string;
  spki: Uint8Array<ArrayBuffer>;
  key: CryptoKey;
}

/** A bundle that was read, strictly. */
export interface IParsedBundle {
  /** `certificate`: a kind of signature that isn't checked here yet. */
  signer: { kind: 'key'; hint: string } | { kind: 'certificate' };
  payloadType: string;
  /** The signed bytes, exactly. */
  payload: Uint8Array;
  /** DER. */
  signature: Uint8Array;
  /** True when it carries log entries or timestamps, which aren't checked here yet. */
  witnessed: boolean;
}

export type EnvelopeErrorCode =
  | 'too-large'
  | 'not-utf8'
  | 'not-json'
  | 'duplicate-key'
  | 'not-a-bundle'
  | 'unsupported-version'
  | 'not-dsse'
  | 'bad-base64'
  | 'keyid'
  | 'signatures'
  | 'bad-key';

/** A bundle, an envelope or a key that can't be read. */
export class EnvelopeError extends Error {
  constructor(
    readonly code: EnvelopeErrorCode,
    message: string,
    options?: { cause?: unknown }
  ) {
    super(message, options);
    this.name = 'EnvelopeError';
  }
}
