import { type Box, boxName, type FlameGraph, pathTo } from './flame-graph.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';
import { outermost } from './function-table.ts';
import { rewrite } from './rewrite.ts';

/** One function across all of its places. */
export interface Sandwich {
  /** Its callers: the function first, then who called it, and who called those. */
  readonly callers: FlameGraph;
  /** What it calls: the function first. */
  readonly callees: FlameGraph;
  readonly total: number;
  readonly self: number;
}

/**
 * Both sides are worth the function's total: of a recursion the outermost call counts.
 *
 * @param name as boxName gives it
 */
export function sandwich(graph: FlameGraph, name: string): Sandwich {
  const isIt = (box: Box) => boxName(box) === name;
  const builder = new FlameGraphBuilder();
  const number = graph.boxes.map((box) => builder.box(box));
  const { box, total } = graph;
  for (const node of outermost(graph, isIt)) {
    const upward = pathTo(graph, node)
      .slice(1)
      .reverse()
      .map((at) => number[box[at]]);
    builder.add(upward, total[node]);
  }
  const wanted = graph.boxes.map(isIt);
  const callees = rewrite(graph, (stack, out) => {
    let at = 0;
    while (at < stack.length && !wanted[stack.boxes[at]]) at++;
    if (at === stack.length) return -1;
    out.set(stack.boxes.subarray(at, stack.length));
    return stack.length - at;
  });
  let self = 0;
  for (let node = 0; node < graph.length; node++) if (wanted[box[node]]) self += graph.self[node];
  return { callers: builder.build(), callees, total: callees.total[0], self };
}
