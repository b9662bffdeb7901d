import { expect, it } from 'vitest';
import type { Segment } from '../store/rollup-level.ts';
import { ClosedCache, splitFilter } from './closed-cache.ts';
import { parseSelector } from './selector.ts';

const segment = (table: Segment['table'], from: number): Segment => ({ table, from, until: from + 1 });
const filter = (from: number) => ({ ...parseSelector('shop'), segments: [segment('profiles_1h', from)] });

it('splits what is closed from what is open', () => {
  const segments = [segment('profiles', 1), segment('profiles_5m', 2), segment('profiles', 3)];
  const { closed, open } = splitFilter({ ...parseSelector('shop'), segments });
  expect(closed?.segments?.map(({ from }) => from)).toEqual([2]);
  expect(open?.segments?.map(({ from }) => from)).toEqual([1, 3]);
  expect(splitFilter(filter(1)).open).toBeUndefined();
  expect(splitFilter(parseSelector('shop'))).toEqual({ open: parseSelector('shop') });
});

it('reads once for each selection and version, and forgets the longest unused', async () => {
  const cache = new ClosedCache(25_000);
  const loaded: number[] = [];
  const read = (from: number, version = 1) =>
    cache.at(version).read(
      'x',
      filter(from),
      () => 10_000,
      async () => loaded.push(from),
    );
  for (const from of [1, 1, 2, 1, 3, 1, 2]) await read(from);
  expect(loaded).toEqual([1, 2, 3, 2]);
  await read(2, 2);
  await read(2, 2);
  expect(loaded).toEqual([1, 2, 3, 2, 2]);
});
