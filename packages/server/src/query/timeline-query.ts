import { SERVICE_LABEL } from '@everflame/profile';
import type { Filter, SpanFilter } from '../store/filter.ts';
import type { Reader } from '../store/reader.ts';
import type { TimelineRow } from '../store/timeline.ts';
import type { Measure } from './measure.ts';
import { finestSince, type Kept, type Plan, planned, planProfiles, planRange } from './planner.ts';
import type { Selector } from './selector.ts';
import type { TimeRange } from './time-range.ts';

export interface TimelineQuestion {
  readonly selector: Selector;
  readonly measure: Measure;
  readonly range: TimeRange;
  /** Only what was sampled in this span, or in this trace. */
  readonly span?: SpanFilter;
  /** Label to split by. */
  readonly by?: string;
  /** About how many buckets. */
  readonly points: number;
  /** Groups kept apart; the rest is summed as one. */
  readonly maxGroups?: number;
}

export interface TimelineGroup {
  /** Value of the label; null where nothing was split, or for what was summed. */
  readonly label: string | null;
  readonly others: boolean;
  /** Per second for flows, the level for levels; null where nobody was watched. */
  readonly values: (number | null)[];
}

export interface TimelineAnswer {
  /** Unix ms of the first bucket, and width of a bucket in ms. */
  readonly start: number;
  readonly step: number;
  readonly groups: TimelineGroup[];
  /** Values of the label that were summed as one group. */
  readonly others: number;
  readonly plan: Plan;
}

const STEPS_S = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const MAX_GROUPS = 20;
/** Windows that start this long before the range still reach into it. */
const REACH_MS = 120_000;
/** Agents push windows of 10 s: the newest buckets are not whole yet. */
const SETTLED_MS = 15_000;

export async function answerTimeline(
  reader: Reader,
  { selector, measure, range, span, by, points, maxGroups = MAX_GROUPS }: TimelineQuestion,
  kept: Kept,
  now = Date.now(),
): Promise<TimelineAnswer> {
  const step = Math.max(stepFor(range, points), finestSince(range.from, kept, now) ?? 0);
  const start = Math.floor(range.from / step) * step;
  const buckets = Math.ceil((range.until - start) / step);
  const reached = { from: start - REACH_MS, until: start + buckets * step };
  const options = { resolution: step, ...(by !== undefined && { by }) };
  const plan = span ? planProfiles(reached) : planRange(reached, selector, kept, options, now);
  const filter = planned({ ...selector, types: [measure.stored], ...(span && { span }) }, plan);
  const rows = await reader.timeline(filter, {
    kind: measure.kind,
    perPeriod: measure.perPeriod,
    start,
    step,
    buckets,
    maxGroups,
    ...(by !== undefined && { by }),
  });
  const groups = toGroups(rows, buckets, measure.kind === 'flow' ? step / 1000 : 1);
  cutUnsettled(groups, start, step, now);
  const shown = groups.filter((group) => !group.others).length;
  const others =
    by !== undefined && shown < groups.length ? (await countValues(reader, filter, by)) - shown : 0;
  return { start, step, groups, others: Math.max(0, others), plan };
}

async function countValues(reader: Reader, filter: Filter, label: string): Promise<number> {
  const values =
    label === SERVICE_LABEL
      ? await reader.catalog.services(filter)
      : await reader.catalog.labelValues(filter, label, 10_000);
  return values.length;
}

/** The finest step that keeps to the number of points, in ms. */
export function stepFor({ from, until }: TimeRange, points: number): number {
  const wanted = (until - from) / 1000 / points;
  const step = STEPS_S.find((one) => one >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
  return step * 1000;
}

function toGroups(rows: readonly TimelineRow[], buckets: number, divisor: number): TimelineGroup[] {
  const groups = new Map<string, TimelineGroup>();
  for (const { group, others, bucket, value } of rows) {
    const key = JSON.stringify([group, others]);
    let found = groups.get(key);
    if (!found) {
      found = { label: group, others: Boolean(others), values: new Array<number | null>(buckets).fill(null) };
      groups.set(key, found);
    }
    found.values[bucket] = value / divisor;
  }
  return [...groups.values()];
}

/**
 * Takes away buckets at the live end that agents have not filled yet, which would draw a fall that is none; but not
 * from a picture that has hardly begun.
 */
function cutUnsettled(groups: readonly TimelineGroup[], start: number, step: number, now: number): void {
  const settled = Math.floor((now - SETTLED_MS - start) / step);
  const whole = groups.some(
    ({ values }) => values.slice(0, Math.max(0, settled)).filter((v) => v !== null).length >= 3,
  );
  if (!whole) return;
  for (const { values } of groups) values.fill(null, Math.max(0, settled));
}
