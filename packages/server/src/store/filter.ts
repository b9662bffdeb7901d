import type { QueryParams } from './connection.ts';
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
  /** Windows that start in [from, until), unix milliseconds. */
  readonly from?: number;
  readonly until?: number;
}

/** A condition in SQL whose values travel as parameters. */
export interface Condition {
  readonly sql: string;
  readonly params: QueryParams;
}

/** The condition on rows of `profiles`. */
export function compileFilter(filter: Filter): Condition {
  const params: Record<string, unknown> = {};
  const parts = serviceAndType(filter, params);
  if (filter.from !== undefined) {
    params.from = String(filter.from);
    parts.push('ts >= fromUnixTimestamp64Milli({from:Int64})');
  }
  if (filter.until !== undefined) {
    params.until = String(filter.until);
    parts.push('ts < fromUnixTimestamp64Milli({until:Int64})');
  }
  if (filter.labels.length > 0) {
    const series = [...serviceAndType(filter, params), ...weeks(filter), ...labelConditions(filter, params)];
    parts.push(`series IN (SELECT series FROM ${DATABASE}.series WHERE ${series.join(' AND ')})`);
  }
  return { sql: parts.join(' AND ') || '1', params };
}

/** The condition on rows of `series`. */
export function compileSeriesFilter(filter: Filter): Condition {
  const params: Record<string, unknown> = {};
  if (filter.from !== undefined) params.from = String(filter.from);
  if (filter.until !== undefined) params.until = String(filter.until);
  const parts = [...serviceAndType(filter, params), ...weeks(filter), ...labelConditions(filter, params)];
  return { sql: parts.join(' AND ') || '1', params };
}

function serviceAndType(filter: Filter, params: Record<string, unknown>): string[] {
  const parts = filter.services.map((matcher, i) => {
    params[`service${i}`] = matcher.value;
    return compare('service', matcher.operator, `service${i}`);
  });
  if (filter.types) {
    params.types = [...filter.types];
    parts.push('type IN {types:Array(String)}');
  }
  return parts;
}

/** Series are kept by the week; a week is named by its Monday. */
function weeks(filter: Filter): string[] {
  const parts: string[] = [];
  if (filter.from !== undefined) {
    parts.push("week >= toMonday(toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC')))");
  }
  if (filter.until !== undefined)
    parts.push("week <= toDate(fromUnixTimestamp64Milli({until:Int64}, 'UTC'))");
  return parts;
}

function labelConditions(filter: Filter, params: Record<string, unknown>): string[] {
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
