import { type Box, computeTotals, type FlameGraph, ROOT_BOX } from './flame-graph.ts';

/**
 * The flame graph as it travels to the page: JSON of columns, not of nested nodes. Nodes are in preorder; totals are
 * not sent, they follow from `depth` and `self`.
 *
 * Version 1. A reader refuses versions that it does not know.
 */
export interface WireFlameGraph {
  readonly version: 1;
  /** Every text once; `boxes` point into it. */
  readonly strings: readonly string[];
  readonly boxes: {
    readonly function: readonly number[];
    readonly module: readonly number[];
    readonly file: readonly number[];
  };
  readonly nodes: {
    readonly depth: readonly number[];
    readonly box: readonly number[];
    readonly self: readonly number[];
  };
  /** What was left out: [node under which, number of boxes, their value]. */
  readonly hidden: readonly (readonly [node: number, boxes: number, value: number])[];
}

export function encodeFlameGraph(graph: FlameGraph): WireFlameGraph {
  const strings = new Map<string, number>();
  const text = (value: string) => {
    let index = strings.get(value);
    if (index === undefined) {
      index = strings.size;
      strings.set(value, index);
    }
    return index;
  };
  const boxes = {
    function: graph.boxes.map((box) => text(box.function)),
    module: graph.boxes.map((box) => text(box.module)),
    file: graph.boxes.map((box) => text(box.file)),
  };
  const hidden: [number, number, number][] = [];
  for (let i = 0; i < graph.length; i++) {
    if (graph.hidden[i] > 0) hidden.push([i, graph.hidden[i], graph.hiddenValue[i]]);
  }
  return {
    version: 1,
    strings: [...strings.keys()],
    boxes,
    nodes: { depth: Array.from(graph.depth), box: Array.from(graph.box), self: Array.from(graph.self) },
    hidden,
  };
}

/**
 * @throws Error where the version is unknown or the columns contradict one another.
 */
export function decodeFlameGraph(wire: WireFlameGraph): FlameGraph {
  if (wire.version !== 1)
    throw new Error(`flame graph of version ${String(wire.version)}: this page reads version 1`);
  const { strings, nodes } = wire;
  const length = nodes.depth.length;
  if (nodes.box.length !== length || nodes.self.length !== length || length === 0) {
    throw new Error('flame graph: the columns of its nodes differ in length, or it has no root');
  }
  const boxes: Box[] = wire.boxes.function.map((name, i) => ({
    function: strings[name] ?? '',
    module: strings[wire.boxes.module[i]] ?? '',
    file: strings[wire.boxes.file[i]] ?? '',
  }));
  if (boxes.length === 0) boxes.push(ROOT_BOX);
  const depth = Uint32Array.from(nodes.depth);
  for (let i = 0; i < length; i++) {
    const fits = i === 0 ? depth[0] === 0 : depth[i] > 0 && depth[i] <= depth[i - 1] + 1;
    if (!fits || nodes.box[i] >= boxes.length)
      throw new Error(`flame graph: node ${i} does not fit the tree`);
  }
  const self = Float64Array.from(nodes.self);
  const hidden = new Uint32Array(length);
  const hiddenValue = new Float64Array(length);
  for (const [node, count, value] of wire.hidden) {
    if (node < 0 || node >= length)
      throw new Error(`flame graph: hidden boxes under node ${node}, which is not there`);
    hidden[node] = count;
    hiddenValue[node] = value;
  }
  return {
    boxes,
    length,
    depth,
    box: Uint32Array.from(nodes.box),
    self,
    total: computeTotals(depth, self, hiddenValue),
    hidden,
    hiddenValue,
  };
}
