import { describe, expect, it } from 'vitest';
import { ordered, summarize } from './summary.ts';

describe('timeline in words', () => {
  it('averages over what was profiled, over all groups', () => {
    const groups = [
      { label: 'a', values: [1, null, 3, null] },
      { label: 'b', values: [2, null, null, 6] },
    ];
    expect(summarize({ groups, start: 1000, step: 10 })).toEqual({
      highest: 6,
      highestAt: 1030,
      average: 4,
      gaps: 0.25,
    });
  });

  it('is nothing where nothing was profiled', () => {
    expect(summarize({ groups: [{ values: [null, null] }], start: 0, step: 1 })).toBeUndefined();
    expect(summarize({ groups: [], start: 0, step: 1 })).toBeUndefined();
  });

  it('puts the largest group first and the rest last', () => {
    const group = (label: string | null, value: number) => ({
      label,
      others: label === null,
      values: [value],
    });
    const names = ordered([group(null, 99), group('a', 1), group('b', 5)]).map(({ label }) => label);
    expect(names).toEqual(['b', 'a', null]);
  });
});
