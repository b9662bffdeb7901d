import { type FlameLayout, isHidden, nodeOf } from './layout.ts';
import type { Viewport } from './viewport.ts';

export type Step = 'parent' | 'child' | 'next' | 'previous' | 'first';

/**
 * The node that a key leads to from `node`, within what is looked at; `node` itself where there is none. Down leads to
 * the child worth most: it is the one that people follow.
 */
export function walk(layout: FlameLayout, view: Viewport, node: number, step: Step): number {
  switch (step) {
    case 'parent':
      return parentOf(layout, node);
    case 'child':
      return largestChild(layout, node);
    case 'first':
      return 0;
    case 'next':
      return neighbour(layout, view, node, 1);
    case 'previous':
      return neighbour(layout, view, node, -1);
  }
}

export function parentOf({ graph }: FlameLayout, node: number): number {
  const { depth } = graph;
  for (let i = node - 1; i >= 0; i--) if (depth[i] < depth[node]) return i;
  return node;
}

function largestChild({ graph }: FlameLayout, node: number): number {
  const { depth, total, length } = graph;
  let best = node;
  for (let i = node + 1; i < length && depth[i] > depth[node]; i++) {
    if (depth[i] === depth[node] + 1 && (best === node || total[i] > total[best])) best = i;
  }
  return best;
}

/** The next box of the same row, also under another parent, that is at least partly in view. */
function neighbour(layout: FlameLayout, view: Viewport, node: number, direction: 1 | -1): number {
  const { offsets, entry, left, right, graph, place } = layout;
  const row = graph.depth[node];
  for (let at = place[node] + direction; at >= offsets[row] && at < offsets[row + 1]; at += direction) {
    if (left[at] >= view.right || right[at] <= view.left) break;
    if (!isHidden(entry[at]) && right[at] > left[at]) return nodeOf(entry[at]);
  }
  return node;
}
