import { type ProfileKind, SERVICE_LABEL } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { compileFilter, type Filter } from './filter.ts';
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
interface Grouping {
  readonly label: string;
  readonly join: string;
}

const UNGROUPED: Grouping = { label: "''", join: '' };
const BY_SERVICE: Grouping = { label: 'toString(service)', join: '' };
const BY_LABEL: Grouping = {
  label: 'labels[{by:String}]',
  join: `ANY LEFT JOIN (SELECT series, any(labels) AS labels FROM ${DATABASE}.series GROUP BY series) AS named USING (series)`,
};

/** Values in buckets of time, from the totals of the profiles: stacks are not touched. */
export async function readTimeline(
  connection: StoreConnection,
  filter: Filter,
  request: TimelineRequest,
): Promise<TimelineRow[]> {
  const { by } = request;
  const grouping = by === undefined ? UNGROUPED : by === SERVICE_LABEL ? BY_SERVICE : BY_LABEL;
  const groups =
    by === undefined ? undefined : await topGroups(connection, filter, by, grouping, request.maxGroups);
  const { sql, params } = compileFilter(filter);
  const windows = `SELECT series, ${request.perPeriod ? 'total / period' : 'total'} AS amount, ${grouping.label} AS label,
      toUnixTimestamp64Milli(ts) - {start:Int64} AS t0,
      t0 + toInt64(greatest(intDiv(duration, 1000000), 1)) AS t1,
      arrayJoin(range(
        greatest(0, intDiv(t0, {step:Int64})),
        least({buckets:Int64}, intDiv(t1 - 1, {step:Int64}) + 1)
      )) AS bucket
    FROM ${DATABASE}.profiles FINAL ${grouping.join}
    WHERE ${sql} AND t1 > 0 ${request.perPeriod ? 'AND period > 0' : ''}`;
  const [value, source] =
    request.kind === 'flow'
      ? // A window that reaches over several buckets is shared out by time.
        [
          `sum(toFloat64(amount) * (least(t1, (bucket + 1) * {step:Int64}) - greatest(t0, bucket * {step:Int64})) / (t1 - t0))`,
          windows,
        ]
      : [
          'sum(level)',
          `SELECT label, bucket, avg(toFloat64(amount)) AS level FROM (${windows}) GROUP BY series, label, bucket`,
        ];
  const [group, others] = groups
    ? ['if(has({groups:Array(String)}, label), label, NULL)', 'NOT has({groups:Array(String)}, label)']
    : ['NULL', 'false'];
  return connection.rows<TimelineRow>(
    `SELECT ${group} AS \`group\`, ${others} AS others, toUInt32(bucket) AS bucket, ${value} AS value
    FROM (${source}) GROUP BY \`group\`, others, bucket ORDER BY others, \`group\`, bucket`,
    {
      ...params,
      start: String(request.start),
      step: String(request.step),
      buckets: String(request.buckets),
      ...(groups && { by, groups }),
    },
  );
}

/** The values of the label that are worth most, at most `limit` of them. */
async function topGroups(
  connection: StoreConnection,
  filter: Filter,
  by: string,
  grouping: Grouping,
  limit: number,
): Promise<string[]> {
  const { sql, params } = compileFilter(filter);
  const rows = await connection.rows<{ label: string }>(
    `SELECT ${grouping.label} AS label, sum(abs(toFloat64(total))) AS weight
    FROM ${DATABASE}.profiles ${grouping.join}
    WHERE ${sql} GROUP BY label ORDER BY weight DESC, label LIMIT {limit:UInt32}`,
    { ...params, by, limit },
  );
  return rows.map(({ label }) => label);
}
