import { describe, expect, it } from 'vitest';
import { parseHumanTime } from './human-time.ts';
import { parseTimeRange } from './time-range.ts';

const NOW = new Date(2026, 4, 6, 12, 30).getTime();
const MINUTE = 60_000;

describe('parseHumanTime', () => {
  it.each<[string, number]>([
    ['now', NOW],
    ['-15minutes', NOW - 15 * MINUTE],
    ['-15min', NOW - 15 * MINUTE],
    ['-1h', NOW - 60 * MINUTE],
    ['now-1h', NOW - 60 * MINUTE],
    ['-1h30m', NOW - 90 * MINUTE],
    ['2 hours ago', NOW - 120 * MINUTE],
    ['1 day ago', NOW - 1440 * MINUTE],
    ['-2 weeks', NOW - 14 * 1440 * MINUTE],
    ['1.5 hours ago', NOW - 90 * MINUTE],
    ['1462104000', 1_462_104_000_000],
    ['1462104000000', 1_462_104_000_000],
    ['0', 0],
    ['2016-05-01 12:00', new Date(2016, 4, 1, 12).getTime()],
    ['2016-05-01T12:00:00Z', Date.UTC(2016, 4, 1, 12)],
    ['2016-05-01T12:00:00+02:00', Date.UTC(2016, 4, 1, 10)],
    ['yesterday at 5pm', new Date(2026, 4, 5, 17).getTime()],
  ])('%s', (text, expected) => {
    expect(parseHumanTime(text, 'from', NOW)).toBe(expected);
  });

  it.each([
    '',
    'soon',
    '-15',
    '-5 parsecs',
    '12 apples tomorrow',
    '-1h garbage',
    '1e99',
    '99999999999999999',
    `${'1h'.repeat(5000)}!`,
  ])('refuses %s', (text) => {
    expect(() => parseHumanTime(text, 'from', NOW)).toThrow(
      expect.objectContaining({ code: 'bad_time', parameter: 'from' }),
    );
  });
});

describe('parseTimeRange', () => {
  it('is the last quarter of an hour by default', () => {
    expect(parseTimeRange(undefined, undefined, NOW)).toEqual({ from: NOW - 15 * MINUTE, until: NOW });
  });

  it('refuses a range that ends before it starts', () => {
    expect(() => parseTimeRange('-1h', '-2h', NOW)).toThrow(
      expect.objectContaining({ code: 'bad_time', parameter: 'until' }),
    );
  });
});

it('refuses a long text at once, whatever it holds', () => {
  const started = performance.now();
  const hostile = `now${' '.repeat(7000)}1h${' '.repeat(7000)}!`;
  expect(() => parseHumanTime(hostile, 'from', 0)).toThrow(/no time that can be read/);
  expect(performance.now() - started).toBeLessThan(1000);
});
