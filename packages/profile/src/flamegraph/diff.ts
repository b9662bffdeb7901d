import { BoxTable } from './box-table.ts';
import { type Box, boxName, type FlameGraph } from './flame-graph.ts';
import { FlameTree } from './flame-tree.ts';
import { functionTable } from './function-table.ts';
import { boxesWithLeftOut, eachStack } from './rewrite.ts';
import { StackTree } from './stack-tree.ts';

/** Two graphs laid over each other: what stands at the same place in both is one box. */
export interface GraphDifference {
  /** Worth what both are worth together, so that what has gone is seen as well as what has come. */
  readonly graph: FlameGraph;
  /** Total of each node of `graph` before and now, each side multiplied with its scale. */
  readonly before: Float64Array;
  readonly now: Float64Array;
}

/**
 * @param scale of the values of `before`, so that a range that is twice as long does not look twice as dear: seconds of
 *   the one over seconds of the other, or total over total to compare shares
 */
export function difference(before: FlameGraph, now: FlameGraph, scale = 1): GraphDifference {
  const table = new BoxTable();
  const tree = new StackTree();
  const sides = [before, now].map((graph, side) => {
    const number = boxesWithLeftOut(graph).map((box) => table.indexOf(box));
    const ends: number[] = [];
    const values: number[] = [];
    let boxes = new Uint32Array(256);
    eachStack(graph, (stack, value) => {
      if (boxes.length < stack.length) boxes = new Uint32Array(2 * stack.length);
      for (let i = 0; i < stack.length; i++) boxes[i] = number[stack.boxes[i]];
      ends.push(tree.add(boxes, 0, stack.length));
      values.push(side === 0 ? value * scale : value);
    });
    return { ends, values };
  });
  const { count, parent, box } = tree;
  const selves = sides.map(({ ends, values }) => {
    const self = new Float64Array(count);
    ends.forEach((node, i) => {
      self[node] += values[i];
    });
    return self;
  });
  // Nothing is left out, so the three are the same tree in the same order.
  const build = (self: Float64Array) => new FlameTree(table, { count, parent, box, self }).build();
  const graph = build(selves[0].map((value, node) => value + selves[1][node]));
  return { graph, before: build(selves[0]).total, now: build(selves[1]).total };
}

/** One function in two graphs. */
export interface FunctionChange {
  readonly box: Box;
  readonly name: string;
  readonly selfBefore: number;
  readonly selfNow: number;
  readonly totalBefore: number;
  readonly totalNow: number;
}

/** The functions of both graphs, the largest change of self value first: who calls the culprit changes in total as well. */
export function functionChanges(before: FlameGraph, now: FlameGraph, scale = 1): FunctionChange[] {
  const byName = new Map<string, FunctionChange>();
  const tables = [functionTable(before), functionTable(now)];
  tables.forEach((table, side) => {
    for (let i = 1; i < table.boxes.length; i++) {
      const name = boxName(table.boxes[i]);
      const known = byName.get(name) ?? {
        box: table.boxes[i],
        name,
        selfBefore: 0,
        selfNow: 0,
        totalBefore: 0,
        totalNow: 0,
      };
      const { self, total } = table;
      byName.set(
        name,
        side === 0
          ? {
              ...known,
              selfBefore: known.selfBefore + self[i] * scale,
              totalBefore: known.totalBefore + total[i] * scale,
            }
          : { ...known, selfNow: known.selfNow + self[i], totalNow: known.totalNow + total[i] },
      );
    }
  });
  const change = (one: FunctionChange) => Math.abs(one.selfNow - one.selfBefore);
  return [...byName.values()].sort((a, b) => change(b) - change(a) || (a.name < b.name ? -1 : 1));
}
