import { FlameGraphBuilder } from '@everflame/profile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOut, nodeOf } from './layout.ts';
import { graphOf, nodeAt } from './test-graphs.ts';
import { eachRun, entryAt, MERGE_BELOW_PX, viewportOf } from './viewport.ts';

const WHOLE = { left: 0, right: 1 };

/** `widths` as children of the root. */
function row(widths: readonly number[]) {
  const builder = new FlameGraphBuilder();
  widths.forEach((width, i) => {
    builder.add([builder.box({ function: String(i).padStart(6, '0'), module: '', file: '' })], width);
  });
  return layOut(builder.build());
}

describe('hit test', () => {
  it('finds the box under a point, and nothing beside one', () => {
    const graph = graphOf('main;a 2', 'main;b 3', 'main 5', 'other 10');
    const layout = layOut(graph);
    const name = (row: number, x: number) => {
      const at = entryAt(layout, row, x);
      return at < 0 ? undefined : graph.boxes[graph.box[nodeOf(layout.entry[at])]].function;
    };
    expect(name(0, 0.3)).toBe('');
    expect(name(1, 0.49)).toBe('main');
    expect(name(1, 0.51)).toBe('other');
    expect(name(2, 0)).toBe('a');
    expect(name(2, 0.2)).toBe('b');
    expect(name(2, 0.3)).toBeUndefined();
    expect(name(3, 0.1)).toBeUndefined();
    expect(name(-1, 0.1)).toBeUndefined();
  });

  it('agrees with a look at every box', () => {
    const widths = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(widths, fc.double({ min: 0, max: 0.999, noNaN: true }), (of, x) => {
        const { offsets, left, right } = row(of);
        let expected = -1;
        for (let at = offsets[1]; at < offsets[2]; at++) if (left[at] <= x && x < right[at]) expected = at;
        expect(entryAt(row(of), 1, x)).toBe(expected);
      }),
    );
  });
});

describe('runs', () => {
  it('draws every visible box once, alone or in a run, whatever is looked at', () => {
    const widths = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3000 })), {
      minLength: 1,
      maxLength: 200,
    });
    const edges = fc.tuple(
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      fc.double({ min: 1e-4, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(widths, edges, fc.integer({ min: 50, max: 3000 }), (of, [from, length], width) => {
        const layout = row(of);
        const view = { left: from, right: Math.min(1, from + length) };
        const seen: number[] = [];
        eachRun(layout, 1, view, width, (first, last, x0, x1) => {
          for (let at = first; at <= last; at++) seen.push(at);
          if (last > first) expect(x1 - x0).toBeLessThanOrEqual(MERGE_BELOW_PX + 1e-6);
        });
        const expected: number[] = [];
        for (let at = layout.offsets[1]; at < layout.offsets[2]; at++) {
          if (layout.right[at] > view.left && layout.left[at] < view.right) expected.push(at);
        }
        expect(seen.slice(0, expected.length)).toEqual(expected);
        // The last run may reach over the edge of the view, where nothing of it is drawn.
        const reach = (MERGE_BELOW_PX * (view.right - view.left)) / width;
        for (const at of seen.slice(expected.length))
          expect(layout.left[at] - view.right).toBeLessThan(reach);
      }),
    );
  });

  it('merges what is narrow and nothing else', () => {
    const runs: [number, number][] = [];
    // At 100 px: 40, 1, 1, 0.5, 57.5 px.
    eachRun(row([400, 10, 10, 5, 575]), 1, WHOLE, 100, (first, last) => runs.push([first - 1, last - 1]));
    expect(runs).toEqual([
      [0, 0],
      [1, 3],
      [4, 4],
    ]);
  });

  it('costs by the pixels, not by the boxes', () => {
    const layout = row(new Array(200_000).fill(1));
    let runs = 0;
    eachRun(layout, 1, WHOLE, 1500, () => runs++);
    expect(runs).toBeLessThan(1500 / MERGE_BELOW_PX + 20);
  });
});

describe('viewport of a box', () => {
  it('is its edges; of a box of no width, everything', () => {
    const graph = graphOf('a;b 1', 'c 3', 'd 0');
    const layout = layOut(graph);
    expect(viewportOf(layout, nodeAt(graph, 'a', 'b'))).toEqual({ left: 0, right: 0.25 });
    expect(viewportOf(layout, nodeAt(graph, 'd'))).toEqual(WHOLE);
  });
});
