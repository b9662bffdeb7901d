import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, functionChanges } from './diff.ts';
import { type Box, boxName, type FlameGraph } from './flame-graph.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';
import { functionTable } from './function-table.ts';
import { findByPathId, formatPathId, pathIds } from './path-ids.ts';
import { eachStack, LEFT_OUT } from './rewrite.ts';
import { sandwich } from './sandwich.ts';
import { formatTransform, parseTransform, transformed } from './transform.ts';
import { trim } from './trim.ts';

/** `a;b(mod) 3` lines as a graph. */
function graphOf(stacks: Readonly<Record<string, number>>): FlameGraph {
  const builder = new FlameGraphBuilder();
  for (const [stack, value] of Object.entries(stacks)) {
    builder.add(
      stack.split(';').map((text) => builder.box(boxOf(text))),
      value,
    );
  }
  return builder.build();
}

function boxOf(text: string): Box {
  const [, name = text, module = ''] = /^(.*)\((.*)\)$/.exec(text) ?? [];
  return { function: name, module, file: '' };
}

/** The stacks of a graph with their own values: what must be the same however the tree is stored. */
function stacksOf(graph: FlameGraph): Record<string, number> {
  const stacks: Record<string, number> = {};
  const names = [...graph.boxes, LEFT_OUT].map(boxName);
  eachStack(graph, ({ boxes, length }, value) => {
    const key = Array.from(boxes.subarray(0, length), (box) => names[box]).join(';');
    stacks[key] = (stacks[key] ?? 0) + value;
  });
  return stacks;
}

const one = (graph: FlameGraph, ...texts: string[]) =>
  stacksOf(
    transformed(
      graph,
      texts.map((text) => {
        const parsed = parseTransform(text);
        if (!parsed) throw new Error(`no transform: ${text}`);
        return parsed;
      }),
    ),
  );

const GRAPH = graphOf({
  'main;serve(http);parse(json)': 4,
  'main;serve(http);parse(json);parse(json);scan(json)': 2,
  'main;work;parse(json);scan(json)': 3,
  'main;idle': 1,
});

const stacks = fc.dictionary(
  fc
    .array(fc.constantFrom('a', 'b', 'c(m)', 'd(m)', 'e(n)'), { minLength: 1, maxLength: 6 })
    .map((s) => s.join(';')),
  fc.integer({ min: 1, max: 100 }),
  { minKeys: 1, maxKeys: 12 },
);
const sum = (all: Readonly<Record<string, number>>) => Object.values(all).reduce((a, b) => a + b, 0);

describe('transforms', () => {
  it('read and write their texts', () => {
    for (const text of [
      'focus:a(b:c)',
      'hide:x',
      'module:m',
      'collapse',
      'invert',
      'only:app.',
      'trim:0.01',
    ]) {
      const parsed = parseTransform(text);
      expect(parsed && formatTransform(parsed)).toBe(text);
    }
    for (const text of ['', 'focus', 'focus:', 'invert:x', 'trim:2', 'trim:x', 'eval:1'])
      expect(parseTransform(text)).toBeUndefined();
  });

  it('focus on a function from all places', () => {
    expect(one(GRAPH, 'focus:parse(json)')).toEqual({
      'parse(json)': 4,
      'parse(json);parse(json);scan(json)': 2,
      'parse(json);scan(json)': 3,
    });
  });

  it('hide, merge, collapse and keep our own', () => {
    expect(one(GRAPH, 'hide:parse(json)')).toEqual({ 'main;idle': 1 });
    expect(one(GRAPH, 'merge:parse(json)')).toEqual({
      'main;serve(http)': 4,
      'main;serve(http);scan(json)': 2,
      'main;work;scan(json)': 3,
      'main;idle': 1,
    });
    expect(one(GRAPH, 'module:json')).toEqual({ 'main;serve(http)': 6, 'main;work': 3, 'main;idle': 1 });
    expect(one(GRAPH, 'collapse')['main;serve(http);parse(json);scan(json)']).toBe(2);
    expect(one(GRAPH, 'only:json')).toEqual({
      '': 1,
      'parse(json)': 4,
      'parse(json);parse(json);scan(json)': 2,
      'parse(json);scan(json)': 3,
    });
  });

  it('keep one box with what is beneath it', () => {
    const node = GRAPH.box.findIndex((box) => GRAPH.boxes[box].function === 'serve');
    const id = formatPathId(pathIds(GRAPH), node);
    expect(one(GRAPH, `path:${id}`)).toEqual({
      'serve(http);parse(json)': 4,
      'serve(http);parse(json);parse(json);scan(json)': 2,
    });
    expect(one(GRAPH, 'path:0123456789abcdef')).toEqual({});
  });

  it('stack, in order', () => {
    expect(one(GRAPH, 'focus:parse(json)', 'collapse', 'invert')).toEqual({
      'parse(json)': 4,
      'scan(json);parse(json)': 5,
    });
  });

  it('say what is too small instead of losing it', () => {
    const trimmed = trim(GRAPH, { minShare: 0.25 });
    expect(sum(stacksOf(trimmed))).toBe(10);
    expect(one(trimmed, 'invert')).toHaveProperty(`${LEFT_OUT.function};main`);
    expect(one(GRAPH, 'trim:0.25')).toEqual(stacksOf(trimmed));
  });

  it('keep the sum, whatever the stacks', () => {
    fc.assert(
      fc.property(stacks, (all) => {
        const graph = graphOf(all);
        for (const text of ['invert', 'collapse', 'merge:a', 'module:m', 'only:m', 'trim:0.2'])
          expect(sum(one(graph, text))).toBe(sum(all));
        expect(one(graph, 'invert', 'invert')).toEqual(stacksOf(graph));
      }),
    );
  });
});

