import { type Box, type FlameGraph, ROOT_BOX } from './flame-graph.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';

/** Stands for boxes that were left out for size, where a graph is made into another: what they are is not known. */
export const LEFT_OUT: Box = Object.freeze({ function: '[too small to show]', module: '', file: '' });

/** A stack of a graph while it is looked at: `boxes[0..length)`, root first, without the root's own box. */
export interface OpenStack {
  readonly boxes: Uint32Array;
  readonly length: number;
}

/** Boxes of a graph with LEFT_OUT at the end: what `eachStack` numbers by. */
export function boxesWithLeftOut(graph: FlameGraph): Box[] {
  return [...graph.boxes, LEFT_OUT];
}

/**
 * Visits every stack of a graph that has a value of its own, and what was left out under a node as a stack that ends in
 * LEFT_OUT, so that sums stay what they are. The stack is the same object each time.
 */
export function eachStack(
  graph: FlameGraph,
  visit: (stack: OpenStack, value: number, node: number) => void,
): void {
  const { length, depth, box, self, hidden, hiddenValue } = graph;
  let deepest = 0;
  for (let i = 0; i < length; i++) if (depth[i] > deepest) deepest = depth[i];
  const boxes = new Uint32Array(deepest + 1);
  const stack = { boxes, length: 0 };
  const leftOut = graph.boxes.length;
  for (let node = 0; node < length; node++) {
    const end = depth[node];
    if (end > 0) boxes[end - 1] = box[node];
    stack.length = end;
    if (self[node] !== 0) visit(stack, self[node], node);
    if (hidden[node] === 0) continue;
    boxes[end] = leftOut;
    stack.length = end + 1;
    visit(stack, hiddenValue[node], node);
  }
}

/**
 * A graph made of another by changing its stacks.
 *
 * @param change writes the new stack into `out` (numbers of boxes, root first) and returns its length; -1 leaves the stack
 *   out. It may be twice as long as the old one
 */
export function rewrite(
  graph: FlameGraph,
  change: (stack: OpenStack, out: Uint32Array) => number,
): FlameGraph {
  const builder = new FlameGraphBuilder();
  const number = boxesWithLeftOut(graph).map((box) => (box === ROOT_BOX ? 0 : builder.box(box)));
  let out = new Uint32Array(256);
  eachStack(graph, (stack, value) => {
    if (out.length < 2 * stack.length) out = new Uint32Array(4 * stack.length);
    const length = change(stack, out);
    if (length < 0) return;
    for (let i = 0; i < length; i++) out[i] = number[out[i]];
    builder.add(out, value, 0, length);
  });
  return builder.build();
}
