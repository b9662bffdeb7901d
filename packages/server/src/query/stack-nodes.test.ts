import { expect, it } from 'vitest';
import { StackNodes } from './stack-nodes.ts';

it('finds what was put in, however many, and nothing else', () => {
  const nodes = new StackNodes();
  // Ids that share their low word, ids with a word of 0, and enough to grow several times.
  const ids = Array.from({ length: 20_000 }, (_, i) => [(i * 2654435761) >>> 0, i % 7] as const);
  ids.push([5, 1], [5, 2], [0, 0], [0, 9]);
  ids.forEach(([low, high], node) => {
    nodes.set(low, high, node);
  });
  ids.forEach(([low, high], node) => {
    expect(nodes.get(low, high)).toBe(low === 0 && high === 0 ? 20_002 : node);
  });
  expect(nodes.get(5, 3)).toBe(-1);
  nodes.set(5, 1, 7);
  expect(nodes.get(5, 1)).toBe(7);
  expect(nodes.size).toBe(new Set(ids.map(String)).size);
});
