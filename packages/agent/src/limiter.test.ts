import { expect, it } from 'vitest';
import { Limiter, SAMPLE_COST_NANOS } from './limiter.ts';

const SECOND = 1e9;
/** Samples that cost so much of a second of CPU time. */
const costing = (share: number) => (share * SECOND) / SAMPLE_COST_NANOS;

it('halves the rate while samples cost more than 1 %, and goes back when they are cheap for long', () => {
  const limiter = new Limiter();
  limiter.heed(costing(0.5), 0, SECOND);
  expect(limiter.limit(1000)).toBe(1000); // the first window says nothing
  limiter.heed(costing(0.02), 0, SECOND);
  expect(limiter.limit(1000)).toBe(500);
  limiter.heed(costing(0.02), 0, SECOND);
  expect(limiter.limit(1000)).toBe(250);
  limiter.heed(costing(0.005), 0, SECOND);
  for (let i = 0; i < 5; i++) limiter.heed(costing(0.001), 0, SECOND);
  expect(limiter.limit(1000)).toBe(250);
  limiter.heed(costing(0.001), 0, SECOND);
  expect(limiter.limit(1000)).toBe(500);
});

it('counts what closing a window takes, but for what it takes anyway; and leaves an idle process alone', () => {
  const limiter = new Limiter();
  limiter.heed(0, 0, SECOND);
  limiter.heed(0, 2_500_000, SECOND / 10);
  limiter.heed(costing(1), SECOND, SECOND / 20);
  expect(limiter.limit(100)).toBe(100);
  limiter.heed(0, 20_000_000, SECOND);
  expect(limiter.limit(100)).toBe(50);
  for (let i = 0; i < 20; i++) limiter.heed(costing(1), 0, SECOND);
  expect(limiter.limit(100)).toBeGreaterThanOrEqual(1);
});
