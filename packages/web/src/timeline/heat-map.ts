/** Windows by time and value, counted in cells. */
export interface HeatMap {
  readonly columns: number;
  readonly rows: number;
  /** Row by row, from the lowest values up. */
  readonly counts: Uint32Array;
  readonly highest: number;
  /** Lower bounds of the rows, and the upper one of the last. */
  readonly bounds: readonly number[];
}

export interface Point {
  /** Unix ms. */
  readonly at: number;
  readonly value: number;
}

/**
 * @param columns of equal width over [from, until)
 * @param rows of equal height from 0 to the largest value
 */
export function heatMap(
  points: readonly Point[],
  from: number,
  until: number,
  columns: number,
  rows: number,
): HeatMap {
  const top = points.reduce((most, { value }) => Math.max(most, value), 0) || 1;
  const counts = new Uint32Array(columns * rows);
  let highest = 0;
  for (const point of points) {
    const cell = cellOf(point, from, until, columns, rows, top);
    counts[cell]++;
    if (counts[cell] > highest) highest = counts[cell];
  }
  return {
    columns,
    rows,
    counts,
    highest,
    bounds: Array.from({ length: rows + 1 }, (_, i) => (i / rows) * top),
  };
}

/** The cell of a point. */
export function cellOf(
  { at, value }: Point,
  from: number,
  until: number,
  columns: number,
  rows: number,
  top: number,
): number {
  const clamp = (index: number, count: number) => Math.max(0, Math.min(count - 1, Math.floor(index)));
  const column = clamp(((at - from) / Math.max(1, until - from)) * columns, columns);
  return clamp((value / top) * rows, rows) * columns + column;
}
