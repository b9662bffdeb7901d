/** Times on a 24-hour clock: `14:02`, `14:02:10`, `1 May 14:02`; in the browser's time zone, or the one that was set. */

const MINUTE = 60_000;
const DAY = 86_400_000;

let timeZone: string | undefined;
let formats = formatsOf(undefined);

function formatsOf(zone: string | undefined) {
  const make = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...options, ...(zone && { timeZone: zone }) });
  return {
    time: make({ hour: '2-digit', minute: '2-digit' }),
    timeWithSeconds: make({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    day: make({ day: 'numeric', month: 'short' }),
    parts: make({
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    }),
  };
}

/** @param zone IANA name; '' is the browser's own */
export function setTimeZone(zone: string): void {
  if ((zone || undefined) === timeZone) return;
  timeZone = zone || undefined;
  formats = formatsOf(timeZone);
}

/** Ms that clocks in the zone are ahead of UTC at a moment. */
export function zoneOffset(at: number): number {
  if (timeZone === undefined) return -new Date(at).getTimezoneOffset() * MINUTE;
  const parts = new Map(formats.parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const local = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return local - Math.floor(at / 1000) * 1000;
}

/** A moment, as finely as a range of `spanMs` asks for, with its day where the range covers more than one. */
export function formatMoment(at: number, spanMs: number): string {
  const clock = (spanMs <= 2 * 60 * MINUTE ? formats.timeWithSeconds : formats.time).format(at);
  return spanMs > DAY / 2 ? `${formats.day.format(at)} ${clock}` : clock;
}

/** `14:02 – 14:17`, with days where the two differ, or are not today. */
export function formatSpan(from: number, until: number, now: number): string {
  const clock = until - from < 5 * MINUTE ? formats.timeWithSeconds : formats.time;
  const [first, last, today] = [from, until, now].map((at) => formats.day.format(at));
  if (first === last)
    return `${first === today ? '' : `${first} `}${clock.format(from)} – ${clock.format(until)}`;
  return `${first} ${clock.format(from)} – ${last} ${clock.format(until)}`;
}

/** Labels of an axis: days at midnight on long ranges, else the time of day. */
export function formatTicks(ticks: readonly number[], spanMs: number): string[] {
  const seconds = ticks.length > 1 && ticks[1] - ticks[0] < MINUTE;
  return ticks.map((at) => {
    const clock = (seconds ? formats.timeWithSeconds : formats.time).format(at);
    return spanMs > DAY / 2 && clock === '00:00' ? formats.day.format(at) : clock;
  });
}

/** `3 minutes ago`, `2 hours ago`, `5 days ago`. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  const units: readonly [number, string][] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, name] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
