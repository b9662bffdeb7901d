import { type FlameGraph, FlameGraphBuilder } from '@everflame/profile';

/** A graph of folded text, `a;b;c 3` a line. `function@module` names a module. */
export function graphOf(...lines: string[]): FlameGraph {
  const builder = new FlameGraphBuilder();
  for (const line of lines) {
    const [, stack, value] = /^(.*) (-?[\d.]+)$/.exec(line) as RegExpExecArray;
    const boxes = stack.split(';').map((name) => {
      const [fn, module = ''] = name.split('@');
      return builder.box({ function: fn, module, file: '' });
    });
    builder.add(boxes, Number(value));
  }
  return builder.build();
}

/** The node at the end of a path of function names. */
export function nodeAt(graph: FlameGraph, ...names: string[]): number {
  let node = 0;
  for (const name of names) {
    const depth = graph.depth[node] + 1;
    let child = node + 1;
    while (graph.depth[child] !== depth || graph.boxes[graph.box[child]].function !== name) {
      if (++child >= graph.length) throw new Error(`no ${name} in the graph`);
    }
    node = child;
  }
  return node;
}
