import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdSet } from './id-set.ts';

const word = fc.integer({ min: 0, max: 40 });

it('remembers what was added last, and never claims what was not added', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 300 }), (ids) => {
      const set = new IdSet(16);
      const added = new Set<string>();
      for (const [low, high] of ids) {
        set.add(low, high);
        added.add(`${low},${high}`);
        expect(set.has(low, high)).toBe(low !== 0);
      }
      for (let low = 0; low <= 40; low++) {
        for (let high = 0; high <= 40; high++) {
          if (set.has(low, high)) expect(added.has(`${low},${high}`)).toBe(true);
        }
      }
    }),
    { numRuns: 50 },
  );
});

it('keeps at least the newest generation whole', () => {
  const set = new IdSet(100);
  for (let i = 1; i <= 1000; i++) set.add(i, i);
  for (let i = 901; i <= 1000; i++) expect(set.has(i, i)).toBe(true);
});
