import type { QueryParams } from './connection.ts';
import type { ProfileTable, Segment } from './rollup-level.ts';
import { DATABASE } from './schema.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on a label. An absent label counts as the empty string; regular expressions match the whole value. */
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** Which stored profiles are meant. Plain data: who asks builds it, `compileFilter` turns it into SQL. */
export interface Filter {
  readonly services: readonly Matcher[];
  readonly labels: readonly Matcher[];
  readonly types?: readonly string[];
  /** Only samples that were taken in this span, or in any of this trace. Rollups have none. */
  readonly span?: SpanFilter;
  /** Windows that start in [from, until), unix milliseconds. */
  readonly from?: number;
  readonly until?: number;
  /** Which table answers for which part of the range, in order; without them the profiles themselves for all of it. */
  readonly segments?: readonly Segment[];
}

/** One request: the span's 64 bits, or the trace's 128. */
export interface SpanFilter {
  readonly id?: bigint;
  readonly trace?: bigint;
}

/** A condition in SQL whose values travel as parameters. */
export interface Condition {
  readonly sql: string;
  readonly params: QueryParams;
}

/** The tables that a filter reads, and for each the condition on its rows. Parameters are shared by all of them. */
export function compileTables(filter: Filter): {
  readonly tables: readonly { readonly table: ProfileTable; readonly sql: string }[];
  readonly params: QueryParams;
} {
  const params: Record<string, unknown> = {};
  const common = serviceAndType(filter, params);
  if (filter.labels.length > 0) {
    const series = [...serviceAndType(filter, params), ...weeks(filter, params), ...labels(filter, params)];
    common.push(`series IN (SELECT series FROM ${DATABASE}.series WHERE ${series.join(' AND ')})`);
  }
  if (filter.span) {
    const span = compileSpan(filter.span);
    common.push(span.condition);
    Object.assign(params, span.params);
  }
  const segments: readonly Partial<Segment>[] = filter.segments ?? [filter];
  const byTable = new Map<ProfileTable, string[]>();
  segments.forEach(({ table = 'profiles', from, until }, i) => {
    const bounds: string[] = [];
    if (from !== undefined) {
      params[`from${i}`] = String(from);
      bounds.push(`ts >= ${timeOf(table, `from${i}`)}`);
    }
    if (until !== undefined) {
      params[`until${i}`] = String(until);
      bounds.push(`ts < ${timeOf(table, `until${i}`)}`);
    }
    byTable.set(table, [...(byTable.get(table) ?? []), bounds.join(' AND ') || '1']);
  });
  const tables = [...byTable].map(([table, stretches]) => ({
    table,
    sql: [...common, stretches.length === 1 ? stretches[0] : `((${stretches.join(') OR (')}))`].join(' AND '),
  }));
  return { tables, params };
}

/** What holds for a row that has such samples, and for one of its samples (i: span, h and l: trace). */
export function compileSpan({ id, trace }: SpanFilter): {
  readonly condition: string;
  readonly sample: string;
  readonly params: QueryParams;
} {
  const params: Record<string, string> = {};
  const rows: string[] = [];
  const samples: string[] = [];
  if (id !== undefined) {
    params.span = String(id);
    rows.push('has(span_ids, {span:UInt64})');
    samples.push('i = {span:UInt64}');
  }
  if (trace !== undefined) {
    params.traceHigh = String(trace >> 64n);
    params.traceLow = String(trace & 0xffff_ffff_ffff_ffffn);
    rows.push('has(span_traces_low, {traceLow:UInt64})');
    samples.push('h = {traceHigh:UInt64} AND l = {traceLow:UInt64}');
  }
  return { condition: rows.join(' AND ') || '1', sample: samples.join(' AND ') || '1', params };
}

/** A parameter in unix ms as a value of the table's column `ts`. */
function timeOf(table: ProfileTable, param: string): string {
  return table === 'profiles'
    ? `fromUnixTimestamp64Milli({${param}:Int64})`
    : `toDateTime(intDiv({${param}:Int64}, 1000), 'UTC')`;
}

/** The condition on rows of `series`. */
export function compileSeriesFilter(filter: Filter): Condition {
  const params: Record<string, unknown> = {};
  const parts = [...serviceAndType(filter, params), ...weeks(filter, params), ...labels(filter, params)];
  return { sql: parts.join(' AND ') || '1', params };
}

/** The condition on names (stacks, frames) that the filter can need: those of its services and weeks. */
export function compileNamesFilter(filter: Pick<Filter, 'services' | 'from' | 'until'>): Condition {
  const params: Record<string, unknown> = {};
  const parts = [...services(filter, params), ...weeks(filter, params)];
  return { sql: parts.join(' AND ') || '1', params };
}

function services(filter: Pick<Filter, 'services'>, params: Record<string, unknown>): string[] {
  return filter.services.map((matcher, i) => {
    params[`service${i}`] = matcher.value;
    return compare('service', matcher.operator, `service${i}`);
  });
}

function serviceAndType(filter: Filter, params: Record<string, unknown>): string[] {
  const parts = services(filter, params);
  if (filter.types) {
    params.types = [...filter.types];
    parts.push('type IN {types:Array(String)}');
  }
  return parts;
}

/** Names are kept by the week; a week is named by its Monday. */
function weeks({ from, until }: Pick<Filter, 'from' | 'until'>, params: Record<string, unknown>): string[] {
  const parts: string[] = [];
  if (from !== undefined) {
    params.from = String(from);
    parts.push("week >= toMonday(toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC')))");
  }
  if (until !== undefined) {
    params.until = String(until);
    parts.push("week <= toDate(fromUnixTimestamp64Milli({until:Int64}, 'UTC'))");
  }
  return parts;
}

function labels(filter: Filter, params: Record<string, unknown>): string[] {
  return filter.labels.map((matcher, i) => {
    params[`label${i}`] = matcher.label;
    params[`value${i}`] = matcher.value;
    return compare(`labels[{label${i}:String}]`, matcher.operator, `value${i}`);
  });
}

function compare(left: string, operator: MatchOperator, param: string): string {
  switch (operator) {
    case '=':
      return `${left} = {${param}:String}`;
    case '!=':
      return `${left} != {${param}:String}`;
    case '=~':
      return `match(${left}, concat('^(?:', {${param}:String}, ')$'))`;
    case '!~':
      return `NOT match(${left}, concat('^(?:', {${param}:String}, ')$'))`;
  }
}
