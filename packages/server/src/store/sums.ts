import type { ProfileKind } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import type { Filter } from './filter.ts';
import { rowsOf } from './rows.ts';

/** Ids of stacks and what each is worth. */
export interface StackSums {
  readonly stacks: BigUint64Array;
  readonly values: Float64Array;
}

/** What a selection holds of one type. */
export interface TypeStats {
  readonly type: string;
  /** Windows, each counted once for every series that it was stored under. */
  readonly profiles: number;
  readonly total: number;
  /** Unix ms: start of the first and end of the last window. */
  readonly first: number;
  readonly last: number;
}

const MINUTE_MS = 60_000;

export async function readStats(connection: StoreConnection, filter: Filter): Promise<TypeStats[]> {
  const { sql, params } = rowsOf(filter, ['type', 'start', 'end', 'windows', 'total']);
  return connection.rows<TypeStats>(
    `SELECT toString(type) AS type, toFloat64(sum(windows)) AS profiles, sum(toFloat64(total)) AS total,
      toFloat64(min(start)) AS first, toFloat64(max(end)) AS last
    FROM ${sql} GROUP BY type ORDER BY type`,
    params,
  );
}

/**
 * How much of the range was watched at all, in ms: the slices of `slice` ms that some window touches, and the minutes
 * of buckets.
 */
export async function readCovered(
  connection: StoreConnection,
  filter: Filter,
  slice: number,
): Promise<number> {
  const { sql, params } = rowsOf(filter, ['start', 'until', 'minutes'], { final: false });
  const [row] = await connection.rows<{ slices: number; minutes: number }>(
    `SELECT toFloat64(uniqExactArrayIf(range(
          intDiv(start, {slice:Int64}), intDiv(until - 1, {slice:Int64}) + 1
        ), minutes = 0)) AS slices,
      toFloat64((SELECT sum(bitCount(watched)) FROM (
        SELECT groupBitOr(minutes) AS watched FROM ${sql} WHERE minutes != 0 GROUP BY start
      ))) AS minutes
    FROM ${sql}`,
    { ...params, slice },
  );
  return (row?.slices ?? 0) * slice + (row?.minutes ?? 0) * MINUTE_MS;
}

/**
 * For flows the sum of every stack; for levels its average over the time covered, summed over processes.
 *
 * @param perPeriod values divided by the period of their profile
 */
export async function readSums(
  connection: StoreConnection,
  filter: Filter,
  kind: ProfileKind,
  perPeriod: boolean,
): Promise<StackSums> {
  const values = perPeriod ? `arrayMap(v -> v / period, values)` : 'values';
  const divisible = perPeriod ? 'WHERE period > 0' : '';
  if (kind === 'flow') {
    const { sql, params } = rowsOf(filter, ['stacks', 'values', 'period']);
    return parseSums(
      await connection.bytes(
        `SELECT stack, sum(toFloat64(value)) AS sum
        FROM (SELECT stacks, ${values} AS values FROM ${sql} ${divisible})
        ARRAY JOIN stacks AS stack, values AS value
        GROUP BY stack FORMAT RowBinary`,
        params,
      ),
    );
  }
  // A process with four windows in a minute counts each a quarter; minutes in which nobody was seen are not time
  // covered. The rows of a bucket are sums over its minutes already.
  const { sql, params } = rowsOf(filter, ['series', 'start', 'minutes', 'stacks', 'values']);
  return parseSums(
    await connection.bytes(
      `WITH rows AS ${sql}, (
          SELECT uniqExactIf(intDiv(start, ${MINUTE_MS}), minutes = 0) FROM rows
        ) + (
          SELECT sum(bitCount(watched)) FROM (SELECT groupBitOr(minutes) AS watched FROM rows WHERE minutes != 0 GROUP BY start)
        ) AS covered
      SELECT stack, sum(toFloat64(value) * weight) / assumeNotNull(covered) AS sum
      FROM (
        SELECT stacks, values, if(minutes != 0, 1,
          1 / count() OVER (PARTITION BY series, minutes, intDiv(start, ${MINUTE_MS}))) AS weight
        FROM rows
      ) ARRAY JOIN stacks AS stack, values AS value
      GROUP BY stack FORMAT RowBinary`,
      params,
    ),
  );
}

/** Rows of 16 bytes: an id and a double. */
function parseSums(bytes: Uint8Array): StackSums {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const count = Math.floor(aligned.byteLength / 16);
  const ids = new BigUint64Array(aligned.buffer, aligned.byteOffset, count * 2);
  const doubles = new Float64Array(aligned.buffer, aligned.byteOffset, count * 2);
  const stacks = new BigUint64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    stacks[i] = ids[i * 2];
    values[i] = doubles[i * 2 + 1];
  }
  return { stacks, values };
}
