import { type FlameLayout, isHidden } from './layout.ts';

/** The part of the width that is looked at, as shares of the root's total. */
export interface Viewport {
  readonly left: number;
  readonly right: number;
}

/** Narrower than this, in CSS pixels, a box is not drawn by itself. */
export const MERGE_BELOW_PX = 3;

/** The viewport that `node` fills. Never of no width: a box of value 0 can be asked for by a link. */
export function viewportOf(layout: FlameLayout, node: number): Viewport {
  const at = layout.place[node];
  const left = layout.left[at];
  const right = layout.right[at];
  return right - left > 1e-12 ? { left, right } : { left: 0, right: 1 };
}

/** First index in [start, end) whose value is greater than `bound`, or `end`. `values` ascend there. */
export function firstAbove(values: Float64Array, start: number, end: number, bound: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As `firstAbove`, in steps that double first: what is looked for is near, and near memory is in the cache. */
function nextAbove(values: Float64Array, start: number, end: number, bound: number): number {
  let low = start;
  let step = 8;
  while (low + step < end && values[low + step] <= bound) {
    low += step;
    step *= 2;
  }
  return firstAbove(values, low, Math.min(end, low + step + 1), bound);
}

/** The entry at `x` (a share of the root's total) in `row`, or -1. */
export function entryAt({ offsets, rows, left, right }: FlameLayout, row: number, x: number): number {
  if (row < 0 || row >= rows) return -1;
  const at = firstAbove(right, offsets[row], offsets[row + 1], x);
  return at < offsets[row + 1] && left[at] <= x ? at : -1;
}

/**
 * What is to be drawn in `row`: each box of at least MERGE_BELOW_PX by itself (`first` = `last`), narrower neighbours
 * as runs. Costs by what is visible, never by what is there: a run of 100,000 boxes is one search.
 *
 * @param visit gets indices of entries, and edges in CSS pixels, which may lie outside of 0 to `width`
 */
export function eachRun(
  { offsets, entry, left, right }: FlameLayout,
  row: number,
  view: Viewport,
  width: number,
  visit: (first: number, last: number, x0: number, x1: number) => void,
): void {
  const end = offsets[row + 1];
  const scale = width / (view.right - view.left);
  const reach = MERGE_BELOW_PX / scale;
  let at = firstAbove(right, offsets[row], end, view.left);
  while (at < end && left[at] < view.right) {
    const x0 = (left[at] - view.left) * scale;
    const x1 = (right[at] - view.left) * scale;
    // What was left out for size is drawn as itself wherever it can be seen: it is not to look like a box.
    if (x1 - x0 >= MERGE_BELOW_PX || (isHidden(entry[at]) && x1 - x0 >= 1)) {
      visit(at, at, x0, x1);
      at++;
      continue;
    }
    // All that ends within 3 px of where this one begins. At least this one, also where rounding says otherwise.
    const next = Math.max(at + 1, nextAbove(right, at, end, left[at] + reach));
    visit(at, next - 1, x0, (right[next - 1] - view.left) * scale);
    at = next;
  }
}
