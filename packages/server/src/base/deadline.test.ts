import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withDeadline } from './deadline.ts';

const forever = (signal: AbortSignal) => sleep(60_000, undefined, { signal, ref: false });

it('ends work that takes too long, though memory is collected meanwhile', async () => {
  const works = Array.from({ length: 50 }, () => withDeadline(200, new AbortController().signal, forever));
  for (let i = 0; i < 20; i++) new Array(1e6).fill({});
  const ends = await Promise.allSettled(works);
  expect(ends.map(({ status }) => status)).toEqual(Array(50).fill('rejected'));
});

it('ends when it is told to, also before it began', async () => {
  const stop = new AbortController();
  const work = withDeadline(60_000, stop.signal, forever);
  stop.abort(new Error('stop'));
  await expect(work).rejects.toThrow();
  await expect(withDeadline(60_000, stop.signal, forever)).rejects.toThrow();
});

it('gives what the work gives', async () => {
  expect(await withDeadline(1000, new AbortController().signal, async () => 7)).toBe(7);
});
