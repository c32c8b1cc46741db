/**
 * Verifying: do file, record and signer belong together as expected? One answer of a
 * closed set; nothing found, nothing checked, nothing readable are never a pass.
 */
import type { IVerifyReply, VerifyStatus } from '../api';
import { readBundle } from '../envelope/bundle';
import { PAYLOAD_TYPE, preAuthEncoding } from '../envelope/dsse';
import { importPublicKey, isSignedBy } from '../envelope/keys';
import { parseStrictJson, type Json } from '../envelope/strict-json';
import {
  EnvelopeError,
  MAX_BUNDLE_BYTES,
  type IParsedBundle,
  type IPublicKey
} from '../envelope/types';
import {
  isSubject,
  readStatement,
  StatementError,
  type AnyStatement
} from './statement';
import type { IExpectedKey, IVerifyRequest } from './types';

type Check = IVerifyReply['checks'][number];
type Outcome = Check['outcome'];

/** A key of the caller's that was read. */
interface IKey {
  name: string;
  key: IPublicKey;
}

/** What is known about the signature. */
type Signature =
  | { kind: 'none' }
  | { kind: 'unsupported' }
  | { kind: 'holds'; signer: IKey }
  | { kind: 'broken'; signer: IKey }
  | { kind: 'unknown'; hint: string };

/**
 * Verify a record against a file's digest and an expectation. Never throws for what
 * the record holds; a key of the caller's that can't be read gives `not-checked`.
 */
export async function verifyRecord(
  request: IVerifyRequest
): Promise<IVerifyReply> {
  let opened: IOpened;
  try {
    opened = open(request.bytes);
  } catch (error) {
    return malformed(request, error);
  }
  const { bundle, statement } = opened;
  let signature: Signature = { kind: 'none' };
  if (bundle !== null) {
    try {
      signature = await checkSignature(bundle, request);
    } catch (error) {
      return badKey(request, error);
    }
  }
  return conclude(request, statement, signature, bundle?.witnessed ?? false);
}

/* ----------------------------------------------------------------- opening */

interface IOpened {
  /** Null for a statement without a signature. */
  bundle: IParsedBundle | null;
  statement: AnyStatement;
}

function open(bytes: Uint8Array): IOpened {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new EnvelopeError('too-large', 'it is larger than any record');
  }
  const value = parseStrictJson(bytes);
  if (isBareStatement(value)) {
    return { bundle: null, statement: readStatement(bytes) };
  }
  const bundle = readBundle(value);
  if (bundle.payloadType !== PAYLOAD_TYPE) {
    throw new EnvelopeError('not-dsse', 'what it signs is not a statement');
  }
  return { bundle, statement: readStatement(bundle.payload) };
}

function isBareStatement(value: Json): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    '_type' in value &&
    !('mediaType' in value)
  );
}

/* --------------------------------------------------------------- signature */

function expectedKeys(request: IVerifyRequest): readonly IExpectedKey[] {
  const { expectation } = request;
  return expectation.kind === 'key' ? [expectation.key] : expectation.keys;
}

/**
 * Whose signature it is. The hint only says which key is meant; every key of the
 * caller's is tried, and none is ever taken from the bundle.
 */
async function checkSignature(
  bundle: IParsedBundle,
  request: IVerifyRequest
): Promise<Signature> {
  if (bundle.signer.kind === 'certificate') {
    return { kind: 'unsupported' };
  }
  const { hint } = bundle.signer;
  const signed = preAuthEncoding(bundle.payloadType, bundle.payload);
  let named: IKey | null = null;
  for (const { name, publicPem } of expectedKeys(request)) {
    const signer = { name, key: await importPublicKey(publicPem) };
    if (await isSignedBy(signer.key, bundle.signature, signed)) {
      return { kind: 'holds', signer };
    }
    named ??= signer.key.hint === hint ? signer : null;
  }
  return named === null
    ? { kind: 'unknown', hint }
    : { kind: 'broken', signer: named };
}

/* -------------------------------------------------------------- conclusion */

const SUBJECT_TEXT: Record<'ok' | 'failed', string> = {
  ok: 'The file is the one the record is about.',
  failed: 'The record is about another file or version.'
};

function conclude(
  request: IVerifyRequest,
  statement: AnyStatement,
  signature: Signature,
  witnessed: boolean
): IVerifyReply {
  const matches = isSubject(statement, request.sha256);
  const subject = matches ? 'ok' : 'failed';
  const checks: Check[] = [
    { code: 'subject', outcome: subject, text: SUBJECT_TEXT[subject] },
    signatureCheck(signature),
    signerCheck(request, signature),
    ...(witnessed ? [WITNESSES] : []),
    INPUTS,
    TRUTH
  ];
  const status = statusOf(request, signature, matches);
  const signer =
    signature.kind === 'holds' || signature.kind === 'broken'
      ? signature.signer
      : null;
  const hint = signature.kind === 'unknown' ? safeHint(signature.hint) : null;
  return {
    ...replyBase(request),
    status,
    keyName: signer?.name ?? null,
    keyHint: signer?.key.hint ?? hint,
    message: messageOf(status, request, signer?.name ?? hint),
    checks
  };
}

