import { decodePprof } from '@everflame/profile';
import { expect, it } from 'vitest';
import { Frames } from './frame.ts';
import { labelSet } from './label-set.ts';
import { Outbox } from './outbox.ts';
import { newIdentity } from './push.ts';
import { CPU, INUSE_SPACE, MAX_ROWS, Window } from './window.ts';

const frames = new Frames();
const SECOND = 1_000_000_000n;

/** A window of a second from `start` with so many stacks of 10 ms. */
function windowOf(start: bigint, stacks = 1): Window {
  const window = new Window(start * SECOND, (start + 1n) * SECOND, 100);
  for (let i = 0; i < stacks; i++)
    window.add(window.child(window.root, frames.of(`function ${i} of a length that fills a body`)), CPU, 1e7);
  window.samples = stacks;
  return window;
}

const outbox = (maxBytes?: number) => new Outbox(newIdentity('test', {}), '', maxBytes);

it('merges what waits, up to five minutes, and never what was sent', () => {
  const box = outbox();
  box.add(windowOf(1000n));
  const first = box.first();
  for (let i = 1n; i <= 400n; i++) box.add(windowOf(1000n + i));
  expect(box.first()).toBe(first);
  const lengths = box.all().map(({ startNanos, endNanos }) => Number((endNanos - startNanos) / SECOND));
  expect(lengths).toEqual([1, 300, 100]);
  const merged = decodePprof(box.all()[1].body);
  expect(Number(merged.samples.values[0][0])).toBe(300 * 1e7);
});

it('is bounded in bytes: the oldest goes, and is counted', () => {
  const box = outbox(2_000_000);
  for (let i = 0n; i < 40n; i++) {
    box.add(windowOf(1000n * i, 3000)); // too far apart, and too many stacks, to be merged
    expect(box.bytes).toBeLessThanOrEqual(2_000_000);
  }
  const kept = box.all();
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.at(-1)?.sequence).toBe(39);
  expect(box.dropped).toBe((40 - kept.length) * 3000);
  box.acknowledge(kept[0], box.dropped);
  expect(box.dropped).toBe(0);
});

it('a window is bounded in stacks; what is beyond is counted under [truncated]', () => {
  const window = windowOf(1n, MAX_ROWS + 500);
  const profile = decodePprof(
    (() => {
      const box = outbox();
      box.add(window);
      return box.all()[0].body;
    })(),
  );
  expect(profile.samples.length).toBe(MAX_ROWS + 1);
  expect(window.total(CPU)).toBe((MAX_ROWS + 500) * 1e7);
});

it('of a level the later one of two windows says how it is', () => {
  const [earlier, later] = [windowOf(1n), windowOf(2n)];
  earlier.add(earlier.child(earlier.root, frames.of('kept')), INUSE_SPACE, 700);
  later.add(later.child(later.root, frames.of('kept')), INUSE_SPACE, 500);
  earlier.merge(later);
  expect(earlier.total(INUSE_SPACE)).toBe(500);
  expect(earlier.total(CPU)).toBe(2e7);
});

it('sets of labels are bounded: what is beyond counts without labels', () => {
  const window = new Window(0n, SECOND, 100);
  const stack = window.child(window.root, frames.of('f'));
  for (let i = 0; i < 200; i++) window.add(stack, CPU, 1, labelSet({ tenant: `t${i}` }));
  for (let i = 0; i < 200; i++) window.add(stack, CPU, 1, labelSet({ tenant: 't1', trace_id: `${i}` }));
  expect(window.labels.merged).toBe(73);
  expect(window.total(CPU)).toBe(400);
  expect(stack.rows.size).toBe(127 + 1 + 200);
});
