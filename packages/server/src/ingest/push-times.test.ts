import { describe, expect, it } from 'vitest';
import { pushWindow } from './push-times.ts';

const NOW = 1_780_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

describe('pushWindow', () => {
  it.each([
    ['s', '1779999990', '1780000000'],
    ['ms', '1779999990000', '1780000000000'],
    ['µs', '1779999990000000', '1780000000000000'],
    ['ns', '1779999990000000000', '1780000000000000000'],
    ['fractions of s', '1779999990.0', '1780000000'],
    ['relative', 'now-10s', 'now'],
  ])('reads %s', (_unit, from, until) => {
    expect(pushWindow(from, until, 0n, NOW)).toEqual({
      startNanos: NOW - 10n * SECOND,
      durationNanos: 10n * SECOND,
    });
  });

  it('ends now, and is as long as the profile says, where nothing is given', () => {
    expect(pushWindow(undefined, undefined, 5n * SECOND, NOW)).toEqual({
      startNanos: NOW - 5n * SECOND,
      durationNanos: 5n * SECOND,
    });
    expect(pushWindow('now-1h', undefined, 5n * SECOND, NOW).durationNanos).toBe(5n * SECOND);
    expect(pushWindow('now-1h', undefined, 0n, NOW).durationNanos).toBe(3600n * SECOND);
    expect(pushWindow('1780000005', undefined, 0n, NOW).durationNanos).toBe(0n);
  });

  it('takes a clock that is ten minutes ahead for fast, and the other way any', () => {
    const ahead = NOW + 600n * SECOND;
    expect(pushWindow(String(ahead - 10n * SECOND), String(ahead), 0n, NOW)).toEqual({
      startNanos: ahead - 10n * SECOND,
      durationNanos: 10n * SECOND,
    });
    expect(() => pushWindow(String(ahead + 1n), undefined, 0n, NOW)).toThrow(/from lies 600 s in the future/);
    expect(pushWindow('now-30d', 'now-29d', 0n, NOW).durationNanos).toBe(86_400n * SECOND);
  });

  it('takes windows without length, and of a week', () => {
    expect(pushWindow('now-1h', 'now-1h', 0n, NOW).durationNanos).toBe(0n);
    expect(pushWindow('now-7d', 'now', 0n, NOW).durationNanos).toBe(7n * 86_400n * SECOND);
    expect(() => pushWindow('now-7d', String(NOW + 1n), 0n, NOW)).toThrow(/more than a week/);
  });

  it.each([
    ['yesterday', undefined, 'bad_time'],
    ['-5', undefined, 'bad_time'],
    ['1780000000', '1779999999', 'bad_time'],
    ['99999999999999999999', undefined, 'bad_time'],
    ['1780009999', '1780010000', 'in_future'],
    ['1779999999', '1780000601', 'in_future'],
    ['1770000000', '1780000000', 'window_too_long'],
  ])('refuses %s … %s as %s', (from, until, code) => {
    expect(() => pushWindow(from, until, 0n, NOW)).toThrow(expect.objectContaining({ code }));
  });
});