const WITNESSES: Check = {
  code: 'time',
  outcome: 'not-checked',
  text: 'Whether its log entries and timestamps hold: this version doesn’t check them.'
};
const INPUTS: Check = {
  code: 'inputs',
  outcome: 'not-checked',
  text: 'Whether the files that it was made from still match.'
};
const TRUTH: Check = {
  code: 'truth',
  outcome: 'cannot-be-checked',
  text: 'Whether the runs happened as reported.'
};

function statusOf(
  { expectation }: IVerifyRequest,
  signature: Signature,
  matches: boolean
): VerifyStatus {
  switch (signature.kind) {
    case 'unsupported':
      return 'not-checked';
    case 'broken':
      return 'bad-signature';
    case 'unknown':
      return expectation.kind === 'key' ? 'unexpected-signer' : 'unknown-key';
    case 'none':
      return matches ? 'unsigned' : 'wrong-subject';
    case 'holds':
      if (!matches) {
        return 'wrong-subject';
      }
      return expectation.kind === 'none' ? 'no-expectation' : 'ok';
  }
}

function signatureCheck(signature: Signature): Check {
  const check = (outcome: Outcome, text: string): Check => ({
    code: 'signature',
    outcome,
    text
  });
  switch (signature.kind) {
    case 'holds':
      return check('ok', 'The record hasn’t changed since it was signed.');
    case 'broken':
      return check('failed', 'The record doesn’t match its signature.');
    case 'none':
      return check('failed', 'The record isn’t signed.');
    case 'unknown':
      return check(
        'not-checked',
        'Whether it has changed since it was signed: the key isn’t known here.'
      );
    case 'unsupported':
      return check(
        'not-checked',
        'Whether it has changed since it was signed: signatures with a certificate aren’t checked by this version.'
      );
  }
}

function signerCheck(
  { expectation }: IVerifyRequest,
  signature: Signature
): Check {
  const check = (outcome: Outcome, text: string): Check => ({
    code: 'signer',
    outcome,
    text
  });
  switch (signature.kind) {
    case 'holds':
      return expectation.kind === 'none'
        ? check('not-checked', 'Whether it was signed by whom you expect.')
        : check('ok', `It was signed with the key “${signature.signer.name}”.`);
    case 'unknown':
      return check('failed', 'It was signed with a key that you didn’t name.');
    case 'broken':
      return check(
        'not-checked',
        'Who signed it. A broken signature names nobody.'
      );
    case 'none':
      return check('failed', 'Nobody signed it.');
    case 'unsupported':
      return check('not-checked', 'Who signed it.');
  }
}

/** Sentences of style.md 6.7; `who` is a name of the caller's or a checked hint. */
function messageOf(
  status: VerifyStatus,
  { expectation }: IVerifyRequest,
  who: string | null
): string {
  const signer = who ?? 'a key';
  switch (status) {
    case 'ok':
      return 'The file and its signed record belong together. What the record says is self-reported.';
    case 'no-expectation':
      return `Signed with the key “${signer}”. You haven’t said whom you expect, so this only shows it hasn’t changed since.`;
    case 'unsigned':
      return 'The file matches, but anyone could have written this record.';
    case 'unknown-key':
      return 'Signed with a key this computer doesn’t know. It may not come from whom it names.';
    case 'unexpected-signer': {
      const asked =
        expectation.kind === 'key' ? expectation.key.name : 'another';
      return `Signed with another key than “${asked}”, the one you asked for.`;
    }
    case 'wrong-subject':
      return 'This record is about another file or version.';
    case 'bad-signature':
      return 'The record doesn’t match its signature. Don’t rely on it.';
    case 'not-checked':
      return 'It is signed with a certificate, which this version doesn’t check. That is not a pass.';
    case 'malformed':
    case 'not-found':
      return 'There is no record that this tool can read. That is not a pass.';
  }
}

/** A hint that is one: 44 characters of base64. Anything else isn't repeated. */
function safeHint(hint: string): string | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(hint) ? hint : null;
}

function replyBase({ file, record, sha256 }: IVerifyRequest) {
  return { file, record, sha256 };
}

function malformed(request: IVerifyRequest, error: unknown): IVerifyReply {
  const known =
    error instanceof EnvelopeError || error instanceof StatementError;
  const reason = known ? error.message : 'it could not be read';
  return {
    ...replyBase(request),
    status: 'malformed',
    keyName: null,
    keyHint: null,
    message: `This file isn’t a record this tool can read: ${reason}. That is not a pass.`,
    checks: [
      {
        code: 'readable',
        outcome: 'failed',
        text: 'The record can’t be read.'
      },
      TRUTH
    ]
  };
}

function badKey(request: IVerifyRequest, error: unknown): IVerifyReply {
  const reason =
    error instanceof EnvelopeError ? error.message : 'it could not be read';
  return {
    ...replyBase(request),
    status: 'not-checked',
    keyName: null,
    keyHint: null,
    message: `The key to check with can’t be used: ${reason}. That is not a pass.`,
    checks: [
      {
        code: 'signature',
        outcome: 'not-checked',
        text: 'Whether it has changed since it was signed.'
      },
      TRUTH
    ]
  };
}
