import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { parseBundle } from '../bundle';
import { PAYLOAD_TYPE, preAuthEncoding } from '../dsse';
import { fromDer, toDer } from '../ecdsa';
import { generateKey, importPublicKey, isSignedBy } from '../keys';
import { signBundle, signerFromPem } from '../sign';
import { parseStrictJson } from '../strict-json';
import { EnvelopeError } from '../types';

const bytes = (text: string) => new TextEncoder().encode(text);

function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof EnvelopeError ? error.code : String(error);
  }
}

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        const text = JSON.stringify(value);
        expect(parseStrictJson(bytes(text))).toEqual(JSON.parse(text));
      })
    );
  });

  it.each([
    ['a key that stands twice', '{"a":1,"a":2}', 'duplicate-key'],
    ['one that is written in two ways', '{"a":1,"\\u0061":2}', 'duplicate-key'],
    ['one deeper down', '[{"x":{"b":1,"c":2,"b":1}}]', 'duplicate-key'],
    ['nothing', '', 'not-json'],
    ['a trailing comma', '{"a":1,}', 'not-json'],
    ['a second value', '{} {}', 'not-json'],
    ['a comment', '{} // x', 'not-json'],
    ['single quotes', "{'a':1}", 'not-json'],
    ['an open string', '"abc', 'not-json'],
    ['a line break in a string', '"a\nb"', 'not-json'],
    ['a wrong escape', '"\\x"', 'not-json'],
    ['a number with a leading zero', '01', 'not-json'],
    ['NaN', 'NaN', 'not-json'],
    ['a byte order mark', '\uFEFF{}', 'not-json'],
    ['a bottomless array', '['.repeat(100_000), 'not-json']
  ])('refuses %s', (_name, text, code) => {
    expect(codeOf(() => parseStrictJson(bytes(text)))).toBe(code);
  });

  it('refuses bytes that aren’t UTF-8', () => {
    const wrong = Uint8Array.from([0x22, 0xff, 0x22]);
    expect(codeOf(() => parseStrictJson(wrong))).toBe('not-utf8');
  });

  it('takes __proto__ as a key like any other', () => {
    const value = parseStrictJson(bytes('{"__proto__":{"x":1}}'));
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect((value as { x?: unknown }).x).toBeUndefined();
  });
});

