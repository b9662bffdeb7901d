import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdTable } from './id-table.ts';

it('says of each id once that it is new, however many there are', () => {
  const word = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 5000 }), (ids) => {
      const table = new IdTable();
      const seen = new Set<string>();
      for (const [low, high] of ids) {
        expect(table.add(low, high)).toBe(!seen.has(`${low},${high}`));
        seen.add(`${low},${high}`);
      }
    }),
    { numRuns: 20 },
  );
});
