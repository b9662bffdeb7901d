import type { StoreConnection } from './connection.ts';
import { compileNamesFilter, type Filter } from './filter.ts';
import { rowsOf } from './rows.ts';
import { DATABASE } from './schema.ts';
import { groupingOf } from './timeline.ts';

/** A function as boxes are named. */
export interface FunctionName {
  readonly function: string;
  /** '' for one without. */
  readonly module: string;
}

export interface FunctionShareRequest {
  readonly name: FunctionName;
  /** Unix ms of the first bucket, the width of a bucket in ms, and how many. */
  readonly start: number;
  readonly step: number;
  readonly buckets: number;
  readonly by?: string;
}

export interface FunctionShareRow {
  readonly group: string;
  readonly bucket: number;
  /** Value of the stacks through the function, and of all; of windows that start in the bucket. */
  readonly value: number;
  readonly whole: number;
}

/**
 * What passes through a function in buckets of time. A window counts in the bucket in which it starts: of shares, unlike of
 * amounts, nothing is gained by spreading it.
 */
export async function readFunctionShares(
  connection: StoreConnection,
  filter: Filter,
  { name, start, step, buckets, by }: FunctionShareRequest,
): Promise<FunctionShareRow[]> {
  const grouping = groupingOf(by);
  const rows = rowsOf(filter, ['service', 'series', 'start', 'stacks', 'values']);
  const names = compileNamesFilter(filter);
  const through = `SELECT stack FROM ${DATABASE}.stacks WHERE ${names.sql} AND hasAny(frames, (
      SELECT groupUniqArray(frame) FROM ${DATABASE}.frames
      WHERE ${names.sql} AND function = {function:String} AND module = {module:String}))`;
  return connection.rows<FunctionShareRow>(
    `SELECT label AS \`group\`, toUInt32(bucket) AS bucket,
      sumIf(toFloat64(amount), stack IN (${through})) AS value, sum(toFloat64(amount)) AS whole
    FROM (
      SELECT ${grouping.label} AS label, intDiv(start - {start:Int64}, {step:Int64}) AS bucket, stacks, values
      FROM ${rows.sql} AS rows ${grouping.join}
      WHERE start >= {start:Int64} AND start < {start:Int64} + {step:Int64} * {buckets:Int64}
    ) ARRAY JOIN stacks AS stack, values AS amount
    GROUP BY \`group\`, bucket ORDER BY \`group\`, bucket`,
    {
      ...names.params,
      ...rows.params,
      ...name,
      start: String(start),
      step: String(step),
      buckets: String(buckets),
      ...(by !== undefined && { by }),
    },
  );
}
