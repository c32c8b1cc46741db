/** Reading a Sigstore bundle v0.3 (protobuf-specs, sigstore_bundle.proto). */
import * as z from 'zod/mini';
import { decodeBase64 } from './base64';
import { parseStrictJson, type Json } from './strict-json';
import {
  BUNDLE_MEDIA_TYPE,
  EnvelopeError,
  MAX_BUNDLE_BYTES,
  type IParsedBundle
} from './types';

const Bundle = z.strictObject({
  mediaType: z.string(),
  verificationMaterial: z.strictObject({
    publicKey: z.optional(z.strictObject({ hint: z.string() })),
    certificate: z.optional(z.unknown()),
    x509CertificateChain: z.optional(z.unknown()),
    tlogEntries: z.optional(z.array(z.unknown())),
    timestampVerificationData: z.optional(z.record(z.string(), z.unknown()))
  }),
  dsseEnvelope: z.strictObject({
    payload: z.string(),
    payloadType: z.string(),
    signatures: z.array(
      z.strictObject({ sig: z.string(), keyid: z.optional(z.string()) })
    )
  })
});
type Bundle = z.infer<typeof Bundle>;

/**
 * Read a bundle: strictly, so that no reader sees another thing in it.
 *
 * @throws EnvelopeError with a code and a few plain words; nothing of the bytes.
 */
export function parseBundle(bytes: Uint8Array): IParsedBundle {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new EnvelopeError('too-large', 'it is larger than any record');
  }
  return readBundle(parseStrictJson(bytes));
}

/** Read a bundle from its JSON value. */
export function readBundle(value: Json): IParsedBundle {
  checkKind(value);
  const parsed = z.safeParse(Bundle, value);
  if (!parsed.success) {
    throw new EnvelopeError(
      'not-a-bundle',
      'it does not have the fields of a Sigstore bundle, and only those'
    );
  }
  const { verificationMaterial: material, dsseEnvelope } = parsed.data;
  const { payload, payloadType, signatures } = dsseEnvelope;
  if (signatures.length !== 1) {
    throw new EnvelopeError('signatures', 'it has not exactly one signature');
  }
  const signer = signerOf(material);
  const [{ sig, keyid }] = signatures as [{ sig: string; keyid?: string }];
  if (signer.kind === 'key' && keyid && keyid !== signer.hint) {
    throw new EnvelopeError('keyid', 'it names two different keys');
  }
  return {
    signer,
    payloadType,
    payload: decodeBase64(payload),
    signature: decodeBase64(sig),
    witnessed:
      (material.tlogEntries?.length ?? 0) > 0 ||
      Object.keys(material.timestampVerificationData ?? {}).length > 0
  };
}

/** Tell apart what isn't a bundle, is another version or holds no DSSE envelope. */
function checkKind(value: Json): void {
  const object =
    typeof value === 'object' && !Array.isArray(value) ? value : null;
  const mediaType = object?.['mediaType'];
  if (object === null || typeof mediaType !== 'string') {
    throw new EnvelopeError('not-a-bundle', 'it is not a Sigstore bundle');
  }
  if (mediaType !== BUNDLE_MEDIA_TYPE) {
    throw new EnvelopeError(
      'unsupported-version',
      'it is not a Sigstore bundle of version 0.3'
    );
  }
  if (object['dsseEnvelope'] === undefined) {
    throw new EnvelopeError('not-dsse', 'it signs a file, not a record');
  }
}

function signerOf(
  material: Bundle['verificationMaterial']
): IParsedBundle['signer'] {
  const { publicKey, certificate, x509CertificateChain } = material;
  const kinds = [publicKey, certificate, x509CertificateChain];
  if (kinds.filter(kind => kind !== undefined).length !== 1) {
    throw new EnvelopeError('not-a-bundle', 'it does not name one signer');
  }
  return publicKey === undefined
    ? { kind: 'certificate' }
    : { kind: 'key', hint: publicKey.hint };
}
