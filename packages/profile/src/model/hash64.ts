/**
 * The 64-bit hash that gives strings, frames and stacks their identity.
 *
 * It is MurmurHash3_x86_128 (Austin Appleby, public domain), of which the first 64 bits are kept: four 32-bit
 * lanes and `Math.imul` are what JavaScript computes fast, where a hash over 64-bit words would need BigInt.
 * Published test vectors and implementations in every language exist, so any writer can agree with ours.
 *
 * A hash is written as two 32-bit words, low word first, into a Uint32Array: the same memory read as a
 * BigUint64Array (every platform that Node and browsers run on is little endian) is the 64-bit id.
 */

/** Version of the identity. It is the seed: ids of two versions never meet. Stored in the schema. */
export const IDENTITY_VERSION = 1;

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

function finalMix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Hash of `bytes[start..end)`; its low and high words go to `out[at]` and `out[at + 1]`.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): void {
  hashView(viewOf(bytes), start, end, out, at);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same for bytes seen by a DataView: a word is read at once, where four bytes and their shifts took twice as long. */
export function hashView(view: DataView, start: number, end: number, out: Uint32Array, at: number): void {
  let h1 = IDENTITY_VERSION;
  let h2 = IDENTITY_VERSION;
  let h3 = IDENTITY_VERSION;
  let h4 = IDENTITY_VERSION;
  const length = end - start;
  const blocksEnd = start + (length & ~15);
  let i = start;
  for (; i < blocksEnd; i += 16) {
    let k1 = view.getInt32(i, true);
    let k2 = view.getInt32(i + 4, true);
    let k3 = view.getInt32(i + 8, true);
    let k4 = view.getInt32(i + 12, true);

    k1 = Math.imul(k1, C1);
    k1 = (k1 << 15) | (k1 >>> 17);
    h1 ^= Math.imul(k1, C2);
    h1 = (h1 << 19) | (h1 >>> 13);
    h1 = (Math.imul(h1 + h2, 5) + 0x561ccd1b) | 0;

    k2 = Math.imul(k2, C2);
    k2 = (k2 << 16) | (k2 >>> 16);
    h2 ^= Math.imul(k2, C3);
    h2 = (h2 << 17) | (h2 >>> 15);
    h2 = (Math.imul(h2 + h3, 5) + 0x0bcaa747) | 0;

    k3 = Math.imul(k3, C3);
    k3 = (k3 << 17) | (k3 >>> 15);
    h3 ^= Math.imul(k3, C4);
    h3 = (h3 << 15) | (h3 >>> 17);
    h3 = (Math.imul(h3 + h4, 5) + 0x96cd1c35) | 0;

    k4 = Math.imul(k4, C4);
    k4 = (k4 << 18) | (k4 >>> 14);
    h4 ^= Math.imul(k4, C1);
    h4 = (h4 << 13) | (h4 >>> 19);
    h4 = (Math.imul(h4 + h1, 5) + 0x32ac3b17) | 0;
  }

  // The last 0 to 15 bytes, low lanes first.
  const k1 = tailWord(view, i, end);
  const k2 = tailWord(view, i + 4, end);
  const k3 = tailWord(view, i + 8, end);
  const k4 = tailWord(view, i + 12, end);
  finish(h1, h2, h3, h4, k1, k2, k3, k4, length, out, at);
}

/**
 * Hash of 32-bit words `words[start..end)`: the same as `hashBytes` over their little-endian bytes.
 */
export function hashWords(
  words: Uint32Array,
  start: number,
  end: number,
  out: Uint32Array,
  at: number,
): void {
  let h1 = IDENTITY_VERSION;
  let h2 = IDENTITY_VERSION;
  let h3 = IDENTITY_VERSION;
  let h4 = IDENTITY_VERSION;
  const length = end - start;
  const blocksEnd = start + (length & ~3);
  let i = start;
  for (; i < blocksEnd; i += 4) {
    let k1 = Math.imul(words[i], C1);
    k1 = (k1 << 15) | (k1 >>> 17);
    h1 ^= Math.imul(k1, C2);
    h1 = (h1 << 19) | (h1 >>> 13);
    h1 = (Math.imul(h1 + h2, 5) + 0x561ccd1b) | 0;

    let k2 = Math.imul(words[i + 1], C2);
    k2 = (k2 << 16) | (k2 >>> 16);
    h2 ^= Math.imul(k2, C3);
    h2 = (h2 << 17) | (h2 >>> 15);
    h2 = (Math.imul(h2 + h3, 5) + 0x0bcaa747) | 0;

    let k3 = Math.imul(words[i + 2], C3);
    k3 = (k3 << 17) | (k3 >>> 15);
    h3 ^= Math.imul(k3, C4);
    h3 = (h3 << 15) | (h3 >>> 17);
    h3 = (Math.imul(h3 + h4, 5) + 0x96cd1c35) | 0;

    let k4 = Math.imul(words[i + 3], C4);
    k4 = (k4 << 18) | (k4 >>> 14);
    h4 ^= Math.imul(k4, C1);
    h4 = (h4 << 13) | (h4 >>> 19);
    h4 = (Math.imul(h4 + h1, 5) + 0x32ac3b17) | 0;
  }
  const k1 = i < end ? words[i] : 0;
  const k2 = i + 1 < end ? words[i + 1] : 0;
  const k3 = i + 2 < end ? words[i + 2] : 0;
  finish(h1, h2, h3, h4, k1, k2, k3, 0, length * 4, out, at);
}

/**
 * Hash of the 64-bit words that `indices[start..end)` pick out of `pairs` (two 32-bit words each): the same as
 * `hashWords` over these words one after the other, without putting them there.
 */
export function hashPairs(
  pairs: Uint32Array,
  indices: Uint32Array,
  start: number,
  end: number,
  out: Uint32Array,
  at: number,
): void {
  let h1 = IDENTITY_VERSION;
  let h2 = IDENTITY_VERSION;
  let h3 = IDENTITY_VERSION;
  let h4 = IDENTITY_VERSION;
  let i = start;
  for (; i + 1 < end; i += 2) {
    const first = indices[i] * 2;
    const second = indices[i + 1] * 2;
    let k1 = Math.imul(pairs[first], C1);
    k1 = (k1 << 15) | (k1 >>> 17);
    h1 ^= Math.imul(k1, C2);
    h1 = (h1 << 19) | (h1 >>> 13);
    h1 = (Math.imul(h1 + h2, 5) + 0x561ccd1b) | 0;

    let k2 = Math.imul(pairs[first + 1], C2);
    k2 = (k2 << 16) | (k2 >>> 16);
    h2 ^= Math.imul(k2, C3);
    h2 = (h2 << 17) | (h2 >>> 15);
    h2 = (Math.imul(h2 + h3, 5) + 0x0bcaa747) | 0;

    let k3 = Math.imul(pairs[second], C3);
    k3 = (k3 << 17) | (k3 >>> 15);
    h3 ^= Math.imul(k3, C4);
    h3 = (h3 << 15) | (h3 >>> 17);
    h3 = (Math.imul(h3 + h4, 5) + 0x96cd1c35) | 0;

    let k4 = Math.imul(pairs[second + 1], C4);
    k4 = (k4 << 18) | (k4 >>> 14);
    h4 ^= Math.imul(k4, C1);
    h4 = (h4 << 13) | (h4 >>> 19);
    h4 = (Math.imul(h4 + h1, 5) + 0x32ac3b17) | 0;
  }
  const k1 = i < end ? pairs[indices[i] * 2] : 0;
  const k2 = i < end ? pairs[indices[i] * 2 + 1] : 0;
  finish(h1, h2, h3, h4, k1, k2, 0, 0, (end - start) * 8, out, at);
}

/** Up to four bytes from `i`, low ones first. */
function tailWord(view: DataView, i: number, end: number): number {
  if (i + 4 <= end) return view.getInt32(i, true);
  let word = 0;
  for (let shift = 0; i < end; i++, shift += 8) word |= view.getUint8(i) << shift;
  return word;
}

function finish(
  h1: number,
  h2: number,
  h3: number,
  h4: number,
  k1: number,
  k2: number,
  k3: number,
  k4: number,
  length: number,
  out: Uint32Array,
  at: number,
): void {
  // A lane without tail bytes has k = 0, for which these lines leave h as it is.
  k4 = Math.imul(k4, C4);
  h4 ^= Math.imul((k4 << 18) | (k4 >>> 14), C1);
  k3 = Math.imul(k3, C3);
  h3 ^= Math.imul((k3 << 17) | (k3 >>> 15), C4);
  k2 = Math.imul(k2, C2);
  h2 ^= Math.imul((k2 << 16) | (k2 >>> 16), C3);
  k1 = Math.imul(k1, C1);
  h1 ^= Math.imul((k1 << 15) | (k1 >>> 17), C2);

  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finalMix(h1);
  h2 = finalMix(h2);
  h3 = finalMix(h3);
  h4 = finalMix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  out[at] = h1;
  out[at + 1] = h2 + h1;
}

const encoder = new TextEncoder();
const one = new Uint32Array(2);
const oneAsBigint = new BigUint64Array(one.buffer);

/** Hash of a string's UTF-8 bytes, as a bigint. For names and labels, not for hot loops. */
export function hashString(text: string): bigint {
  const bytes = encoder.encode(text);
  hashBytes(bytes, 0, bytes.length, one, 0);
  return oneAsBigint[0];
}
