import { SERVICE_LABEL } from '@everflame/profile';
import type { Reader } from '../store/reader.ts';
import type { Measure } from './measure.ts';
import type { Kept } from './planner.ts';
import type { Selector } from './selector.ts';
import type { TimeRange } from './time-range.ts';
import { answerTimeline } from './timeline-query.ts';

/** What a service did in a range, and in the same range a day before. */
export interface ServiceActivity {
  /** Value per second in each bucket; null where nobody was watched. */
  readonly values: readonly (number | null)[];
  /** Value per second over the buckets in which it was watched. */
  readonly average: number;
  /** The same a day before; null where it was not watched then. */
  readonly before: number | null;
}

export interface Overview {
  /** Unix ms of the first bucket, and width of a bucket in ms. */
  readonly start: number;
  readonly step: number;
  readonly services: ReadonlyMap<string, ServiceActivity>;
}

/** The day before, at the same hours: load follows the clock, so that the hour before would compare noon with morning. */
const BEFORE_MS = 86_400_000;
/** A page lists no more; those beyond are the ones that did least. */
const MAX_SERVICES = 2000;

/** @throws UserError as timelines do */
export async function answerOverview(
  reader: Reader,
  measure: Measure,
  range: TimeRange,
  points: number,
  selector: Selector,
  kept: Kept,
): Promise<Overview> {
  const question = { selector, measure, by: SERVICE_LABEL, maxGroups: MAX_SERVICES };
  const dayBefore = { from: range.from - BEFORE_MS, until: range.until - BEFORE_MS };
  const [now, before] = await Promise.all([
    answerTimeline(reader, { ...question, range, points }, kept),
    answerTimeline(reader, { ...question, range: dayBefore, points }, kept),
  ]);
  const averages = new Map(before.groups.map(({ label, values }) => [label, averageOf(values)]));
  const services = new Map<string, ServiceActivity>();
  for (const { label, others, values } of now.groups) {
    const average = averageOf(values);
    if (label === null || others || average === null) continue;
    services.set(label, { values, average, before: averages.get(label) ?? null });
  }
  return { start: now.start, step: now.step, services };
}

function averageOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}
