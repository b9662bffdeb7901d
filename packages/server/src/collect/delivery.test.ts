import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Delivery } from './delivery.ts';
import { sizeOf } from './parcel.ts';
import { TryLaterError } from './sink.ts';
import { countOf, RecordingSink, recordingLogger, silent, testPush, until } from './testing.ts';

it('tries again with the very same push, until it is stored, and says so once', async () => {
  const sink = new RecordingSink();
  const { logger, lines } = recordingLogger();
  sink.fails = () => (sink.attempts < 3 ? new Error('away') : undefined);
  const delivery = new Delivery({ sink, logger });
  const push = testPush(1);
  let settled = 0;
  delivery.send(push, () => settled++);
  expect(delivery.waiting).toBe(1);
  await until('it is stored', () => settled > 0);
  expect(sink.pushes).toEqual([push]);
  expect(sink.pushes[0]).toBe(push);
  expect(settled).toBe(1);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'profiles cannot be stored; they are kept and tried again: away',
    'profiles are stored again',
  ]);
});

it('finds out by a new profile that the sink is back, and then sends what waits', async () => {
  const sink = new RecordingSink();
  sink.fails = () => new TryLaterError('away', 30_000);
  const delivery = new Delivery({ sink, logger: silent });
  for (let i = 0; i < 200; i++) delivery.send(testPush(i), () => {});
  await until('all were refused once', () => sink.attempts >= 32);
  await sleep(50);
  // No storm: those that found no place wait, and the sink said when to come again.
  expect(sink.attempts).toBe(32);
  sink.fails = undefined;
  delivery.send(testPush(200), () => {});
  await until('all are stored', () => sink.pushes.length === 201, 5);
  expect(sink.pushes.map(countOf).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 201 }, (_, i) => i),
  );
  expect(delivery.waiting).toBe(0);
});

it('is not held up by a profile that can never be stored', async () => {
  const sink = new RecordingSink();
  sink.fails = ({ identity }) => (identity === 0n ? new TypeError('a bug') : undefined);
  const delivery = new Delivery({ sink, logger: silent });
  for (let i = 0; i < 100; i++) delivery.send(testPush(i), () => {});
  await until('the others are stored', () => sink.pushes.length === 99, 5);
  expect(delivery.waiting).toBe(1);
  expect(sink.attempts).toBeLessThan(300);
});

it('gives up the oldest when too much waits, idle profiles too, and says how many', async () => {
  const sink = new RecordingSink();
  sink.fails = () => new Error('away');
  const { logger, lines } = recordingLogger();
  const delivery = new Delivery({ sink, logger, maxBytes: sizeOf(testPush(0)) * 40 });
  const lost: number[] = [];
  for (let i = 0; i < 32; i++) delivery.send(testPush(i), () => lost.push(i));
  await until('they wait', () => sink.attempts === 32);
  await sleep(20);
  for (let i = 32; i < 50; i++) {
    delivery.send(testPush(i), () => lost.push(i));
    await sleep(1);
  }
  expect(lost).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(delivery.counts.lost).toBe(10);
  expect(lines.filter(({ level }) => level >= 50)).toMatchObject([{ lost: 1 }]);
});

it('stops at the deadline though the sink never answers', async () => {
  const delivery = new Delivery({ sink: { write: () => new Promise(() => {}) }, logger: silent });
  delivery.send(testPush(1), () => {});
  const started = performance.now();
  await delivery.close(300);
  expect(performance.now() - started).toBeLessThan(3000);
});
