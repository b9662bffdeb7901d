import { describe, expect, it } from 'vitest';
import { hashBytes, hashPairs, hashString, hashWords } from './hash64.ts';

/** From the Python package mmh3 5: `hash_bytes(bytes, 1, x64arch=False)[:8]`, read as a little-endian number. */
const REFERENCE: [bytes: Uint8Array, hash: bigint][] = [
  [new Uint8Array(), 0x54d201b988c4adecn],
  [new TextEncoder().encode('a'), 0x1c5281c549db9b04n],
  [new TextEncoder().encode('hello'), 0x1759b52feba4da84n],
  [new TextEncoder().encode('0123456789abcdef'), 0x18cc75b97e461b4en],
  [new TextEncoder().encode('0123456789abcdefXYZ'), 0x9067e6196a72f83bn],
  [new TextEncoder().encode('main(__main__)é'), 0xfbad91ee0f3f0c2dn],
  [Uint8Array.from({ length: 60 }, (_, i) => i), 0x57cc997e74f54cc4n],
];

describe('hash64', () => {
  it.each(REFERENCE)('is MurmurHash3_x86_128 with seed 1, first 64 bits: %#', (bytes, hash) => {
    const out = new Uint32Array(4);
    hashBytes(bytes, 0, bytes.length, out, 2);
    expect(new BigUint64Array(out.buffer)[1]).toBe(hash);
  });

  it('hashes words as their bytes', () => {
    for (let length = 0; length < 20; length++) {
      const words = Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
      const out = new Uint32Array(4);
      hashWords(words, 0, length, out, 0);
      hashBytes(new Uint8Array(words.buffer), 0, length * 4, out, 2);
      expect([out[0], out[1]]).toEqual([out[2], out[3]]);
    }
  });

  it('hashes a range of a larger buffer', () => {
    const out = new Uint32Array(2);
    const bytes = new TextEncoder().encode('xxhelloxx');
    hashBytes(bytes, 2, 7, out, 0);
    expect(new BigUint64Array(out.buffer)[0]).toBe(hashString('hello'));
  });

  it('hashPairs hashes the pairs that are picked as hashWords hashes them in a row', () => {
    const pairs = Uint32Array.from({ length: 20 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
    const indices = Uint32Array.of(9, 3, 3, 0, 7, 5);
    for (let end = 1; end <= indices.length; end++) {
      const words = [...indices.subarray(1, end)].flatMap((i) => [pairs[i * 2], pairs[i * 2 + 1]]);
      const expected = new Uint32Array(2);
      const actual = new Uint32Array(2);
      hashWords(Uint32Array.from(words), 0, words.length, expected, 0);
      hashPairs(pairs, indices, 1, end, actual, 0);
      expect(actual).toEqual(expected);
    }
  });
});
