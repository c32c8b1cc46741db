/** Dead Simple Signing Envelope: what is signed (secure-systems-lab/dsse, protocol.md). */

/** Payload type of every record. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Pre-authentication encoding: type and body with their lengths in bytes. */
export function preAuthEncoding(
  payloadType: string,
  payload: Uint8Array
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const length = encoder.encode(payloadType).length;
  const head = encoder.encode(
    `DSSEv1 ${length} ${payloadType} ${payload.length} `
  );
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}
