import { type FlameGraph, FlameGraphBuilder, pathTo, trim } from '@everflame/profile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHidden, layOut, nodeOf, rowsDownFrom } from './layout.ts';
import { graphOf, nodeAt } from './test-graphs.ts';

const stacks = fc.array(
  fc.tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 }), fc.integer({ min: 1, max: 100 })),
  { minLength: 1, maxLength: 40 },
);

function build(of: readonly (readonly [readonly string[], number])[]): FlameGraph {
  const builder = new FlameGraphBuilder();
  for (const [names, value] of of) {
    builder.add(
      names.map((name) => builder.box({ function: name, module: '', file: '' })),
      value,
    );
  }
  return builder.build();
}

describe('layout', () => {
  it('lays children from the left edge of their parent, and leaves self at the right', () => {
    const graph = graphOf('main;a 2', 'main;b 3', 'main 5', 'other 10');
    const layout = layOut(graph);
    const edges = (...names: string[]) => {
      const at = layout.place[nodeAt(graph, ...names)];
      return [layout.left[at], layout.right[at]];
    };
    expect(layout.rows).toBe(3);
    expect(edges('main')).toEqual([0, 0.5]);
    expect(edges('other')).toEqual([0.5, 1]);
    expect(edges('main', 'a')).toEqual([0, 0.1]);
    expect(edges('main', 'b')).toEqual([0.1, 0.25]);
  });

  it('keeps every row sorted, every child within its parent, and every width in proportion', () => {
    fc.assert(
      fc.property(stacks, fc.double({ min: 0, max: 0.3, noNaN: true }), (of, minShare) => {
        const graph = trim(build(of), { minShare });
        const { offsets, rows, entry, left, right, place } = layOut(graph);
        let seen = 0;
        for (let row = 0; row < rows; row++) {
          for (let at = offsets[row]; at < offsets[row + 1]; at++) {
            if (at > offsets[row]) expect(left[at]).toBeGreaterThanOrEqual(right[at - 1]);
            const node = nodeOf(entry[at]);
            const value = isHidden(entry[at]) ? graph.hiddenValue[node] : graph.total[node];
            expect(right[at] - left[at]).toBeCloseTo(value / graph.total[0], 9);
            const parent = isHidden(entry[at]) ? node : (pathTo(graph, node).at(-2) ?? node);
            expect(left[at]).toBeGreaterThanOrEqual(left[place[parent]] - 1e-12);
            expect(right[at]).toBeLessThanOrEqual(right[place[parent]] + 1e-12);
            seen++;
          }
        }
        const leftOut = graph.hidden.reduce((count, one) => count + (one > 0 ? 1 : 0), 0);
        expect(seen).toBe(graph.length + leftOut);
      }),
    );
  });

  it('draws what was left out after the children, in a row of its own where there are none', () => {
    const graph = trim(graphOf('main;a 90', 'main;b;deep 4', 'main;c 6'), { minShare: 0.1 });
    const layout = layOut(graph);
    const last = layout.offsets[3] - 1;
    expect(isHidden(layout.entry[last])).toBe(true);
    expect(graph.boxes[graph.box[nodeOf(layout.entry[last])]].function).toBe('main');
    expect(layout.left[last]).toBeCloseTo(0.9);
    expect(layout.right[last]).toBeCloseTo(1);
    expect(graph.hidden[nodeOf(layout.entry[last])]).toBe(3);

    const bare = layOut(trim(graphOf('a 1', 'b 1'), { minShare: 0.9 }));
    expect(bare.rows).toBe(2);
    expect(isHidden(bare.entry[1])).toBe(true);
  });

  it('counts the rows under a box, left-out ones too', () => {
    const graph = graphOf('a;b;c;d 1', 'e;f 1');
    const layout = layOut(graph);
    expect(rowsDownFrom(layout, 0)).toBe(5);
    expect(rowsDownFrom(layout, nodeAt(graph, 'e'))).toBe(3);
    expect(rowsDownFrom(layout, nodeAt(graph, 'e', 'f'))).toBe(3);
    const trimmed = trim(graphOf('a;b 99', 'a;b;c 1'), { minShare: 0.1 });
    expect(rowsDownFrom(layOut(trimmed), nodeAt(trimmed, 'a', 'b'))).toBe(4);
  });

  it('takes stacks of 100,000 frames, and graphs of nothing', () => {
    const deep = layOut(graphOf(`${Array.from({ length: 100_000 }, (_, i) => `f${i % 7}`).join(';')} 1`));
    expect(deep.rows).toBe(100_001);
    expect(deep.right[deep.offsets[100_000]]).toBe(1);
    const nothing = layOut(new FlameGraphBuilder().build());
    expect([nothing.rows, nothing.left[0], nothing.right[0]]).toEqual([1, 0, 0]);
  });
});
