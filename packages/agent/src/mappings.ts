/**
 * Mappings of a source map (https://tc39.es/ecma426/#sec-mappings-grammar) as columns: segment `i` of line `n` is one of
 * `lines[n]` to `lines[n + 1]`; what is not there is -1. Lines and columns from 0.
 */
export interface Mappings {
  readonly lines: readonly number[];
  readonly column: Int32Array;
  readonly source: Int32Array;
  readonly sourceLine: Int32Array;
  readonly name: Int32Array;
}

const DIGITS = new Int8Array(128).fill(-1);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((digit, i) => {
  DIGITS[digit.charCodeAt(0)] = i;
});

/** Reads mappings piece by piece: each `next()` takes no more than some 10,000 characters, about a millisecond. */
export function* readMappings(text: string): Generator<undefined, Mappings> {
  // No segment is shorter than two characters, its comma or semicolon among them.
  const most = (text.length >> 1) + 1;
  const column = new Int32Array(most);
  const source = new Int32Array(most);
  const sourceLine = new Int32Array(most);
  const name = new Int32Array(most);
  const lines = [0];
  const fields = [0, 0, 0, 0, 0]; // column; source, its line, its column, name: each relative to the one before
  let count = 0;
  let field = 0;
  let value = 0;
  let shift = 0;
  const endSegment = () => {
    if (field > 0) {
      column[count] = fields[0];
      source[count] = field >= 4 ? fields[1] : -1;
      sourceLine[count] = field >= 4 ? fields[2] : -1;
      name[count++] = field >= 5 ? fields[4] : -1;
    }
    field = 0;
  };
  for (let i = 0; i < text.length; i++) {
    if (i % 10_000 === 9_999) yield;
    const code = text.charCodeAt(i);
    if (code === 44 /* , */) endSegment();
    else if (code === 59 /* ; */) {
      endSegment();
      fields[0] = 0;
      lines.push(count);
    } else {
      const digit = code < 128 ? DIGITS[code] : -1;
      if (digit < 0 || shift > 25) throw new SyntaxError('no mappings of a source map');
      value |= (digit & 31) << shift;
      shift += 5;
      if ((digit & 32) === 0) {
        if (field < 5) fields[field++] += value & 1 ? -(value >>> 1) : value >>> 1;
        value = 0;
        shift = 0;
      }
    }
  }
  endSegment();
  lines.push(count);
  return {
    lines,
    column: column.slice(0, count),
    source: source.slice(0, count),
    sourceLine: sourceLine.slice(0, count),
    name: name.slice(0, count),
  };
}

/** The last segment of a line that begins at a column or before it; -1 if there is none. */
export function findSegment({ lines, column }: Mappings, line: number, at: number): number {
  let low = lines[line] ?? 0;
  const first = low;
  let high = lines[line + 1] ?? low;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low > first ? low - 1 : -1;
}
