import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FlameGraph, pathTo, ROOT_BOX, subtreeEnd } from './flame-graph.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';
import { findByPathId, formatPathId, pathIds } from './path-ids.ts';
import { toNylasTree, toPlainTree } from './plain-tree.ts';
import { trim } from './trim.ts';
import { decodeFlameGraph, encodeFlameGraph } from './wire.ts';

type Stack = [names: string[], value: number];

function graphOf(stacks: Stack[], module = 'm'): FlameGraph {
  return builderOf(stacks, module).build();
}

function builderOf(stacks: Stack[], module = 'm'): FlameGraphBuilder {
  const builder = new FlameGraphBuilder();
  for (const [names, value] of stacks) {
    builder.add(
      names.map((name) => builder.box({ function: name, module, file: '' })),
      value,
    );
  }
  return builder;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'ä', '');
const stacks = fc.array(fc.tuple(fc.array(name, { maxLength: 8 }), fc.integer({ min: -50, max: 1000 })), {
  maxLength: 60,
});

describe('flame graph', () => {
  it('merges stacks by function and module, in name order', () => {
    const graph = graphOf([
      [['main', 'work', 'parse'], 3],
      [['main', 'idle'], 1],
      [['main', 'work', 'parse'], 2],
      [['main', 'work'], 4],
    ]);
    expect(toPlainTree(graph)).toEqual({
      name: 'root',
      value: 10,
      self: 0,
      children: [
        {
          name: 'main(m)',
          value: 10,
          self: 0,
          children: [
            { name: 'idle(m)', value: 1, self: 1, children: [] },
            {
              name: 'work(m)',
              value: 9,
              self: 4,
              children: [{ name: 'parse(m)', value: 5, self: 5, children: [] }],
            },
          ],
        },
      ],
    });
  });

  it('keeps files apart only where there is no module', () => {
    const builder = new FlameGraphBuilder();
    const boxes = [
      { function: 'f', module: 'm', file: 'a.py' },
      { function: 'f', module: 'm', file: 'b.py' },
      { function: 'f', module: '', file: 'a.c' },
      { function: 'f', module: '', file: 'b.c' },
      { function: 'f', module: 'a.c', file: '' },
    ].map((box) => builder.box(box));
    expect(boxes).toEqual([1, 1, 2, 3, 4]);
  });

  it('writes the tree of the old visualizer: above the threshold, leaves without children', () => {
    const graph = graphOf([
      [['main', 'sleep'], 3],
      [['main', 'work'], 412],
      [['main', 'tiny'], 1],
    ]);
    expect(toNylasTree(graph, 3 / 416)).toEqual({
      name: 'root',
      value: 416,
      children: [{ name: 'main(m)', value: 416, children: [{ name: 'work(m)', value: 412 }] }],
    });
  });

  it('an empty graph is its root', () => {
    const graph = new FlameGraphBuilder().build();
    expect(graph.length).toBe(1);
    expect(graph.boxes).toEqual([ROOT_BOX]);
    expect(toNylasTree(graph, 0)).toEqual({ name: 'root', value: 0 });
  });

  it('survives stacks thousands of frames deep and many nodes', () => {
    const builder = new FlameGraphBuilder();
    const boxes = Array.from({ length: 50 }, (_, i) =>
      builder.box({ function: `f${i}`, module: '', file: '' }),
    );
    const deep = Array.from({ length: 20_000 }, (_, i) => boxes[i % 50]);
    builder.add(deep, 1);
    for (let i = 0; i < 50_000; i++)
      builder.add([boxes[i % 50], boxes[(i * 7) % 50], boxes[(i >> 3) % 50]], 1);
    const graph = builder.build();
    expect(graph.total[0]).toBe(50_001);
    expect(toPlainTree(graph).value).toBe(50_001);
  });

  it('holds its sums, whatever is merged', () => {
    fc.assert(
      fc.property(stacks, (input) => {
        const graph = graphOf(input);
        expect(graph.total[0]).toBe(input.reduce((sum, [, value]) => sum + value, 0));
        for (let i = 0; i < graph.length; i++) {
          let children = 0;
          for (let j = i + 1; j < subtreeEnd(graph, i); j++) {
            if (graph.depth[j] === graph.depth[i] + 1) children += graph.total[j];
          }
          expect(graph.total[i]).toBe(graph.self[i] + children);
        }
      }),
    );
  });

  it('reads back what it sends', () => {
    fc.assert(
      fc.property(stacks, fc.double({ min: 0, max: 0.5, noNaN: true }), (input, minShare) => {
        const graph = trim(graphOf(input), { minShare });
        expect(decodeFlameGraph(JSON.parse(JSON.stringify(encodeFlameGraph(graph))))).toEqual(graph);
      }),
    );
  });

  it('refuses what contradicts itself', () => {
    const wire = encodeFlameGraph(graphOf([[['a', 'b'], 1]]));
    const bad = [
      { ...wire, version: 2 as unknown as 1 },
      { ...wire, nodes: { ...wire.nodes, depth: [0, 2, 1] } },
      { ...wire, nodes: { ...wire.nodes, depth: [0, 0, 1] } },
      { ...wire, nodes: { ...wire.nodes, box: [0, 1, 9] } },
      { ...wire, nodes: { depth: [], box: [], self: [] } },
      { ...wire, hidden: [[7, 1, 1] as const] },
    ];
    for (const one of bad) expect(() => decodeFlameGraph(one)).toThrow(/flame graph/);
  });
});

