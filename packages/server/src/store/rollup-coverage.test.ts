import { expect, it } from 'vitest';
import { RollupCoverage } from './rollup-coverage.ts';
import { FIVE_MINUTES } from './rollup-level.ts';

const MINUTE = 60_000;
const at = (minutes: number) => minutes * MINUTE;
const minutes = (intervals: readonly { from: number; until: number }[]) =>
  intervals.map(({ from, until }) => [from / MINUTE, until / MINUTE]);

it('reads whole buckets before the boundary', () => {
  const coverage = new RollupCoverage(FIVE_MINUTES);
  expect(coverage.readable({ from: at(0), until: at(60) })).toEqual([]);
  coverage.settle(1, at(30), []);
  expect(minutes(coverage.readable({ from: at(3), until: at(60) }))).toEqual([[5, 30]]);
  expect(minutes(coverage.readable({ from: at(3), until: at(22) }))).toEqual([[5, 20]]);
  expect(coverage.readable({ from: at(3), until: at(9) })).toEqual([]);
});

it('leaves out what was written into since, until a round that began later', () => {
  const coverage = new RollupCoverage(FIVE_MINUTES);
  coverage.settle(100, at(30), []);
  coverage.touch(at(12), 150);
  const all = { from: at(0), until: at(30) };
  expect(minutes(coverage.readable(all))).toEqual([
    [0, 10],
    [15, 30],
  ]);
  coverage.settle(150, at(30), []);
  expect(minutes(coverage.readable(all))).toHaveLength(2);
  coverage.settle(151, at(30), [at(0), at(25)]);
  expect(minutes(coverage.readable(all))).toEqual([[5, 25]]);
});

it('keeps what was written into an open bucket out of it when that closes', () => {
  const coverage = new RollupCoverage(FIVE_MINUTES);
  coverage.settle(100, at(30), []);
  coverage.touch(at(32), 120);
  coverage.settle(110, at(35), []);
  expect(minutes(coverage.readable({ from: at(25), until: at(35) }))).toEqual([[25, 30]]);
});
