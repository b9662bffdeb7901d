import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteRanges } from './byte-ranges.ts';

test('ranges with equal bytes have one index, others their own', () => {
  const pieces = fc.array(fc.uint8Array({ max: 2, maxLength: 9 }), { maxLength: 100 });
  fc.assert(
    fc.property(pieces, fc.nat(4), (pieces, capacity) => {
      const ranges = new ByteRanges(Uint8Array.from(pieces.flatMap((piece) => [...piece])), capacity);
      const known: string[] = [];
      let at = 0;
      for (const piece of pieces) {
        const key = piece.join();
        if (!known.includes(key)) known.push(key);
        expect(ranges.indexOf(at, at + piece.length)).toBe(known.indexOf(key));
        expect(ranges.count).toBe(known.length);
        at += piece.length;
      }
    }),
  );
});