describe('functions', () => {
  it('count a recursion once', () => {
    const { boxes, self, total, places } = functionTable(GRAPH);
    const row = boxes.findIndex((box) => box.function === 'parse');
    expect([self[row], total[row], places[row]]).toEqual([4, 9, 3]);
    expect(total[0]).toBe(10);
  });

  it('agree with a count over stacks, whatever the stacks', () => {
    fc.assert(
      fc.property(stacks, (all) => {
        const { boxes, self, total } = functionTable(graphOf(all));
        boxes.forEach((box, i) => {
          if (i === 0) return;
          const through = Object.entries(all).filter(([stack]) => stack.split(';').includes(boxName(box)));
          const ends = through.filter(([stack]) => stack.split(';').at(-1) === boxName(box));
          expect(total[i]).toBe(through.reduce((a, [, value]) => a + value, 0));
          expect(self[i]).toBe(ends.reduce((a, [, value]) => a + value, 0));
        });
      }),
    );
  });

  it('have callers and callees worth the same', () => {
    const { callers, callees, total, self } = sandwich(GRAPH, 'parse(json)');
    expect([total, self]).toEqual([9, 4]);
    expect(stacksOf(callers)).toEqual({
      'parse(json);serve(http);main': 6,
      'parse(json);work;main': 3,
    });
    expect(callees.total[0]).toBe(9);
    expect(sandwich(GRAPH, 'nobody').total).toBe(0);
  });
});

describe('difference', () => {
  const now = graphOf({ 'main;serve(http);parse(json)': 4, 'main;audit': 5, 'main;idle': 1 });

  it('has both sides at the same place', () => {
    const { graph, before, now: after } = difference(GRAPH, now);
    expect([before[0], after[0], graph.total[0]]).toEqual([10, 10, 20]);
    const audit = graph.box.findIndex((box) => graph.boxes[box].function === 'audit');
    expect([before[audit], after[audit]]).toEqual([0, 5]);
  });

  it('is nothing where nothing changed, and scales what was before', () => {
    fc.assert(
      fc.property(stacks, (all) => {
        const graph = graphOf(all);
        const doubled = graphOf(
          Object.fromEntries(Object.entries(all).map(([key, value]) => [key, 2 * value])),
        );
        const { before, now: after } = difference(graph, doubled, 2);
        expect(before).toEqual(after);
        for (const { selfBefore, selfNow } of functionChanges(graph, graph)) expect(selfBefore).toBe(selfNow);
      }),
    );
  });

  it('puts the culprit on top, not who calls it', () => {
    const [first, second] = functionChanges(GRAPH, now);
    expect([first.name, second.name]).toEqual(['audit', 'scan(json)']);
    expect([first.selfBefore, first.selfNow, second.selfNow]).toEqual([0, 5, 0]);
  });

  it('finds its boxes by the path ids of either side', () => {
    const { graph } = difference(GRAPH, now);
    const id = formatPathId(pathIds(GRAPH), 3);
    expect(findByPathId(graph, id)).toBeGreaterThan(0);
  });
});
