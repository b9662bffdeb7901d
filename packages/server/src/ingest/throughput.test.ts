import { expect, it } from 'vitest';
import { Throughput } from './throughput.ts';

it('says how much was added a millisecond, lately', () => {
  const throughput = new Throughput(2000, 500);
  for (let now = 500; now < 10_500; now += 10) throughput.add(30, now);
  expect(throughput.perMs(10_500)).toBeCloseTo(3, 0);
  expect(throughput.perMs(11_500)).toBeCloseTo(1.5, 0);
  expect(throughput.perMs(13_000)).toBe(0);
});

it('does not take the time before it began for one in which nothing came', () => {
  const throughput = new Throughput(2000, 70_000);
  throughput.add(500, 70_900);
  expect(throughput.perMs(71_000)).toBe(0.5);
});

it('forgets what lies far back at once', () => {
  const throughput = new Throughput(800, 0);
  throughput.add(1e9, 10);
  throughput.add(80, 1_000_000);
  expect(throughput.perMs(1_000_000)).toBeCloseTo(80 / 700);
});
