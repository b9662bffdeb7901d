import { parseSelector, splitMatchers } from '../state/selector.ts';

export interface Asked {
  readonly query: string;
  readonly type: string;
  readonly from: string;
  readonly until: string;
}

/** The request behind the picture, for a shell. */
export function toCurl(server: string, { query, type, from, until }: Asked): string {
  const params = new URLSearchParams({ query, type, from, until, format: 'json' });
  return `curl ${shellQuoted(`${server}/api/v1/flamegraph?${params}`)}`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * What the picture is made of, in SQL: the value of each stack over the profiles themselves. The server reads rollups in
 * their place where the range is long, with the same result.
 *
 * @param range in unix ms
 */
export function toSql(
  { query, type }: Asked,
  range: { readonly from: number; readonly until: number },
): string {
  const { service, matchers } = parseSelector(query);
  const conditions = [
    service ? `service = ${sqlQuoted(service)}` : "service != 'everflame'",
    `type = ${sqlQuoted(type)}`,
    `ts >= fromUnixTimestamp64Milli(${Math.floor(range.from)})`,
    `ts < fromUnixTimestamp64Milli(${Math.ceil(range.until)})`,
  ];
  const labels = splitMatchers(matchers).flatMap(labelCondition);
  if (labels.length > 0)
    conditions.push(`series IN (SELECT series FROM everflame.series WHERE ${labels.join(' AND ')})`);
  return `SELECT stack, sum(value) AS value
FROM everflame.profiles FINAL
ARRAY JOIN stacks AS stack, values AS value
WHERE ${conditions.join('\n  AND ')}
GROUP BY stack ORDER BY value DESC`;
}

function labelCondition(matcher: string): string[] {
  const [, label, operator, value] = /^\s*([\w.]+)\s*(=~|!~|!=|=)\s*"(.*)"\s*$/s.exec(matcher) ?? [];
  if (label === undefined) return [];
  const column = `labels[${sqlQuoted(label)}]`;
  const text = value.replace(/\\(.)/gs, '$1');
  const whole = sqlQuoted(`^(?:${text})$`);
  switch (operator) {
    case '=~':
      return [`match(${column}, ${whole})`];
    case '!~':
      return [`NOT match(${column}, ${whole})`];
    default:
      return [`${column} ${operator} ${sqlQuoted(text)}`];
  }
}

function sqlQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
