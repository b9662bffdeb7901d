import { describe, expect, it } from 'vitest';
import { deploys } from './deploys.ts';
import { sparkline } from './text-pen.ts';
import { timeTicks, valueTicks } from './ticks.ts';

const H = 3_600_000;

describe('ticks', () => {
  it('of time are round where the clock stands', () => {
    const from = Date.UTC(2026, 4, 1, 10, 20);
    const berlin = timeTicks(from, from + 24 * H, 4, () => 2 * H);
    expect(berlin.map((at) => ((at + 2 * H) / H) % 6)).toEqual([0, 0, 0, 0]);
    expect(timeTicks(0, 1000 * 24 * H, 5, () => 0).length).toBeLessThanOrEqual(6);
  });

  it('of values are as many as fit', () => {
    expect(valueTicks(2.3, 3, false)).toEqual([0, 1, 2]);
    expect(valueTicks(0.9, 3, false).map((tick) => Math.round(tick * 10))).toEqual([0, 5]);
    expect(valueTicks(5000, 3, true)).toEqual([0, 2048, 4096]);
    expect(valueTicks(0, 3, false)).toEqual([]);
  });
});

describe('deploys', () => {
  const groups = [
    { label: '1.0', others: false, values: [5, 5, 5, 5, 1, null] },
    { label: '0.9', others: false, values: [1, 1, 1, 1, null, null] },
    { label: '1.1', others: false, values: [null, null, null, 1, 5, 6] },
  ];

  it('are where a version appears, and know what was there before', () => {
    expect(deploys({ groups, start: 1000, step: 10 })).toEqual([
      { version: '1.1', previous: '1.0', at: 1030 },
    ]);
  });

  it('are none where all began together, or nothing was seen', () => {
    expect(deploys({ groups: groups.slice(0, 2), start: 0, step: 10 })).toEqual([]);
    expect(deploys({ groups: [], start: 0, step: 10 })).toEqual([]);
  });
});

describe('sparkline', () => {
  it('is steps, the highest at the top, with gaps', () => {
    expect(sparkline([2, null, 4], 30, 12)).toEqual({
      line: 'M0 7L10 7M20 2L30 2',
      area: 'M0 12L0 7L10 7L10 12M20 12L20 2L30 2L30 12',
    });
    expect(sparkline([0, 0], 20, 10).line).toBe('M0 10L10 10L10 10L20 10');
    expect(sparkline([], 20, 10).line).toBe('');
  });
});
