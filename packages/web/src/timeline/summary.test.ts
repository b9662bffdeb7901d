import { describe, expect, it } from 'vitest';
import { averages, ordered, summarize } from './summary.ts';

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

it('averages groups over the time in which any was watched', () => {
  const groups = [
    { label: 'short', others: false, values: [null, 8, null, null] },
    { label: 'long', others: false, values: [4, 4, 4, null] },
    { label: null, others: true, values: [9, 9, 9, 9] },
  ];
  expect(averages({ groups: groups.slice(0, 2) })).toEqual([
    { label: 'long', average: 4 },
    { label: 'short', average: 8 / 3 },
  ]);
  expect(averages({ groups }).map(({ label }) => label)).toEqual(['long', 'short']);
  expect(averages({ groups: [] })).toEqual([]);
});
