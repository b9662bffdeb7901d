import type { StoreConnection } from './connection.ts';
import { compileSeriesFilter, type Filter } from './filter.ts';
import { rowsOf } from './rows.ts';
import { DATABASE } from './schema.ts';

/** What a selection holds of one type. */
export interface TypeFacts {
  readonly type: string;
  /** Windows, each counted once for every series that it was stored under. */
  readonly profiles: number;
  readonly total: number;
  /** Unix ms: start of the first and end of the last window. */
  readonly first: number;
  readonly last: number;
  /** How much of the range was watched at all, ms: slices that some window touches, and minutes of buckets. */
  readonly covered: number;
  /** Some of it was counted by nylas' sampler. */
  readonly nylas: boolean;
}

const MINUTE_MS = 60_000;

/**
 * All that is told of a selection beside its stacks, in one statement: each costs the engine some milliseconds, however
 * little it asks.
 *
 * @param slice width of a slice in ms
 */
export async function readFacts(
  connection: StoreConnection,
  filter: Filter,
  slice: number,
): Promise<TypeFacts[]> {
  const rows = rowsOf(filter, ['type', 'series', 'start', 'end', 'until', 'windows', 'minutes', 'total']);
  // Without labels of its own: their parameters would have the names of those that the rows are chosen by.
  const sampled = compileSeriesFilter({ services: filter.services, labels: [] });
  const found = await connection.rows<Omit<TypeFacts, 'nylas'> & { nylas: number }>(
    `SELECT toString(type) AS type, toFloat64(sum(windows)) AS profiles, sum(toFloat64(total)) AS total,
      toFloat64(min(start)) AS first, toFloat64(max(end)) AS last,
      toFloat64(uniqExactArrayIf(
          range(intDiv(start, {slice:Int64}), intDiv(until - 1, {slice:Int64}) + 1), minutes = 0
        )) * {slice:Int64} +
        toFloat64(uniqExactArrayIf(
          arrayMap(bit -> intDiv(start, ${MINUTE_MS}) + bit, bitPositionsToArray(minutes)), minutes != 0
        )) * ${MINUTE_MS} AS covered,
      countIf(series IN (SELECT series FROM ${DATABASE}.series WHERE ${sampled.sql} AND labels['sampler'] = 'nylas')) > 0 AS nylas
    FROM ${rows.sql} AS rows GROUP BY rows.type ORDER BY type`,
    { ...sampled.params, ...rows.params, slice },
  );
  return found.map((one) => ({ ...one, nylas: one.nylas !== 0 }));
}
