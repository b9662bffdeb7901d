const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;

/**
 * An interval: a number of seconds, or a text such as `500ms`, `15s`, `5m`.
 *
 * @returns ms
 * @throws Error with a sentence
 */
export function parseInterval(value: string | number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/.exec(String(value));
  const ms = match ? Number(match[1]) * UNITS_MS[match[2] ?? 's'] : Number.NaN;
  if (!(ms >= 100 && ms <= LONGEST_MS)) {
    throw new Error(`${JSON.stringify(value)} is no interval. Write seconds, or 15s, 5m: from 100ms to 24h.`);
  }
  return ms;
}
