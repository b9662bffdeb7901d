import type { FunctionName, FunctionShareRow } from '../store/function-shares.ts';
import type { Reader } from '../store/reader.ts';
import type { Measure } from './measure.ts';
import { finestSince, type Kept, planned, planRange } from './planner.ts';
import type { Selector } from './selector.ts';
import type { TimeRange } from './time-range.ts';
import { stepFor } from './timeline-query.ts';

export interface FunctionQuestion {
  readonly selector: Selector;
  readonly measure: Measure;
  readonly range: TimeRange;
  readonly name: FunctionName;
  /** Label to split by. */
  readonly by?: string;
  /** About how many buckets. */
  readonly points: number;
}

export interface FunctionShares {
  /** Unix ms of the first bucket, and width of a bucket in ms. */
  readonly start: number;
  readonly step: number;
  readonly groups: readonly {
    /** Value of the label; null where nothing was split. */
    readonly label: string | null;
    /** Share of what passes through the function, 0 to 1; null where nobody was watched, or nothing was used. */
    readonly values: readonly (number | null)[];
    /** Over the whole range. */
    readonly share: number;
  }[];
}

/** More lines than colours tell nothing apart. */
const MAX_GROUPS = 8;

/** The share of one function over time. */
export async function answerFunction(
  reader: Reader,
  { selector, measure, range, name, by, points }: FunctionQuestion,
  kept: Kept,
  now = Date.now(),
): Promise<FunctionShares> {
  const step = Math.max(stepFor(range, points), finestSince(range.from, kept, now) ?? 0);
  const start = Math.floor(range.from / step) * step;
  const buckets = Math.ceil((range.until - start) / step);
  const whole = { from: start, until: start + buckets * step };
  const plan = planRange(whole, selector, kept, { resolution: step, ...(by !== undefined && { by }) }, now);
  const rows = await reader.functionShares(planned({ ...selector, types: [measure.stored] }, plan), {
    name,
    start,
    step,
    buckets,
    ...(by !== undefined && { by }),
  });
  const groups = [...grouped(rows)].map(([label, own]) => {
    const values = new Array<number | null>(buckets).fill(null);
    for (const { bucket, value, whole: all } of own) if (all > 0) values[bucket] = value / all;
    const all = own.reduce((sum, one) => sum + one.whole, 0);
    const used = own.reduce((sum, one) => sum + one.value, 0);
    return { label: by === undefined ? null : label, values, share: all > 0 ? used / all : 0, all };
  });
  const shown = groups.sort((a, b) => b.all - a.all).slice(0, MAX_GROUPS);
  return { start, step, groups: shown.map(({ label, values, share }) => ({ label, values, share })) };
}

function grouped(rows: readonly FunctionShareRow[]): Map<string, FunctionShareRow[]> {
  const groups = new Map<string, FunctionShareRow[]>();
  for (const row of rows) {
    const known = groups.get(row.group);
    if (known) known.push(row);
    else groups.set(row.group, [row]);
  }
  return groups;
}
