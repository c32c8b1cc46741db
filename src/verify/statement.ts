/** Reading the statement inside a bundle, or one without a signature. */
import * as z from 'zod/mini';
import { BUILD_TYPES, REPLAY_BUILD_TYPE } from '../assurance/builders';
import { EnvelopeError } from '../envelope/types';
import { parseStrictJson } from '../envelope/strict-json';
import { PREDICATE_TYPE, STATEMENT_TYPE, Statement } from '../record/types';
import { ReplayStatement } from '../replay/types';

/** Most subjects and digests that other verifiers take (sigstore-go). */
const MAX_SUBJECTS = 1024;
const MAX_DIGESTS = 32;

const HexDigest = z.string().check(z.regex(/^[0-9a-fA-F]{2,}$/));

/** A statement about files as everybody's readers take it: no other fields, hex digests. */
const AnyStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(
      z.strictObject({
        name: z.string(),
        digest: z.record(z.string(), HexDigest).check(
          z.refine(digest => {
            const names = Object.keys(digest).length;
            return names > 0 && names <= MAX_DIGESTS;
          })
        )
      })
    )
    .check(z.minLength(1), z.maxLength(MAX_SUBJECTS)),
  predicateType: z.string(),
  predicate: z.looseObject({
    buildDefinition: z.looseObject({ buildType: z.string() }),
    runDetails: z.looseObject({ builder: z.looseObject({ id: z.string() }) })
  })
});
export type AnyStatement = z.infer<typeof AnyStatement>;

/** Why a statement can't be used, in a few plain words; nothing of its text. */
export class StatementError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StatementError';
  }
}

/**
 * Read a statement. One with a build type of ours must have exactly our fields.
 *
 * @throws StatementError
 */
export function readStatement(bytes: Uint8Array): AnyStatement {
  const value = readJson(bytes);
  const head = value as { predicateType?: unknown; subject?: unknown } | null;
  if (
    head !== null &&
    Array.isArray(head.subject) &&
    head.subject.length > MAX_SUBJECTS
  ) {
    throw new StatementError('it is about more than 1,024 files');
  }
  if (
    typeof head?.predicateType === 'string' &&
    head.predicateType !== PREDICATE_TYPE
  ) {
    throw new StatementError('it says something else than how a file was made');
  }
  const parsed = z.safeParse(AnyStatement, value);
  if (!parsed.success) {
    throw new StatementError('it is not a statement about files', {
      cause: parsed.error
    });
  }
  checkOwn(parsed.data);
  return parsed.data;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    const reason =
      cause instanceof EnvelopeError ? cause.message : 'it is not JSON';
    throw new StatementError(reason, { cause });
  }
}

function checkOwn(statement: AnyStatement): void {
  const { buildType } = statement.predicate.buildDefinition;
  const schema = Object.values<string>(BUILD_TYPES).includes(buildType)
    ? Statement
    : buildType === REPLAY_BUILD_TYPE
      ? ReplayStatement
      : null;
  const lowered = {
    ...statement,
    subject: statement.subject.map(({ name, digest }) => ({
      name,
      digest: lowerCase(digest)
    }))
  };
  const parsed = schema === null ? null : z.safeParse(schema, lowered);
  if (parsed?.success === false) {
    throw new StatementError('its fields are not those of its kind of record', {
      cause: parsed.error
    });
  }
}

const lowerCase = (digest: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(digest).map(([name, hex]) => [name, hex.toLowerCase()])
  );

/** Whether the file with this SHA-256 is one of the subjects; case doesn't matter. */
export function isSubject(statement: AnyStatement, sha256: string): boolean {
  const wanted = sha256.toLowerCase();
  return statement.subject.some(
    ({ digest }) => digest['sha256']?.toLowerCase() === wanted
  );
}
