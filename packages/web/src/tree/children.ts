import { type FlameGraph, subtreeEnd } from '@everflame/profile';

const known = new WeakMap<FlameGraph, Map<number, readonly number[]>>();

/** The children of a node, those worth most first. Found when they are first asked for: of a million nodes few are. */
export function childrenOf(graph: FlameGraph, node: number): readonly number[] {
  const found = known.get(graph) ?? new Map<number, readonly number[]>();
  known.set(graph, found);
  const there = found.get(node);
  if (there) return there;
  const children: number[] = [];
  const end = subtreeEnd(graph, node);
  for (let child = node + 1; child < end; child = subtreeEnd(graph, child)) children.push(child);
  const { total } = graph;
  children.sort((a, b) => total[b] - total[a] || a - b);
  found.set(node, children);
  return children;
}

export interface TreeRow {
  readonly node: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  /** Place among its siblings, from 1, and how many there are. */
  readonly position: number;
  readonly siblings: number;
}

/** The rows of a tree of which some nodes are open, without recursion; the root itself is no row. */
export function treeRows(graph: FlameGraph, open: ReadonlySet<number>): TreeRow[] {
  const rows: TreeRow[] = [];
  const waiting: { readonly nodes: readonly number[]; next: number }[] = [
    { nodes: childrenOf(graph, 0), next: 0 },
  ];
  for (;;) {
    const top = waiting.at(-1);
    if (!top) return rows;
    if (top.next === top.nodes.length) {
      waiting.pop();
      continue;
    }
    const position = top.next + 1;
    const node = top.nodes[top.next++];
    const hasChildren = node + 1 < graph.length && graph.depth[node + 1] > graph.depth[node];
    const isOpen = hasChildren && open.has(node);
    rows.push({ node, hasChildren, isOpen, position, siblings: top.nodes.length });
    if (isOpen) waiting.push({ nodes: childrenOf(graph, node), next: 0 });
  }
}

/** The way that most of the value takes: where each node passes at least half of what it is worth on to one child. */
export function hotPath(graph: FlameGraph): number[] {
  const path: number[] = [];
  let node = 0;
  for (;;) {
    const [largest] = childrenOf(graph, node);
    if (largest === undefined || graph.total[largest] * 2 < graph.total[node]) return path;
    path.push(largest);
    node = largest;
  }
}
