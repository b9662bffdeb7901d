import { expect, it } from 'vitest';
import { cellOf, heatMap } from './heat-map.ts';

it('counts windows by time and value, the largest in the top row, none lost', () => {
  const points = [
    { at: 0, value: 0 },
    { at: 10, value: 10 },
    { at: 99, value: 5 },
    { at: 99, value: 5.1 },
    { at: 150, value: 9 },
  ];
  const map = heatMap(points, 0, 100, 4, 2);
  expect(Array.from(map.counts)).toEqual([1, 0, 0, 0, 1, 0, 0, 3]);
  expect([map.highest, map.bounds]).toEqual([3, [0, 5, 10]]);
  expect(cellOf(points[4], 0, 100, 4, 2, 10)).toBe(7);
});

it('holds out against nothing, and against zeros', () => {
  expect(heatMap([], 0, 0, 3, 2).highest).toBe(0);
  expect(Array.from(heatMap([{ at: 5, value: 0 }], 0, 10, 2, 1).counts)).toEqual([0, 1]);
});
