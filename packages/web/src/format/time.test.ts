import { describe, expect, it } from 'vitest';
import { formatAgo, formatMoment, formatSpan, formatTicks, setTimeZone, zoneOffset } from './time.ts';

// Local time, whatever the zone of the machine.
const at = (text: string) => new Date(text).getTime();
const HOUR = 3_600_000;

describe('times', () => {
  it('are as fine as the range asks for', () => {
    expect(formatMoment(at('2016-05-01T14:02:10'), HOUR)).toBe('14:02:10');
    expect(formatMoment(at('2016-05-01T14:02:10'), 6 * HOUR)).toBe('14:02');
    expect(formatMoment(at('2016-05-01T14:02:10'), 24 * HOUR)).toBe('1 May 14:02');
  });

  it('name days only where they are needed', () => {
    const now = at('2016-05-01T18:00:00');
    expect(formatSpan(at('2016-05-01T14:02:00'), at('2016-05-01T14:17:00'), now)).toBe('14:02 – 14:17');
    expect(formatSpan(at('2016-05-01T14:02:00'), at('2016-05-01T14:03:30'), now)).toBe('14:02:00 – 14:03:30');
    expect(formatSpan(at('2016-04-30T14:02:00'), at('2016-04-30T14:17:00'), now)).toBe(
      '30 Apr 14:02 – 14:17',
    );
    expect(formatSpan(at('2016-04-30T23:00:00'), at('2016-05-01T01:00:00'), now)).toBe(
      '30 Apr 23:00 – 1 May 01:00',
    );
  });

  it('mark midnight by the day', () => {
    const ticks = [at('2016-04-30T18:00:00'), at('2016-05-01T00:00:00'), at('2016-05-01T06:00:00')];
    expect(formatTicks(ticks, 24 * HOUR)).toEqual(['18:00', '1 May', '06:00']);
    expect(formatTicks([0, 10_000], 60_000)[0]).toMatch(/^\d\d:\d\d:00$/);
  });

  it.each([
    [5_000, 'just now'],
    [60_000, '1 minute ago'],
    [7_300_000, '2 hours ago'],
    [86_400_000 * 5, '5 days ago'],
    [-9, 'just now'],
  ])('%d ms are %s', (ms, text) => expect(formatAgo(1e12 - ms, 1e12)).toBe(text));
});

describe('a chosen time zone', () => {
  it('is that of every time, and its clocks are ahead by the right amount, in summer and winter', () => {
    const summer = Date.UTC(2026, 6, 1, 12);
    setTimeZone('Europe/Berlin');
    try {
      expect(formatMoment(summer, HOUR)).toBe('14:00:00');
      expect(zoneOffset(summer)).toBe(2 * HOUR);
      expect(zoneOffset(Date.UTC(2026, 0, 1, 12))).toBe(HOUR);
      setTimeZone('Asia/Kolkata');
      expect(zoneOffset(summer + 123)).toBe(5.5 * HOUR);
    } finally {
      setTimeZone('');
    }
    expect(zoneOffset(summer)).toBe(-new Date(summer).getTimezoneOffset() * 60_000);
  });
});
