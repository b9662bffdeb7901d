import type { FlameGraph } from '@everflame/profile';
import { CHANGE_STEPS, CHANGE_STYLE, functionStyleOf, HEAT_STEPS, HEAT_STYLE, styleOf } from './palette.ts';

/** The colour of each node, as an index into the palette. */
export type NodeStyles = Uint8Array;

export function stylesByModule({ boxes, box }: FlameGraph): NodeStyles {
  const styles = boxes.map(styleOf);
  return Uint8Array.from(box, (one) => styles[one]);
}

export function stylesByFunction({ boxes, box }: FlameGraph): NodeStyles {
  const styles = boxes.map(functionStyleOf);
  return Uint8Array.from(box, (one) => styles[one]);
}

/**
 * By the share of the whole that ends in a box: what costs glows, what only calls is pale. The root of the share, for most
 * are small.
 */
export function stylesBySelf({ self, total }: FlameGraph): NodeStyles {
  let highest = 0;
  for (const value of self) if (value > highest) highest = value;
  const most = Math.max(highest, total[0] * 0.02, Number.MIN_VALUE);
  return Uint8Array.from(
    self,
    (value) => HEAT_STYLE + step(Math.sqrt(Math.max(0, value) / most), HEAT_STEPS),
  );
}

/**
 * By how much a box grew against what it was, of the larger of both: twice as much is half way to new.
 *
 * @param before and `now` totals of each node
 */
export function stylesByChange(before: Float64Array, now: Float64Array): NodeStyles {
  return Uint8Array.from(before, (was, node) => {
    const largest = Math.max(Math.abs(was), Math.abs(now[node]));
    const change = largest > 0 ? (now[node] - was) / largest : 0;
    return CHANGE_STYLE + step((change + 1) / 2, CHANGE_STEPS);
  });
}

/** A share from 0 to 1 as one of `steps` steps. */
function step(share: number, steps: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * (steps - 1));
}