describe('ECDSA signatures', () => {
  it('go to DER and back', () => {
    const raw = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(raw, value => {
        expect([...fromDer(toDer(value))]).toEqual([...value]);
      })
    );
  });

  it.each([
    ['empty', []],
    ['of another kind', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['with bytes after it', [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ['cut short', [0x30, 6, 2, 1, 1, 2, 1]],
    ['with a negative number', [0x30, 6, 2, 1, 0x81, 2, 1, 1]],
    ['with needless zeros', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    [
      'with a number too long',
      [0x30, 38, 2, 33, 1, ...Array(32).fill(1), 2, 1, 1]
    ]
  ])('%s are refused', (_name, der) => {
    expect(codeOf(() => fromDer(Uint8Array.from(der)))).toBe('signatures');
  });
});

describe('keys', () => {
  it('are P-256 in PEM and have the digest of their SPKI as hint', async () => {
    const { privatePem, publicPem } = await generateKey();
    const signer = await signerFromPem(privatePem);
    const key = await importPublicKey(publicPem);
    expect(signer.hint).toBe(key.hint);
    expect(signer.publicPem).toBe(publicPem);
    expect(key.hint).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    const signed = bytes('x');
    const signature = await signer.sign(signed);
    expect(await isSignedBy(key, signature, signed)).toBe(true);
    expect(await isSignedBy(key, signature, bytes('y'))).toBe(false);
    expect(await isSignedBy(key, Uint8Array.from([1]), signed)).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    [
      'a label with nothing in it',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'
    ]
  ])('can’t be made of %s', async (_name, pem) => {
    await expect(importPublicKey(pem)).rejects.toMatchObject({
      code: 'bad-key'
    });
    await expect(signerFromPem(pem)).rejects.toMatchObject({ code: 'bad-key' });
  });

  it('of two in one file are refused', async () => {
    const { publicPem } = await generateKey();
    await expect(importPublicKey(publicPem + publicPem)).rejects.toMatchObject({
      code: 'bad-key'
    });
  });
});

describe('a bundle', () => {
  const payload = bytes('{"a":"ü"}');

  async function made() {
    const { privatePem, publicPem } = await generateKey();
    const signer = await signerFromPem(privatePem);
    const bundle = await signBundle(payload, signer);
    return { bundle, publicPem, signer };
  }

  it('has the exact bytes, one signature, the hint and no keyid', async () => {
    const { bundle, signer } = await made();
    const value = JSON.parse(Buffer.from(bundle).toString()) as {
      mediaType: string;
      dsseEnvelope: { signatures: object[]; payload: string };
      verificationMaterial: object;
    };
    expect(value.mediaType).toBe(
      'application/vnd.dev.sigstore.bundle.v0.3+json'
    );
    expect(value.verificationMaterial).toEqual({
      publicKey: { hint: signer.hint }
    });
    expect(Object.keys(value.dsseEnvelope.signatures[0]!)).toEqual(['sig']);
    const read = parseBundle(bundle);
    expect([...read.payload]).toEqual([...payload]);
    expect(read).toMatchObject({
      payloadType: PAYLOAD_TYPE,
      signer: { kind: 'key', hint: signer.hint },
      witnessed: false
    });
  });

  it('is accepted by openssl', async () => {
    const { bundle, publicPem } = await made();
    const read = parseBundle(bundle);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'envelope-'));
    const put = (name: string, value: Uint8Array | string) => {
      fs.writeFileSync(path.join(folder, name), value);
    };
    put('pub.pem', publicPem);
    put('sig', read.signature);
    put('pae', preAuthEncoding(read.payloadType, read.payload));
    const answer = execFileSync(
      'openssl',
      ['dgst', '-sha256', '-verify', 'pub.pem', '-signature', 'sig', 'pae'],
      { cwd: folder }
    );
    expect(answer.toString()).toContain('Verified OK');
    fs.rmSync(folder, { recursive: true });
  });

  type Mutable = Record<string, unknown> & {
    verificationMaterial: Record<string, unknown>;
    dsseEnvelope: Record<string, unknown> & {
      signatures: Record<string, unknown>[];
    };
  };
  it.each<[string, string, (bundle: Mutable) => void]>([
    [
      'another version',
      'unsupported-version',
      b => {
        b['mediaType'] = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
      }
    ],
    [
      'an extra field',
      'not-a-bundle',
      b => {
        b['extra'] = 1;
      }
    ],
    [
      'an extra field in the envelope',
      'not-a-bundle',
      b => {
        b.dsseEnvelope['x'] = 1;
      }
    ],
    [
      'no envelope',
      'not-dsse',
      b => {
        delete (b as Partial<Mutable>).dsseEnvelope;
      }
    ],
    [
      'no signer',
      'not-a-bundle',
      b => {
        b.verificationMaterial = {};
      }
    ],
    [
      'two kinds of signer',
      'not-a-bundle',
      b => {
        b.verificationMaterial['certificate'] = {};
      }
    ],
    [
      'no signature',
      'signatures',
      b => {
        b.dsseEnvelope.signatures = [];
      }
    ],
    [
      'two signatures',
      'signatures',
      b => {
        b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0]!);
      }
    ],
    [
      'a keyid that isn’t the hint',
      'keyid',
      b => {
        b.dsseEnvelope.signatures[0]!['keyid'] = 'x';
      }
    ],
    [
      'base64url',
      'bad-base64',
      b => {
        b.dsseEnvelope['payload'] = 'ab-_';
      }
    ],
    [
      'base64 without padding',
      'bad-base64',
      b => {
        b.dsseEnvelope['payload'] = 'YQ';
      }
    ]
  ])('with %s is refused', async (_name, code, change) => {
    const { bundle } = await made();
    const value = JSON.parse(Buffer.from(bundle).toString()) as Mutable;
    change(value);
    expect(codeOf(() => parseBundle(bytes(JSON.stringify(value))))).toBe(code);
  });

  it('may have an empty keyid or the hint as keyid', async () => {
    const { bundle, signer } = await made();
    for (const keyid of ['', signer.hint]) {
      const value = JSON.parse(Buffer.from(bundle).toString()) as Mutable;
      value.dsseEnvelope.signatures[0]!['keyid'] = keyid;
      expect(() => parseBundle(bytes(JSON.stringify(value)))).not.toThrow();
    }
  });
});
