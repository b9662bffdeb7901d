import { flameGraphOf, type PlainNode, toPlainTree } from '@everflame/profile';
import { expect, it } from 'vitest';
import { TimeProfiler } from './time-profiler.ts';

function burnKnownFunction(ms: number): number {
  const before = process.cpuUsage();
  let x = 1;
  for (;;) {
    for (let i = 0; i < 10_000; i++) x = Math.sqrt(x + i);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 >= ms) return x;
  }
}

function nanosOf(node: PlainNode, name: string): number {
  if (node.name.startsWith(name)) return node.value;
  return node.children.reduce((sum, child) => sum + nanosOf(child, name), 0);
}

it('sees the CPU time of a function, and that a wait is none', async () => {
  const profiler = new TimeProfiler();
  profiler.start();
  burnKnownFunction(1000);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const first = profiler.take();
  const second = profiler.stop();
  const cpu = nanosOf(toPlainTree(flameGraphOf(first, 0)), 'burnKnownFunction') / 1e9;
  expect(cpu).toBeGreaterThan(0.7);
  expect(cpu).toBeLessThan(1.4);
  const wall = Number(first.samples.values[1].reduce((sum, value) => sum + value, 0n)) / 1e9;
  expect(wall).toBeGreaterThan(1.2);
  expect(second.startNanos).toBeGreaterThanOrEqual(first.startNanos + first.durationNanos);
  expect(Number(second.samples.values[0].reduce((sum, value) => sum + value, 0n)) / 1e9).toBeLessThan(0.5);
});
