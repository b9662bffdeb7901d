/** Times in the browser's time zone, on a 24-hour clock: `14:02`, `14:02:10`, `1 May 14:02`. */

const MINUTE = 60_000;
const DAY = 86_400_000;

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const timeWithSeconds = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A moment, as finely as a range of `spanMs` asks for, with its day where the range covers more than one. */
export function formatMoment(at: number, spanMs: number): string {
  const clock = (spanMs <= 2 * 60 * MINUTE ? timeWithSeconds : time).format(at);
  return spanMs > DAY / 2 ? `${day.format(at)} ${clock}` : clock;
}

/** `14:02 – 14:17`, with days where the two differ, or are not today. */
export function formatSpan(from: number, until: number, now: number): string {
  const clock = until - from < 5 * MINUTE ? timeWithSeconds : time;
  const [first, last, today] = [from, until, now].map((at) => day.format(at));
  if (first === last)
    return `${first === today ? '' : `${first} `}${clock.format(from)} – ${clock.format(until)}`;
  return `${first} ${clock.format(from)} – ${last} ${clock.format(until)}`;
}

/** Labels of an axis: days at midnight on long ranges, else the time of day. */
export function formatTicks(ticks: readonly number[], spanMs: number): string[] {
  const seconds = ticks.length > 1 && ticks[1] - ticks[0] < MINUTE;
  return ticks.map((at) => {
    const clock = (seconds ? timeWithSeconds : time).format(at);
    return spanMs > DAY / 2 && clock === '00:00' ? day.format(at) : clock;
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
