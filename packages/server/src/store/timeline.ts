import { type ProfileKind, SERVICE_LABEL } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import type { Filter } from './filter.ts';
import { rowsOf } from './rows.ts';
import { DATABASE } from './schema.ts';

export interface TimelineRequest {
  readonly kind: ProfileKind;
  /** Values divided by the period of their profile. */
  readonly perPeriod?: boolean;
  /** Unix ms of the first bucket, the width of a bucket in ms, and how many. */
  readonly start: number;
  readonly step: number;
  readonly buckets: number;
  readonly by?: string;
  /** Groups kept apart; the rest is summed as one. */
  readonly maxGroups: number;
}

export interface TimelineRow {
  /** Value of the label; null where there is no `by`, or for the groups that were summed. */
  readonly group: string | null;
  readonly others: boolean;
  readonly bucket: number;
  /** Flows: sum in the bucket. Levels: the level. */
  readonly value: number;
}

/** How a row gets its group: an expression, and what must be joined for it. */
export interface Grouping {
  readonly label: string;
  readonly join: string;
}

const UNGROUPED: Grouping = { label: "''", join: '' };
const BY_SERVICE: Grouping = { label: 'toString(service)', join: '' };
const BY_LABEL: Grouping = {
  label: 'labels[{by:String}]',
  join: `ANY LEFT JOIN (SELECT series, any(labels) AS labels FROM ${DATABASE}.series GROUP BY series) AS named USING (series)`,
};

/** By no label, by the service, or by one of the series'; the parameter is `by`. */
export function groupingOf(by: string | undefined): Grouping {
  return by === undefined ? UNGROUPED : by === SERVICE_LABEL ? BY_SERVICE : BY_LABEL;
}

/** Levels are averaged over slices of this length, or of a step if that is shorter, before they are added up, ms. */
const LEVEL_SLICE_MS = 60_000;

/** Values in buckets of time, from the totals of the profiles: stacks are not touched. */
export async function readTimeline(
  connection: StoreConnection,
  filter: Filter,
  request: TimelineRequest,
): Promise<TimelineRow[]> {
  const { by, start, step, buckets } = request;
  const grouping = groupingOf(by);
  const { sql, params } = rowsOf(filter, [
    'service',
    'series',
    'start',
    'until',
    'minutes',
    'period',
    'total',
  ]);
  const rows = `SELECT series, ${request.perPeriod ? 'total / period' : 'total'} AS amount, minutes,
      ${grouping.label} AS label, start - {start:Int64} AS t0, until - {start:Int64} AS t1
    FROM ${sql} AS rows ${grouping.join}
    WHERE t1 > 0 ${request.perPeriod ? 'AND period > 0' : ''}`;
  const [value, source] = request.kind === 'flow' ? flow(rows) : level(rows);
  const [group, others] =
    by === undefined ? ['NULL', 'false'] : ['if(has(groups, label), label, NULL)', 'NOT has(groups, label)'];
  return connection.rows<TimelineRow>(
    `${by === undefined ? '' : `WITH (${topGroups(filter, grouping)}) AS groups `}SELECT ${group} AS \`group\`, ${others} AS others, toUInt32(bucket) AS bucket, ${value} AS value
    FROM (${source}) GROUP BY \`group\`, others, bucket ORDER BY others, \`group\`, bucket`,
    {
      ...params,
      start: String(start),
      step: String(step),
      buckets: String(buckets),
      slice: String(Math.min(step, LEVEL_SLICE_MS)),
      ...(by !== undefined && { by, maxGroups: request.maxGroups }),
    },
  );
}

/** A window that reaches over several buckets is shared out by time. */
function flow(rows: string): [value: string, source: string] {
  return [
    `sum(toFloat64(amount) * (least(t1, (bucket + 1) * {step:Int64}) - greatest(t0, bucket * {step:Int64})) / (t1 - t0))`,
    `SELECT label, amount, t0, t1, arrayJoin(range(
        greatest(0, intDiv(t0, {step:Int64})),
        least({buckets:Int64}, intDiv(t1 - 1, {step:Int64}) + 1)
      )) AS bucket FROM (${rows})`,
  ];
}

/**
 * As for flame graphs: averaged within slices for each series, summed over series, averaged over the slices in which
 * anybody was seen. A row of a rollup is a sum over its minutes.
 */
function level(rows: string): [value: string, source: string] {
  return [
    `sum(level) / uniqExact(slice)`,
    `SELECT label, intDiv(slice, intDiv({step:Int64}, {slice:Int64})) AS bucket, slice, avg(level) AS level FROM (
        SELECT series, label, toFloat64(amount) / if(minutes = 0, 1, bitCount(minutes)) AS level,
          arrayJoin(if(minutes = 0,
            range(greatest(0, intDiv(t0, {slice:Int64})),
              least({buckets:Int64} * intDiv({step:Int64}, {slice:Int64}), intDiv(t1 - 1, {slice:Int64}) + 1)),
            arrayFilter(slice -> slice >= 0 AND slice < {buckets:Int64} * intDiv({step:Int64}, {slice:Int64}),
              arrayMap(bit -> intDiv(t0, {slice:Int64}) + bit, bitPositionsToArray(minutes))))) AS slice
        FROM (${rows})
      ) GROUP BY series, label, slice`,
  ];
}

/** The values of the label that are worth most, as a subquery: a statement of its own would cost more than it does. */
function topGroups(filter: Filter, grouping: Grouping): string {
  const { sql } = rowsOf(filter, ['service', 'series', 'total'], { final: false });
  return `SELECT groupArray(label) FROM (
      SELECT ${grouping.label} AS label, sum(abs(toFloat64(total))) AS weight
      FROM ${sql} AS rows ${grouping.join}
      GROUP BY label ORDER BY weight DESC, label LIMIT {maxGroups:UInt32})`;
}
