import { UserError } from '../base/user-error.ts';

const MS = 1_000_000n;
const WEEK = 7n * 86_400_000n * MS;
/** Clocks differ; a sender this far ahead is wrong rather than fast. */
const MAX_AHEAD = 10n * 60_000n * MS;

const RELATIVE = /^now(?:-(\d{1,9})(ms|s|m|h|d))?$/;
const UNIT_MS: Readonly<Record<string, bigint>> = {
  ms: 1n,
  s: 1000n,
  m: 60_000n,
  h: 3_600_000n,
  d: 86_400_000n,
};

export interface Window {
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
}

/**
 * The window of a push: `from` and `until` as unix time in s, ms, µs or ns, told apart by their number of digits, or
 * `now`, `now-1h`. What is left out follows from how long the profile says it is; where it does not say, or says no
 * time either, the window ends now.
 *
 * @param now unix time in ns
 * @param duration what the profile itself says, ns
 * @throws UserError `bad_time`, `in_future`, `window_too_long`
 */
export function pushWindow(
  from: string | undefined,
  until: string | undefined,
  duration: bigint,
  now: bigint,
): Window {
  const given = from === undefined ? undefined : parsePushTime(from, 'from', now);
  const end =
    until !== undefined
      ? parsePushTime(until, 'until', now)
      : given !== undefined && duration > 0n
        ? given + duration
        : now;
  const start = given ?? end - duration;
  if (start > now + MAX_AHEAD) {
    throw new UserError('in_future', `from lies ${(start - now) / (1000n * MS)} s in the future.`, {
      parameter: 'from',
    });
  }
  if (end < start && until !== undefined) {
    throw new UserError('bad_time', 'until lies before from.', { parameter: 'until' });
  }
  // What has been sampled has ended: it can lie ahead by the difference of the clocks, and no more.
  if (until !== undefined && end > now + MAX_AHEAD) {
    throw new UserError('in_future', `until lies ${(end - now) / (1000n * MS)} s in the future.`, {
      parameter: 'until',
    });
  }
  // A clock a little ahead of ours can start a window after "now".
  const durationNanos = end > start ? end - start : 0n;
  if (durationNanos > WEEK) {
    throw new UserError(
      'window_too_long',
      'from and until (now, where it is left out) are more than a week apart.',
      { parameter: 'from' },
    );
  }
  return { startNanos: start, durationNanos };
}

function parsePushTime(text: string, parameter: string, now: bigint): bigint {
  const relative = RELATIVE.exec(text);
  if (relative) return now - BigInt(relative[1] ?? 0) * UNIT_MS[relative[2] ?? 'ms'] * MS;
  if (!/^\d{1,20}(\.\d{1,9})?$/.test(text)) {
    throw new UserError(
      'bad_time',
      `${parameter}: ${JSON.stringify(text.slice(0, 40))} is no time. Give unix time in s, ms, µs or ns, or now-1h.`,
      { parameter },
    );
  }
  const [whole, fraction = ''] = text.split('.');
  const digits = whole.length;
  const unit = digits <= 11 ? 1_000_000_000n : digits <= 14 ? MS : digits <= 17 ? 1000n : 1n;
  const nanos = BigInt(whole) * unit + (BigInt(fraction.padEnd(9, '0')) * unit) / 1_000_000_000n;
  // The engine's DateTime64(9) ends in 2262.
  if (nanos > 9_000_000_000_000_000_000n) {
    throw new UserError('bad_time', `${parameter}: ${text} lies beyond the year 2255.`, { parameter });
  }
  return nanos;
}
