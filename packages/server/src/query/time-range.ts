import { UserError } from '../base/user-error.ts';
import { parseHumanTime } from './human-time.ts';

/** [from, until) in unix ms. */
export interface TimeRange {
  readonly from: number;
  readonly until: number;
}

export const DEFAULT_FROM = '-15minutes';

/** @throws UserError `bad_time` */
export function parseTimeRange(from = DEFAULT_FROM, until = 'now', now = Date.now()): TimeRange {
  const range = {
    from: parseHumanTime(from || DEFAULT_FROM, 'from', now),
    until: parseHumanTime(until || 'now', 'until', now),
  };
  if (range.until <= range.from) {
    throw new UserError('bad_time', 'until must lie after from.', { parameter: 'until' });
  }
  return range;
}
