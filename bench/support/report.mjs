/**
 * One line of a report: the same figure of every server that was measured.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {Record<string, number | string>} values by the server's name; a text where there is no figure
 * @property {'less' | 'more'} [better] which of two figures is the better one; none: they are not compared
 * @property {number} [digits] after the decimal point
 */

/**
 * Prints rows as a table. The last column says how many times better the first server is than the second.
 *
 * @param {string} title
 * @param {readonly Row[]} rows
 */
export function printTable(title, rows) {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const [ours, theirs] = names;
  const cells = rows.map((row) => [
    row.what,
    ...names.map((name) => format(row.values[name], row.digits)),
    ...(theirs === undefined ? [] : [timesBetter(row, row.values[ours], row.values[theirs])]),
  ]);
  const head = ['', ...names, ...(theirs === undefined ? [] : ['times better'])];
  const widths = head.map((text, i) => Math.max(text.length, ...cells.map((line) => line[i].length)));
  const print = (/** @type {readonly string[]} */ line) =>
    console.log(
      line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  '),
    );
  console.log(`\n${title}`);
  print(head);
  for (const line of cells) print(line);
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number} value @param {number} digits */
export function round(value, digits) {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** @param {number | string | undefined} value @param {number} [digits] */
function format(value, digits = 1) {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param {Row} row @param {number | string | undefined} ours @param {number | string | undefined} theirs */
function timesBetter({ better }, ours, theirs) {
  if (better === undefined || typeof ours !== 'number' || typeof theirs !== 'number') return '';
  const times = better === 'less' ? theirs / ours : ours / theirs;
  return Number.isFinite(times) ? format(times, times < 10 ? 2 : 1) : '';
}
