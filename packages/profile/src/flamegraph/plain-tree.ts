import { boxName, type FlameGraph } from './flame-graph.ts';

/** The tree as nested JSON, for people and scripts (`format=json`). */
export interface PlainNode {
  readonly name: string;
  readonly value: number;
  readonly self: number;
  readonly children: PlainNode[];
}

/** nylas' tree: a leaf has no `children`. */
export interface NylasNode {
  readonly name: string;
  readonly value: number;
  children?: NylasNode[];
}

export function toPlainTree(graph: FlameGraph): PlainNode {
  return fold<PlainNode>(
    graph,
    (node, name) => ({ name, value: graph.total[node], self: graph.self[node], children: [] }),
    (parent, child) => parent.children.push(child),
  );
}

/**
 * The tree that nylas' visualizer served at `/data`: children in name order; one is left out unless its value is
 * greater than `threshold` × the root's value.
 */
export function toNylasTree(graph: FlameGraph, threshold: number): NylasNode {
  const least = graph.total[0] * threshold;
  return fold<NylasNode>(
    graph,
    (node, name) => ({ name, value: graph.total[node] }),
    (parent, child) => {
      if (child.value <= least) return;
      parent.children ??= [];
      parent.children.push(child);
    },
  );
}

/** Builds nested nodes without recursion: stacks can be thousands of frames deep. */
function fold<T>(
  graph: FlameGraph,
  make: (node: number, name: string) => T,
  attach: (parent: T, child: T) => void,
): T {
  const root = make(0, 'root');
  const open: T[] = [root];
  for (let i = 1; i < graph.length; i++) {
    const node = make(i, boxName(graph.boxes[graph.box[i]]));
    const depth = graph.depth[i];
    attach(open[depth - 1], node);
    open[depth] = node;
  }
  return root;
}
