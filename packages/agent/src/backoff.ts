import { fraction } from './jitter.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** What a server may ask for at most: a date from a wrong clock must not silence an agent for a year. */
const LONGEST_ASKED_MS = 3_600_000;

/** Milliseconds to wait after so many failures in a row (at least one): full jitter under a bound that doubles. */
export function delay(failures: number, askedMs: number | undefined, chance = fraction): number {
  const jitter = chance() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  if (askedMs === undefined) return jitter;
  // All that were turned away at once are told the same time: none earlier, and not all together.
  const asked = Math.min(Math.max(askedMs, 0), LONGEST_ASKED_MS);
  return asked + Math.min(jitter, Math.max(1000, asked / 4));
}

const HTTP_DATE = /^[A-Za-z]{3},? \d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Milliseconds of a Retry-After header (RFC 9110, 10.2.3): seconds, or a date. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text.slice(0, 9)) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  const then = Date.parse(text);
  return Number.isNaN(then) ? undefined : Math.max(0, then - nowMs);
}