describe('trim', () => {
  it('loses no value: what is hidden is counted where it was', () => {
    const graph = trim(
      graphOf([
        [['main', 'big'], 90],
        [['main', 'small', 'x'], 4],
        [['main', 'small', 'y'], 4],
        [['main', 'tiny'], 2],
      ]),
      { minShare: 0.05 },
    );
    expect(toPlainTree(graph).children[0].children.map((child) => child.name)).toEqual([
      'big(m)',
      'small(m)',
    ]);
    expect([...graph.hidden]).toEqual([0, 1, 0, 2]);
    expect([...graph.hiddenValue]).toEqual([0, 2, 0, 8]);
    expect([...graph.total]).toEqual([100, 100, 90, 8]);
  });

  it('measures what is beneath the focus against the focus, and keeps the way to it', () => {
    const full = graphOf([
      [['main', 'big'], 990],
      [['main', 'small', 'x'], 9],
      [['main', 'small', 'y'], 1],
    ]);
    const small = findByPathId(full, formatPathId(pathIds(full), 3));
    const graph = trim(full, { minShare: 0.05, focus: small });
    expect(graph.boxes.map((box) => box.function)).toEqual(['', 'main', 'big', 'small', 'x', 'y']);
  });

  it('is consistent for any input', () => {
    fc.assert(
      fc.property(stacks, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (input, minShare, pick) => {
        const full = graphOf(input);
        const focus = pick % full.length;
        const graph = trim(full, { minShare, focus });
        expect(graph.total[0]).toBe(full.total[0]);
        const hiddenBoxes = graph.hidden.reduce((sum, one) => sum + one, 0);
        expect(graph.length + hiddenBoxes).toBe(full.length);
        const id = formatPathId(pathIds(full), focus);
        expect(findByPathId(graph, id)).toBeGreaterThanOrEqual(0);
        decodeFlameGraph(encodeFlameGraph(graph));
      }),
    );
  });
});

describe('building only what is worth drawing', () => {
  it('gives what trimming the whole gives', () => {
    fc.assert(
      fc.property(stacks, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (input, minShare, pick) => {
        const full = graphOf(input);
        const focused = pick % full.length;
        const focus = formatPathId(pathIds(full), focused);
        const builder = builderOf(input);
        expect(builder.has(focus)).toBe(focused > 0);
        // Boxes are numbered as they come up, in what is kept: renumber the whole likewise.
        const trimmed = decodeFlameGraph(encodeFlameGraph(trim(full, { minShare, focus: focused })));
        const names = (graph: FlameGraph) => [...graph.box].map((box) => graph.boxes[box].function);
        const built = builder.build({ minShare, focus });
        expect(names(built)).toEqual(names(trimmed));
        for (const column of ['depth', 'self', 'total', 'hidden', 'hiddenValue'] as const) {
          expect([...built[column]]).toEqual([...trimmed[column]]);
        }
      }),
    );
  });
});

describe('path ids', () => {
  it('name the same box in different pictures', () => {
    const one = graphOf([[['main', 'work', 'parse'], 1]]);
    const other = graphOf([
      [['aaa'], 5],
      [['main', 'other'], 2],
      [['main', 'work', 'parse'], 7],
    ]);
    const id = formatPathId(pathIds(one), 3);
    const found = findByPathId(other, id);
    expect(pathTo(other, found).map((node) => other.boxes[other.box[node]].function)).toEqual([
      '',
      'main',
      'work',
      'parse',
    ]);
    expect(findByPathId(other, 'nonsense')).toBe(-1);
    expect(findByPathId(other, '0123456789abcdef')).toBe(-1);
    expect(findByPathId(other, '0000000000000000')).toBe(0);
  });
});
