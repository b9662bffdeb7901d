import { describe, expect, it } from 'vitest';
import { layOut } from './layout.ts';
import { graphOf, nodeAt } from './test-graphs.ts';
import { viewportOf } from './viewport.ts';
import { walk } from './walk.ts';

describe('keys', () => {
  const graph = graphOf('main;a 2', 'main;b;x 3', 'main;c 1', 'other;d 10');
  const layout = layOut(graph);
  const node = (...names: string[]) => nodeAt(graph, ...names);
  const go = (from: number, step: Parameters<typeof walk>[3], within = 0) =>
    walk(layout, viewportOf(layout, within), from, step);

  it('go up to the parent and down to the child worth most', () => {
    expect(go(node('main', 'c'), 'parent')).toBe(node('main'));
    expect(go(0, 'parent')).toBe(0);
    expect(go(node('main'), 'child')).toBe(node('main', 'b'));
    expect(go(node('main', 'a'), 'child')).toBe(node('main', 'a'));
    expect(go(node('main', 'b', 'x'), 'first')).toBe(0);
  });

  it('go along a row, past the end of the parent', () => {
    expect(go(node('main', 'a'), 'next')).toBe(node('main', 'b'));
    expect(go(node('main', 'c'), 'next')).toBe(node('other', 'd'));
    expect(go(node('other', 'd'), 'next')).toBe(node('other', 'd'));
    expect(go(node('main', 'b'), 'previous')).toBe(node('main', 'a'));
  });

  it('stay within what is looked at', () => {
    expect(go(node('main', 'c'), 'next', node('main'))).toBe(node('main', 'c'));
  });
});
