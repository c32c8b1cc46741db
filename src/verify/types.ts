/** What verifying is given and gives. */
import * as z from 'zod/mini';
import type { IVerifyReply } from '../api';

/** The closed union of results, `docs/schemas/verify-result.schema.json`. */
export const VerifyReply = z.strictObject({
  status: z.enum([
    'ok',
    'no-expectation',
    'unsigned',
    'unknown-key',
    'unexpected-signer',
    'wrong-subject',
    'bad-signature',
    'malformed',
    'not-found',
    'not-checked'
  ]),
  file: z.string(),
  record: z.nullable(z.string()),
  sha256: z.nullable(z.string()),
  keyName: z.nullable(z.string()),
  keyHint: z.nullable(z.string()),
  message: z.string(),
  checks: z.array(
    z.strictObject({
      code: z.string(),
      outcome: z.enum(['ok', 'failed', 'not-checked', 'cannot-be-checked']),
      text: z.string()
    })
  ),
  deep: z.optional(
    z.strictObject({
      outcome: z.enum(['same', 'different', 'not-checked']),
      message: z.string()
    })
  )
}) satisfies z.ZodMiniType<IVerifyReply>;

/** A key that the caller knows: from a keyring or the command line, never from a bundle. */
export interface IExpectedKey {
  /** Short name shown to people. */
  name: string;
  /** SPKI PEM. */
  publicPem: string;
}

/**
 * Whom the caller expects. `key`: exactly this one (`--key`). `keyring`: anyone in
 * it. `none`: nobody in particular; the keys only serve to check the signature.
 */
export type Expectation =
  | { kind: 'key'; key: IExpectedKey }
  | { kind: 'keyring'; keys: readonly IExpectedKey[] }
  | { kind: 'none'; keys: readonly IExpectedKey[] };

export interface IVerifyRequest {
  /** How the file is called in the reply. */
  file: string;
  /** Hex SHA-256 of the file's bytes. */
  sha256: string;
  /** How the record is called in the reply. */
  record: string;
  /** Bytes of a bundle, or of an unsigned statement. */
  bytes: Uint8Array;
  expectation: Expectation;
}
