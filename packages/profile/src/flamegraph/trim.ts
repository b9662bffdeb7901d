import { type FlameGraph, pathTo, subtreeEnd } from './flame-graph.ts';

export interface TrimOptions {
  /** Boxes with less than this share of the total (of the focused box's total, beneath it) are left out. */
  readonly minShare: number;
  /** Node that is looked at: kept with its ancestors, and what is beneath it is measured against it. */
  readonly focus?: number;
}

/**
 * Leaves out boxes too small to draw, whole subtrees at a time. Nothing is lost in the sums: each kept node says how
 * many boxes are missing beneath it and what they are worth together.
 */
export function trim(graph: FlameGraph, { minShare, focus = 0 }: TrimOptions): FlameGraph {
  const focusEnd = subtreeEnd(graph, focus);
  const onPath = new Set(pathTo(graph, focus));
  const outside = Math.abs(graph.total[0]) * minShare;
  const inside = Math.abs(graph.total[focus]) * minShare;

  const kept = new Uint32Array(graph.length);
  const hidden = new Uint32Array(graph.length);
  const hiddenValue = new Float64Array(graph.length);
  const ancestor: number[] = [];
  let count = 0;
  for (let i = 0; i < graph.length; ) {
    const least = i >= focus && i < focusEnd ? inside : outside;
    if (i > 0 && Math.abs(graph.total[i]) < least && !onPath.has(i)) {
      const end = subtreeEnd(graph, i);
      const parent = ancestor[graph.depth[i] - 1];
      for (let j = i; j < end; j++) hidden[parent] += 1 + graph.hidden[j];
      hiddenValue[parent] += graph.total[i];
      i = end;
      continue;
    }
    ancestor[graph.depth[i]] = i;
    hidden[i] += graph.hidden[i];
    hiddenValue[i] += graph.hiddenValue[i];
    kept[count++] = i;
    i++;
  }
  if (count === graph.length) return graph;

  const nodes = kept.subarray(0, count);
  const boxes: FlameGraph['boxes'][number][] = [];
  const renumbered = new Map<number, number>();
  const box = nodes.map((node) => {
    const old = graph.box[node];
    let index = renumbered.get(old);
    if (index === undefined) {
      index = boxes.push(graph.boxes[old]) - 1;
      renumbered.set(old, index);
    }
    return index;
  });
  return {
    boxes,
    length: count,
    depth: nodes.map((node) => graph.depth[node]),
    box,
    self: Float64Array.from(nodes, (node) => graph.self[node]),
    total: Float64Array.from(nodes, (node) => graph.total[node]),
    hidden: nodes.map((node) => hidden[node]),
    hiddenValue: Float64Array.from(nodes, (node) => hiddenValue[node]),
  };
}
