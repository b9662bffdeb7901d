/**
 * What is drawn as one box wherever it stands in the tree: boxes merge by function and module (by file where there is
 * no module), never by line.
 */
export interface Box {
  readonly function: string;
  readonly module: string;
  /** File of the first frame seen; part of the identity only where there is no module. */
  readonly file: string;
}

/**
 * Many stacks merged into one tree, as columns in preorder: a node's subtree follows it, children stand in name
 * order. Node 0 is the root (depth 0, box 0, an empty name); its total is the total of the graph.
 *
 * Values are in the unit of the profile type. They are doubles: exact to 2^53 (104 days of CPU time in nanoseconds),
 * rounded beyond.
 */
export interface FlameGraph {
  readonly boxes: readonly Box[];
  readonly length: number;
  readonly depth: Uint32Array;
  /** Index into `boxes`. */
  readonly box: Uint32Array;
  /** Value of the stacks that end here. */
  readonly self: Float64Array;
  /** Value of the stacks that pass through or end here: self, children, and what is hidden. */
  readonly total: Float64Array;
  /** How many boxes beneath this one were left out directly under it (see trim.ts); their value is hiddenValue(). */
  readonly hidden: Uint32Array;
  /** Value of the boxes left out directly under each node. */
  readonly hiddenValue: Float64Array;
}

export const ROOT_BOX: Box = Object.freeze({ function: '', module: '', file: '' });

/** What tells boxes of the same function apart. */
export function boxLocation(box: Box): string {
  return box.module || box.file;
}

/** A box as text: `function(module)`, as nylas' sampler wrote it, or the function alone where there is no module. */
export function boxName(box: Box): string {
  return box.module ? `${box.function}(${box.module})` : box.function;
}

/** Index after the last node of the subtree of `node`. */
export function subtreeEnd({ depth, length }: Pick<FlameGraph, 'depth' | 'length'>, node: number): number {
  let end = node + 1;
  while (end < length && depth[end] > depth[node]) end++;
  return end;
}

/** Indices of the ancestors of `node`, root first, and `node` itself last. */
export function pathTo({ depth }: Pick<FlameGraph, 'depth'>, node: number): number[] {
  const path = [node];
  let wanted = depth[node] - 1;
  for (let i = node - 1; wanted >= 0; i--) {
    if (depth[i] === wanted) {
      path.push(i);
      wanted--;
    }
  }
  return path.reverse();
}

/**
 * Totals from self values: one pass from the back, where each node adds itself to its parent.
 */
export function computeTotals(
  depth: Uint32Array,
  self: Float64Array,
  hiddenValue: Float64Array,
): Float64Array {
  const total = new Float64Array(self.length);
  let deepest = 0;
  for (const one of depth) if (one > deepest) deepest = one;
  // below[d]: sum of the totals of the nodes at depth d that no parent has collected yet.
  const below = new Float64Array(deepest + 2);
  for (let i = self.length - 1; i >= 0; i--) {
    const d = depth[i];
    total[i] = self[i] + hiddenValue[i] + below[d + 1];
    below[d + 1] = 0;
    below[d] += total[i];
  }
  return total;
}
