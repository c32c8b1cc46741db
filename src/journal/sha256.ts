/**
 * SHA-256 (FIPS 180-4), synchronous and without a platform's own: the core is pure,
 * and WebCrypto answers only later. A caller with a faster one hands it in.
 */

/** Lower-case hex SHA-256 of the bytes, 64 characters. */
export type Sha256Function = (bytes: Uint8Array) => string;

const K = new Int32Array(64);
const INITIAL = new Int32Array(8);
/** Fractional parts of square (8) and cube (64) roots of the first primes, section 4.2.2 and 5.3.3. */
(function fillConstants() {
  let found = 0;
  for (let candidate = 2; found < 64; candidate++) {
    let prime = true;
    for (let d = 2; d * d <= candidate; d++) {
      prime &&= candidate % d !== 0;
    }
    if (prime) {
      if (found < 8) {
        INITIAL[found] = fraction(Math.sqrt(candidate));
      }
      K[found++] = fraction(Math.cbrt(candidate));
    }
  }
})();

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 0x100000000) | 0;
}

const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));

/** Mix the 64-byte block at `offset` into the state. */
function compress(
  state: Int32Array,
  w: Int32Array,
  bytes: Uint8Array,
  offset: number
): void {
  for (let i = 0; i < 16; i++) {
    const at = offset + i * 4;
    w[i] =
      (bytes[at]! << 24) |
      (bytes[at + 1]! << 16) |
      (bytes[at + 2]! << 8) |
      bytes[at + 3]!;
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + K[i]! + w[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

/** The last one or two blocks: what is left over, a 1 bit, zeros, the length in bits. */
function padding(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % 64;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(bytes.subarray(bytes.length - rest));
  tail[rest] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  return tail;
}

/** Working memory, used anew by each call: journals have very many short lines. */
const STATE = new Int32Array(8);
const WORDS = new Int32Array(64);
const HEX = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0')
);

/** Lower-case hex SHA-256 of the bytes. */
export const sha256: Sha256Function = bytes => {
  STATE.set(INITIAL);
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) {
    compress(STATE, WORDS, bytes, at);
  }
  const tail = padding(bytes);
  for (let at = 0; at < tail.length; at += 64) {
    compress(STATE, WORDS, tail, at);
  }
  let hex = '';
  for (let i = 0; i < 8; i++) {
    const word = STATE[i]!;
    hex +=
      HEX[word >>> 24]! +
      HEX[(word >>> 16) & 255]! +
      HEX[(word >>> 8) & 255]! +
      HEX[word & 255]!;
  }
  return hex;
};
