/** A stretch of buckets without a gap: the first and the last index. */
export type Stretch = readonly [first: number, last: number];

/** The stretches of `values` in which something was profiled. Zero is something; null is a gap, and drawn as one. */
export function stretches(values: ArrayLike<number | null | undefined>): Stretch[] {
  const found: [number, number][] = [];
  let open: [number, number] | undefined;
  for (let i = 0; i < values.length; i++) {
    if (values[i] == null) open = undefined;
    else if (open) open[1] = i;
    else {
      open = [i, i];
      found.push(open);
    }
  }
  return found;
}

/** Part of a 2D path, as steps are drawn on it. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/**
 * Draws each bucket as the flat step that it is, also one that stands alone between gaps: a line from the middle of
 * one to the middle of the next would show values that nobody measured.
 *
 * @param edge x of the left edge of bucket `i`; that of bucket `i + 1` is its right edge
 */
export function drawSteps(
  values: ArrayLike<number | null | undefined>,
  edge: (i: number) => number,
  height: (value: number) => number,
  baseline: number,
  stroke: Pen,
  fill: Pen | undefined,
): void {
  for (const [first, last] of stretches(values)) {
    fill?.moveTo(edge(first), baseline);
    for (let i = first; i <= last; i++) {
      const y = height(values[i] as number);
      if (i === first) stroke.moveTo(edge(i), y);
      else stroke.lineTo(edge(i), y);
      stroke.lineTo(edge(i + 1), y);
      fill?.lineTo(edge(i), y);
      fill?.lineTo(edge(i + 1), y);
    }
    fill?.lineTo(edge(last + 1), baseline);
  }
}
