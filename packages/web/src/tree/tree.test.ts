import { type Box, FlameGraphBuilder, functionTable } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { stylesByChange, stylesBySelf } from '../flame/node-styles.ts';
import { CHANGE_STEPS, CHANGE_STYLE, HEAT_STEPS, HEAT_STYLE } from '../flame/palette.ts';
import { childrenOf, hotPath, treeRows } from './children.ts';
import { functionRows } from './function-rows.ts';

function graphOf(stacks: Readonly<Record<string, number>>) {
  const builder = new FlameGraphBuilder();
  for (const [stack, value] of Object.entries(stacks)) {
    const boxes = stack.split(';').map((name) => builder.box({ function: name, module: '', file: '' }));
    builder.add(boxes, value);
  }
  return builder.build();
}

const GRAPH = graphOf({ 'main;a;x': 1, 'main;b;y': 6, 'main;b;z': 2, 'main;c': 1, idle: 1 });
const name = (node: number) => GRAPH.boxes[GRAPH.box[node]].function;

describe('the call tree', () => {
  it('has children in the order of what they are worth', () => {
    expect(childrenOf(GRAPH, 0).map(name)).toEqual(['main', 'idle']);
    expect(childrenOf(GRAPH, childrenOf(GRAPH, 0)[0]).map(name)).toEqual(['b', 'a', 'c']);
  });

  it('goes the way of most of the value', () => {
    expect(hotPath(GRAPH).map(name)).toEqual(['main', 'b', 'y']);
    expect(hotPath(graphOf({ a: 1, b: 1, c: 1 }))).toEqual([]);
  });

  it('has rows for what is open, and says where each stands', () => {
    const [main, b] = hotPath(GRAPH);
    const rows = (open: number[]) =>
      treeRows(GRAPH, new Set(open)).map(({ node, isOpen, position, siblings }) =>
        [name(node), isOpen, position, siblings].join(' '),
      );
    expect(rows([])).toEqual(['main false 1 2', 'idle false 2 2']);
    expect(rows([main, b])).toEqual([
      'main true 1 2',
      'b true 1 3',
      'y false 1 2',
      'z false 2 2',
      'a false 2 3',
      'c false 3 3',
      'idle false 2 2',
    ]);
    // A leaf does not open, and what is open under something closed is not shown.
    expect(rows([b])).toHaveLength(2);
  });

  it('holds out against stacks of 20,000 frames', () => {
    const deep = graphOf({ [Array.from({ length: 20_000 }, (_, i) => `f${i}`).join(';')]: 1 });
    const path = hotPath(deep);
    expect(path).toHaveLength(20_000);
    expect(treeRows(deep, new Set(path))).toHaveLength(20_000);
  });
});

describe('the rows of the table', () => {
  const table = functionTable(GRAPH);
  const rows = (sort: string, passes: (box: Box) => boolean = () => true) =>
    Array.from(functionRows(table, sort, passes), (i) => table.boxes[i].function).join(' ');

  it('sort by every column, both ways, and leave out what does not pass', () => {
    expect(rows('self')).toBe('y z idle x c main b a');
    expect(rows('total')).toBe('main b y z idle a x c');
    expect(rows('name')).toBe('a b c idle main x y z');
    expect(rows('-name')).toBe('z y x main idle c b a');
    expect(rows('nonsense')).toBe(rows('self'));
    expect(rows('total', (box) => box.function.length === 1)).toBe('b y z a x c');
  });
});

describe('colours of nodes', () => {
  it('by own time: none is the palest, the dearest the strongest', () => {
    const styles = stylesBySelf(GRAPH);
    const at = (wanted: string) =>
      styles[Array.from(GRAPH.box).findIndex((_, node) => name(node) === wanted)];
    expect(at('main')).toBe(HEAT_STYLE);
    expect(at('y')).toBe(HEAT_STYLE + HEAT_STEPS - 1);
    expect(at('z')).toBeGreaterThan(at('x'));
  });

  it('by change: gone, the same, new', () => {
    const styles = stylesByChange(Float64Array.of(2, 2, 0, 0), Float64Array.of(0, 2, 2, 0));
    const middle = CHANGE_STYLE + (CHANGE_STEPS - 1) / 2;
    expect(Array.from(styles)).toEqual([CHANGE_STYLE, middle, CHANGE_STYLE + CHANGE_STEPS - 1, middle]);
  });
});
