/**
 * A leaf of its own: a verifier needs this and none of the events, whose schemas
 * take longer to build than a check takes.
 */
import * as z from 'zod/mini';

/** Lower-case hexadecimal SHA-256, 64 characters. */
export const SHA256 = /^[0-9a-f]{64}$/;
export const Sha256 = z.string().check(z.regex(SHA256));
