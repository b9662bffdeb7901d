import { describe, expect, it } from 'vitest';
import { isLive, nearestPreset, PRESETS, pinned, presetOf, secondsAgo, shifted, widened } from './range.ts';

describe('time ranges', () => {
  it.each([
    ['-15minutes', 900],
    ['-15m', 900],
    ['-1h', 3600],
    ['-1hour', 3600],
    ['now-6h', 21_600],
    ['2 hours ago', 7200],
    ['-7d', 604_800],
    ['-1.5h', 5400],
    ['now', 0],
    ['2016-05-01 12:00', undefined],
    ['1462104000000', undefined],
    ['-15parsecs', undefined],
    ['yesterday', undefined],
  ])('%s is %s seconds ago', (date, seconds) => expect(secondsAgo(date)).toBe(seconds));

  it('knows every preset in its own spelling, and others', () => {
    for (const preset of PRESETS) expect(presetOf({ from: preset.from, until: 'now' })).toBe(preset);
    expect(presetOf({ from: '-60 minutes', until: 'now' })?.label).toBe('1 h');
    expect(presetOf({ from: '-15minutes', until: '-5minutes' })).toBeUndefined();
    expect(presetOf({ from: '-17minutes', until: 'now' })).toBeUndefined();
  });

  it('is live only while its end is now', () => {
    expect(isLive({ from: '2016-05-01', until: 'now' })).toBe(true);
    expect(isLive({ from: '-2h', until: '-1h' })).toBe(false);
    expect(isLive(pinned(0, 1000))).toBe(false);
  });

  it('pins outwards, to whole milliseconds', () =>
    expect(pinned(10.7, 20.2)).toEqual({ from: '10', until: '21' }));

  it('goes back to the preset of about the same length', () => {
    expect(nearestPreset(800).label).toBe('15 m');
    expect(nearestPreset(0).label).toBe('5 m');
    expect(nearestPreset(1e9).label).toBe('7 d');
  });

  it('widens around the middle, never into the future', () => {
    expect(widened(10_000, 20_000, 1e9)).toEqual({ from: '0', until: '30000' });
    expect(widened(10_000, 20_000, 24_000)).toEqual({ from: '0', until: '24000' });
    expect(widened(10_000, 20_000, 15_000)).toEqual({ from: '0', until: '20000' });
  });
});

describe('the range before', () => {
  const known = { from: 1_700_000_000_000, until: 1_700_000_900_000 };

  it('moves along where this one does', () => {
    expect(shifted({ from: '-15minutes', until: 'now' }, 900, known)).toEqual({
      from: '-30minutes',
      until: '-15minutes',
    });
    expect(shifted({ from: '-1h', until: 'now' }, 86_400, known)).toEqual({ from: '-25h', until: '-1d' });
    expect(shifted({ from: '-90s', until: 'now' }, 1, known)).toEqual({ from: '-91s', until: '-1s' });
  });

  it('stands where this one stands, or cannot be read here', () => {
    const before = { from: '1699999100000', until: '1700000000000' };
    expect(shifted({ from: '1700000000000', until: '1700000900000' }, 900, known)).toEqual(before);
    expect(shifted({ from: 'yesterday at noon', until: 'now' }, 900, known)).toEqual(before);
  });
});
