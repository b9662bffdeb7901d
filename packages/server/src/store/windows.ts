import type { StoreConnection } from './connection.ts';
import { compileSeriesFilter, type Filter } from './filter.ts';
import { rowsOf } from './rows.ts';
import { DATABASE } from './schema.ts';

/** One stored profile. */
export interface WindowRow {
  readonly service: string;
  /** Id of its series, for the labels. */
  readonly series: string;
  /** Unix ms. */
  readonly start: number;
  readonly end: number;
  /** In the unit of the type: of the whole window. */
  readonly total: number;
}

export interface Windows {
  readonly rows: readonly WindowRow[];
  /** How many there are; the rows are those with the largest totals per second, or totals for levels. */
  readonly count: number;
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Single profiles of a selection, those that are worth most first. */
export async function readWindows(
  connection: StoreConnection,
  filter: Filter,
  isFlow: boolean,
  limit: number,
): Promise<Windows> {
  const { sql, params } = rowsOf(filter, ['service', 'series', 'start', 'end', 'total']);
  const weight = isFlow ? 'toFloat64(total) / greatest(end - start, 1)' : 'toFloat64(total)';
  const [rows, [{ count = 0 } = {}]] = await Promise.all([
    connection.rows<WindowRow>(
      `SELECT toString(service) AS service, toString(series) AS series, toFloat64(start) AS start,
        toFloat64(end) AS end, toFloat64(total) AS total
      FROM ${sql} AS rows ORDER BY ${weight} DESC, start LIMIT {windows:UInt32}`,
      { ...params, windows: limit },
    ),
    connection.rows<{ count: number }>(`SELECT toFloat64(count()) AS count FROM ${sql} AS rows`, params),
  ]);
  const series = compileSeriesFilter(filter);
  const named = await connection.rows<{ series: string; labels: Record<string, string> }>(
    `SELECT toString(series) AS series, any(labels) AS labels FROM ${DATABASE}.series
    WHERE ${series.sql} GROUP BY series`,
    series.params,
  );
  return { rows, count, labels: new Map(named.map((one) => [one.series, one.labels])) };
}
