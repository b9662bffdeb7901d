import { UserError } from '../base/user-error.ts';
import type { Filter } from '../store/filter.ts';
import type { Retention } from '../store/retention.ts';
import {
  ceilTo,
  FIVE_MINUTES,
  floorTo,
  type Interval,
  ONE_HOUR,
  type RollupLevel,
  type Segment,
} from '../store/rollup-level.ts';
import type { Rollups } from '../store/rollups.ts';
import type { Selector } from './selector.ts';
import type { TimeRange } from './time-range.ts';

/** Clocks may be ahead: what was stored for tomorrow is there too, ms. */
const AHEAD_MS = 86_400_000;

/** Which tables answer for which part of a range. */
export interface Plan {
  readonly segments: readonly Segment[];
  /** The range that the answer is for: the one asked for, or wider where only buckets are kept. */
  readonly range: TimeRange;
  readonly isRounded: boolean;
}

/** What there is to read, and since when. */
export interface Kept {
  readonly rollups: Pick<Rollups, 'coverage' | 'dropLabels'>;
  readonly retention: Retention;
  /** Retention classes of what is asked for. */
  readonly classes: readonly string[];
}

export interface PlanOptions {
  /** Buckets wider than this are of no use, ms. */
  readonly resolution?: number;
  /** A label that the answer is split by. */
  readonly by?: string;
}

/**
 * Takes the coarsest table that answers, and the finer ones at the two ends. What has expired in a finer table is read
 * from a coarser one, by whole buckets.
 *
 * @throws UserError `label_not_kept` where a label is asked for that the coarsest table has dropped
 */
export function planRange(
  asked: TimeRange,
  selector: Selector,
  { rollups, retention, classes }: Kept,
  { resolution = Number.POSITIVE_INFINITY, by }: PlanOptions = {},
  now = Date.now(),
): Plan {
  const profilesSince = retention.keptSince('profiles', classes, now);
  const fiveSince = retention.keptSince(FIVE_MINUTES.table, classes, now);
  const dropped = droppedLabel(selector, by, rollups);
  const range = roundOutward(asked, profilesSince, fiveSince);
  if (dropped !== undefined && range.from < fiveSince) {
    throw new UserError(
      'label_not_kept',
      `Profiles of before ${new Date(fiveSince).toISOString().slice(0, 10)} are kept by the hour, without the label ` +
        `${dropped}. Ask for a later range, or leave the label out.`,
      { parameter: by === dropped ? 'by' : 'query' },
    );
  }
  const levels: { level: RollupLevel; finerSince: number }[] = [];
  if (resolution >= ONE_HOUR.widthMs && dropped === undefined) {
    levels.push({ level: ONE_HOUR, finerSince: fiveSince });
  }
  if (resolution >= FIVE_MINUTES.widthMs) levels.push({ level: FIVE_MINUTES, finerSince: profilesSince });

  const segments: Segment[] = [];
  const cover = (stretch: Interval, depth: number): void => {
    const step = levels[depth];
    if (!step) {
      segments.push(...lastResort(stretch, profilesSince, fiveSince));
      return;
    }
    let at = stretch.from;
    for (const { from, until } of readable(stretch, step.level, step.finerSince, rollups)) {
      if (from > at) cover({ from: at, until: from }, depth + 1);
      segments.push({ table: step.level.table, from, until });
      at = until;
    }
    if (at < stretch.until) cover({ from: at, until: stretch.until }, depth + 1);
  };
  cover(range, 0);
  return {
    segments: joined(segments),
    range,
    isRounded: range.from !== asked.from || range.until !== asked.until,
  };
}

/** For samples of single requests, which only the profiles have. */
export function planProfiles(range: TimeRange): Plan {
  return { segments: [{ table: 'profiles', ...range }], range, isRounded: false };
}

/** All that is kept of a selection. */
export function planEver(selector: Selector, kept: Kept, now = Date.now()): Plan {
  const { rollups, retention, classes } = kept;
  const isByHour = droppedLabel(selector, undefined, rollups) === undefined;
  const from = isByHour ? 0 : retention.keptSince(FIVE_MINUTES.table, classes, now);
  return planRange({ from, until: now + AHEAD_MS }, selector, kept, {}, now);
}

/** Width of the finest buckets that are left of a time, ms; undefined where the profiles are. */
export function finestSince(
  time: number,
  { retention, classes }: Kept,
  now = Date.now(),
): number | undefined {
  if (time < retention.keptSince(FIVE_MINUTES.table, classes, now)) return ONE_HOUR.widthMs;
  if (time < retention.keptSince('profiles', classes, now)) return FIVE_MINUTES.widthMs;
  return undefined;
}

function droppedLabel(
  selector: Selector,
  by: string | undefined,
  { dropLabels }: Pick<Rollups, 'dropLabels'>,
): string | undefined {
  const labels = selector.labels.map(({ label }) => label);
  return (by === undefined ? labels : [...labels, by]).find((label) => dropLabels.includes(label));
}

/** The filter that reads what the plan says. */
export function planned(filter: Filter, { segments, range }: Plan): Filter {
  return { ...filter, from: range.from, until: range.until, segments };
}

function roundOutward({ from, until }: TimeRange, profilesSince: number, fiveSince: number): TimeRange {
  const widthAt = (time: number) =>
    time < fiveSince ? ONE_HOUR.widthMs : time < profilesSince ? FIVE_MINUTES.widthMs : 1;
  return { from: floorTo(from, widthAt(from)), until: ceilTo(until, widthAt(until - 1)) };
}

/** Buckets of a level within a stretch; where the finer table has expired, all there are. */
function readable(
  stretch: Interval,
  level: RollupLevel,
  finerSince: number,
  rollups: Pick<Rollups, 'coverage'>,
): Interval[] {
  const { widthMs } = level;
  const expired: Interval = {
    from: ceilTo(stretch.from, widthMs),
    until: Math.min(floorTo(stretch.until, widthMs), finerSince),
  };
  const later = { from: Math.max(stretch.from, finerSince), until: stretch.until };
  return [
    ...(expired.from < expired.until ? [expired] : []),
    ...(later.from < later.until ? rollups.coverage(level).readable(later) : []),
  ];
}

/** What no bucket covers: the profiles, or where they have expired the finest that is left. */
function lastResort(stretch: Interval, profilesSince: number, fiveSince: number): Segment[] {
  const cuts: { table: Segment['table']; from: number; until: number }[] = [
    { table: ONE_HOUR.table, from: stretch.from, until: Math.min(stretch.until, fiveSince) },
    {
      table: FIVE_MINUTES.table,
      from: Math.max(stretch.from, fiveSince),
      until: Math.min(stretch.until, profilesSince),
    },
    { table: 'profiles', from: Math.max(stretch.from, profilesSince, fiveSince), until: stretch.until },
  ];
  return cuts.filter(({ from, until }) => from < until);
}

function joined(segments: readonly Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (last && last.table === segment.table && last.until === segment.from) {
      result[result.length - 1] = { ...last, until: segment.until };
    } else result.push(segment);
  }
  return result;
}
