import * as z from 'zod/mini';
import { requestFor, usualSession } from '../../__tests__/journals';
import type { VerifyStatus } from '../../api';
import { encodeBase64 } from '../../envelope/base64';
import { generateKey } from '../../envelope/keys';
import { signBundle, signerFromPem } from '../../envelope/sign';
import { createRecord } from '../../record/record';
import { VerifyReply, type Expectation, type IExpectedKey } from '../types';
import { verifyRecord } from '../verify';

const MODEL = '/home/ann/work/model.joblib';
const bytes = (text: string) => new TextEncoder().encode(text);
const string = (value: Uint8Array) => new TextDecoder().decode(value);

interface IMade {
  statement: Uint8Array;
  bundle: Uint8Array;
  sha256: string;
  key: IExpectedKey;
  other: IExpectedKey;
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

let made: IMade;
beforeAll(async () => {
  const session = usualSession();
  const input = requestFor({ sessions: [session], subjects: [MODEL] });
  const statement = createRecord(input).bytes;
  const mine = await generateKey();
  const signer = await signerFromPem(mine.privatePem);
  const other = await generateKey();
  made = {
    statement,
    bundle: await signBundle(statement, signer),
    sha256: session.disk.sha256(MODEL),
    key: { name: 'this computer', publicPem: mine.publicPem },
    other: { name: 'bob', publicPem: other.publicPem },
    sign: payload => signBundle(payload, signer)
  };
});

async function verify(
  record: Uint8Array,
  expectation: Expectation = { kind: 'keyring', keys: [made.other, made.key] },
  sha256 = made.sha256
) {
  const reply = await verifyRecord({
    file: 'model.joblib',
    sha256,
    record: 'model.joblib.sigstore.json',
    bytes: record,
    expectation
  });
  z.parse(VerifyReply, reply);
  return reply;
}

/** The bundle with its statement changed by text, signed anew. */
async function signed(change: (text: string) => string): Promise<Uint8Array> {
  return made.sign(bytes(change(string(made.statement))));
}

describe('verify', () => {
  it('says ok for the file, its record and a known key', async () => {
    expect(await verify(made.bundle)).toMatchObject({
      status: 'ok',
      keyName: 'this computer',
      message:
        'The file and its signed record belong together. What the record says is self-reported.',
      checks: [
        { code: 'subject', outcome: 'ok' },
        { code: 'signature', outcome: 'ok' },
        { code: 'signer', outcome: 'ok' },
        { code: 'inputs', outcome: 'not-checked' },
        { code: 'truth', outcome: 'cannot-be-checked' }
      ]
    });
  });

  it('takes a digest in capitals', async () => {
    const reply = await verify(
      made.bundle,
      undefined,
      made.sha256.toUpperCase()
    );
    expect(reply.status).toBe('ok');
    const shouted = await signed(t =>
      t.replace(made.sha256, made.sha256.toUpperCase())
    );
    expect((await verify(shouted)).status).toBe('ok');
  });

  it.each<[string, VerifyStatus, () => Expectation]>([
    ['exactly this key', 'ok', () => ({ kind: 'key', key: made.key })],
    [
      'another key',
      'unexpected-signer',
      () => ({ kind: 'key', key: made.other })
    ],
    [
      'a keyring without it',
      'unknown-key',
      () => ({ kind: 'keyring', keys: [made.other] })
    ],
    ['an empty keyring', 'unknown-key', () => ({ kind: 'keyring', keys: [] })],
    ['nobody', 'no-expectation', () => ({ kind: 'none', keys: [made.key] })],
    [
      'nobody, with no key at hand',
      'unknown-key',
      () => ({ kind: 'none', keys: [] })
    ],
    [
      'a key that is none',
      'not-checked',
      () => ({ kind: 'key', key: { name: 'x', publicPem: 'nonsense' } })
    ]
  ])('expecting %s says %s', async (_name, status, expectation) => {
    expect((await verify(made.bundle, expectation())).status).toBe(status);
  });

  it('says wrong-subject for another file', async () => {
    const reply = await verify(made.bundle, undefined, 'a'.repeat(64));
    expect(reply.status).toBe('wrong-subject');
    expect(reply.checks[0]).toMatchObject({
      code: 'subject',
      outcome: 'failed'
    });
  });

  it('says bad-signature when a byte of the statement was changed', async () => {
    const bundle = JSON.parse(string(made.bundle)) as {
      dsseEnvelope: { payload: string };
    };
    const text = string(made.statement).replace('train.csv', 'brain.csv');
    bundle.dsseEnvelope.payload = encodeBase64(bytes(text));
    const reply = await verify(bytes(JSON.stringify(bundle)));
    expect(reply).toMatchObject({
      status: 'bad-signature',
      message: 'The record doesn’t match its signature. Don’t rely on it.'
    });
  });

  it('says unsigned for a bare statement about the file, wrong-subject for another', async () => {
    expect((await verify(made.statement)).status).toBe('unsigned');
    const reply = await verify(made.statement, undefined, 'a'.repeat(64));
    expect(reply.status).toBe('wrong-subject');
  });

  it('says not-checked for a bundle with a certificate', async () => {
    const bundle = JSON.parse(string(made.bundle)) as {
      verificationMaterial: object;
    };
    bundle.verificationMaterial = {
      certificate: { rawBytes: 'AAAA' },
      tlogEntries: [{}]
    };
    expect((await verify(bytes(JSON.stringify(bundle)))).status).toBe(
      'not-checked'
    );
  });

  it('never takes the key from the bundle', async () => {
    const thief = await generateKey();
    const forged = await signBundle(
      made.statement,
      await signerFromPem(thief.privatePem)
    );
    expect((await verify(forged)).status).toBe('unknown-key');
    const claimed = string(forged).replace(
      /"hint":"[^"]*"/,
      /"hint":"[^"]*"/.exec(string(made.bundle))![0]
    );
    expect((await verify(bytes(claimed))).status).toBe('bad-signature');
  });

  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ['nothing', () => bytes('')],
    ['no JSON', () => bytes('hello')],
    ['JSON of another kind', () => bytes('{"a":1}')],
    ['a list', () => bytes('[]')],
    ['null', () => bytes('null')],
    ['garbage', () => new Uint8Array(1_000_000).fill(0x7b)],
    ['100 MB of garbage', () => new Uint8Array(100_000_000)],
    [
      'a key twice in the bundle',
      () => bytes(string(made.bundle).replace('{', '{"mediaType":"x",'))
    ],
    [
      'a key twice in the statement',
      () => signed(t => t.replace('{', '{"_type":"x",'))
    ],
    [
      'a key twice in a subject',
      () =>
        signed(t =>
          t.replace('"name":"model.joblib"', '"name":"x","name":"model.joblib"')
        )
    ],
    [
      'an extra field on the statement',
      () => signed(t => t.replace('{', '{"extra":1,'))
    ],
    [
      'an extra field on a subject',
      () =>
        signed(t =>
          t.replace('"name":"model.joblib"', '"name":"model.joblib","uri":"x"')
        )
    ],
    [
      'an extra field deep inside',
      () =>
        signed(t =>
          t.replace('"runsBeforeStart"', '"level":3,"runsBeforeStart"')
        )
    ],
    [
      'another statement type',
      () =>
        signed(t =>
          t.replace('in-toto.io/Statement/v1', 'in-toto.io/Statement/v0.1')
        )
    ],
    [
      'another predicate type',
      () => signed(t => t.replace('provenance/v1', 'provenance/v0.2'))
    ],
    [
      'a subject without a name',
      () => signed(t => t.replace('"name":"model.joblib",', ''))
    ],
    [
      'a digest that isn’t hex',
      () => signed(t => t.replace(made.sha256, 'z'.repeat(64)))
    ],
    [
      'no subject',
      () => signed(t => t.replace(/"subject":\[.*?\]/, '"subject":[]'))
    ],
    [
      '1,025 subjects',
      () =>
        signed(t =>
          t.replace(
            /"subject":\[(.*?)\]/,
            (_all, one: string) =>
              `"subject":[${Array(1025).fill(one).join(',')}]`
          )
        )
    ],
    ['a payload that isn’t a statement', () => made.sign(bytes('"text"'))],
    [
      'another payload type',
      () => bytes(string(made.bundle).replace('vnd.in-toto', 'vnd.other'))
    ]
  ])('says malformed for %s', async (_name, record) => {
    const reply = await verify(await record());
    expect(reply.status).toBe('malformed');
    expect(reply.message).toMatch(/^This file isn’t a record .* not a pass\.$/);
    expect(reply.message.length).toBeLessThan(200);
  });

  it('repeats nothing of what a record holds', async () => {
    const evil = '\u001b[31mTRUSTED\u202e';
    const hostile = await signed(t =>
      t.replace('model.joblib', JSON.stringify(evil).slice(1, -1))
    );
    const hint = string(made.bundle).replace(
      /"hint":"[^"]*"/,
      '"hint":"TRUSTED"'
    );
    for (const record of [hostile, bytes(hint), bytes(`{"${evil}":1}`)]) {
      const reply = await verify(record, { kind: 'keyring', keys: [] });
      expect(JSON.stringify(reply)).not.toContain('TRUSTED');
    }
  });

  it('verifies somebody else’s provenance with a local key too', async () => {
    const foreign = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'w.whl', digest: { sha256: made.sha256, sha512: 'ab' } }
      ],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'https://example.org/x',
          externalParameters: {}
        },
        runDetails: { builder: { id: 'https://example.org/b' } }
      }
    };
    const record = await made.sign(bytes(JSON.stringify(foreign)));
    expect((await verify(record)).status).toBe('ok');
  });
});
