import { type Box, type FlameGraph, subtreeEnd } from './flame-graph.ts';

/** The functions of a graph, as columns over its boxes; the root's own row, 0, is the whole. */
export interface FunctionTable {
  readonly boxes: readonly Box[];
  /** Value of the stacks that end in the function. */
  readonly self: Float64Array;
  /** Value of the stacks that pass through it; one that does so several times counts once. */
  readonly total: Float64Array;
  /** In how many places of the tree it stands. */
  readonly places: Uint32Array;
}

/** One pass: a node adds its total unless its function is open already, further up the stack. */
export function functionTable(graph: FlameGraph): FunctionTable {
  const { boxes, length, depth, box } = graph;
  const self = new Float64Array(boxes.length);
  const total = new Float64Array(boxes.length);
  const places = new Uint32Array(boxes.length);
  const open = new Uint32Array(boxes.length);
  const path: number[] = [];
  for (let node = 0; node < length; node++) {
    while (path.length > depth[node]) open[path.pop() ?? 0]--;
    const own = box[node];
    self[own] += graph.self[node];
    if (open[own] === 0) total[own] += graph.total[node];
    places[own]++;
    open[own]++;
    path.push(own);
  }
  return { boxes, self, total, places };
}

/** The outermost nodes whose box passes: those with none that passes above them. */
export function outermost(graph: FlameGraph, passes: (box: Box) => boolean): number[] {
  const isOne = Uint8Array.from(graph.boxes, (box) => (passes(box) ? 1 : 0));
  const found: number[] = [];
  for (let node = 1; node < graph.length; ) {
    if (isOne[graph.box[node]] === 1) {
      found.push(node);
      node = subtreeEnd(graph, node);
    } else node++;
  }
  return found;
}
