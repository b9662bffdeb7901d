import fc from 'fast-check';
import { expect, test } from 'vitest';
import { indexIds } from './id-index.ts';

function words(ids: readonly bigint[]): Int32Array {
  return new Int32Array(BigUint64Array.from(ids).buffer);
}

function find(index: ReturnType<typeof indexIds>, id: bigint): number {
  const [low, high] = words([id]);
  return index.find(low, high);
}

const id = fc.oneof(
  fc.bigInt(0n, 20n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n),
);

test('finds the index of every id, and of no other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 50 }), id, (ids, other) => {
      const index = indexIds(words(ids), ids.length);
      expect(ids.map((one) => find(index, one))).toEqual(ids.map((_, i) => i));
      expect(find(index, other)).toBe(ids.indexOf(other));
      expect(index.duplicate).toBe(-1);
    }),
  );
});

test('says which id was there before', () => {
  for (const ids of [
    [1n, 2n, 1n],
    [2n ** 60n, 7n, 2n ** 60n],
  ]) {
    expect(indexIds(words(ids), 3).duplicate).toBe(2);
  }
});

test('ids 1, 2, 3, … are sequential', () => {
  expect(indexIds(words([1n, 2n, 3n]), 3).sequential).toBe(3);
  expect(indexIds(words([2n, 1n, 3n]), 3).sequential).toBe(0);
});
