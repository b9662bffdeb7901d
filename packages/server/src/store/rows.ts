import { type Condition, compileSpan, compileTables, type Filter, type SpanFilter } from './filter.ts';
import { type ProfileTable, widthOf } from './rollup-level.ts';
import { DATABASE } from './schema.ts';

/**
 * What every table of profiles has, whether a row is a window or a bucket of windows. Times are unix ms:
 *
 *     start, end   of the window; of the bucket, and of its last window
 *     until        where the time ends that `total` is spread over
 *     windows      that the row sums up
 *     minutes      of a bucket in which something was watched, as bits; 0 for a window
 */
export type RowColumn =
  | 'service'
  | 'type'
  | 'series'
  | 'start'
  | 'end'
  | 'until'
  | 'windows'
  | 'minutes'
  | 'period'
  | 'total'
  | 'stacks'
  | 'values';

const WINDOW: Partial<Record<RowColumn, string>> = {
  start: 'toUnixTimestamp64Milli(ts)',
  end: 'toUnixTimestamp64Milli(ts) + toInt64(intDiv(duration, 1000000))',
  until: 'toUnixTimestamp64Milli(ts) + toInt64(greatest(intDiv(duration, 1000000), 1))',
  windows: 'toUInt32(1)',
  minutes: 'toUInt64(0)',
};

/** The columns of a row as if it had no samples but those of a span. */
function spanColumns(span: SpanFilter): Partial<Record<RowColumn, string>> {
  const { sample } = compileSpan(span);
  const only = (column: string) =>
    `arrayFilter((x, i, h, l) -> ${sample}, ${column}, span_ids, span_traces_high, span_traces_low)`;
  return {
    stacks: only('span_stacks'),
    values: only('span_values'),
    total: `arraySum(${only('span_values')})`,
  };
}

function bucketColumns(widthMs: number): Partial<Record<RowColumn, string>> {
  const start = 'toInt64(toUnixTimestamp(ts)) * 1000';
  return {
    start,
    end: `${start} + toInt64(reach) * 1000`,
    until: `${start} + greatest(toInt64(reach) * 1000, ${widthMs})`,
  };
}

/** Rows of the tables that the filter reads, as something to stand after FROM. */
export function rowsOf(filter: Filter, columns: readonly RowColumn[], { final = true } = {}): Condition {
  const { tables, params } = compileTables(filter);
  const selects = tables.map(({ table, sql }) =>
    selectFrom(table, columns, sql, { final, span: filter.span }),
  );
  return { sql: `(${selects.join(' UNION ALL ')})`, params };
}

function selectFrom(
  table: ProfileTable,
  columns: readonly RowColumn[],
  condition: string,
  { final, span }: { readonly final: boolean; readonly span: SpanFilter | undefined },
): string {
  const width = widthOf(table);
  const expressions = {
    ...(width === undefined ? WINDOW : bucketColumns(width)),
    ...(span && spanColumns(span)),
  };
  const list = columns.map((column) => `${expressions[column] ?? column} AS ${column}`);
  return `SELECT ${list.join(', ')} FROM ${DATABASE}.${table}${final ? ' FINAL' : ''} WHERE ${condition}`;
}
