import { parse as parseDate } from 'chrono-node';
import { UserError } from '../base/user-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  month: 30 * 86_400_000,
  y: 365 * 86_400_000,
  year: 365 * 86_400_000,
};

/** No time takes more characters. */
const MAX_LENGTH = 100;

const RELATIVE = /^(?:now)?\s*-?\s*((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+?)(?:\s*ago)?$/;
const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)\s*/g;

/**
 * Reads a time as people write it: unix time in seconds or milliseconds (by the number of digits), `now`, `-15minutes`,
 * `now-1h`, `-1h30m`, `2 hours ago`, `yesterday at 5pm`, `2016-05-01 12:00`, ISO 8601. A date without a zone is in the
 * time zone of the server (the TZ variable).
 *
 * @param now unix ms
 * @returns unix ms
 * @throws UserError `bad_time`
 */
export function parseHumanTime(text: string, parameter: string, now: number): number {
  const trimmed = text.trim().toLowerCase();
  // The expressions below, and those of the library, are not made for long texts.
  const time =
    text.length > MAX_LENGTH
      ? undefined
      : (readNumber(trimmed) ?? readRelative(trimmed, now) ?? readDate(text.trim(), now));
  // The engine's times end in 2262; before 1970 nobody profiled.
  if (time === undefined || !Number.isFinite(time) || time < 0 || time > Date.UTC(2255, 0)) {
    throw new UserError(
      'bad_time',
      `${parameter}: ${JSON.stringify(text.slice(0, 60))} is no time that can be read. ` +
        'Write -15minutes, 2 hours ago, 2026-05-01 12:00, or unix time in s or ms.',
      { parameter },
    );
  }
  return Math.round(time);
}

function readNumber(text: string): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return value < 1e11 ? value * 1000 : value;
}

function readRelative(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  const match = RELATIVE.exec(text);
  if (!match) return undefined;
  let ms = 0;
  for (const [, amount, name] of match[1].matchAll(PART)) {
    const unit = UNIT_MS[name] ?? UNIT_MS[name.replace(/s$/, '')];
    if (unit === undefined) return undefined;
    ms += Number(amount) * unit;
  }
  return now - ms;
}

function readDate(text: string, now: number): number | undefined {
  if (text.length > 100) return undefined;
  const [result, ...more] = parseDate(text, new Date(now), { forwardDate: false });
  // What was read must be all that was written: "12 apples tomorrow" is no date.
  const whole = result !== undefined && more.length === 0 && result.text.length === text.length;
  return whole ? result.date().getTime() : undefined;
}
