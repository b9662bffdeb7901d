import { expect, it } from 'vitest';
import { Readiness } from './readiness.ts';

it('is ready when the store answers, and asks it once a second at the most', async () => {
  let now = 0;
  let asked = 0;
  const readiness = new Readiness(
    async () => void asked++,
    () => now,
  );
  await Promise.all([readiness.check(), readiness.check()]);
  await readiness.check();
  expect(asked).toBe(1);
  now += 1001;
  await readiness.check();
  expect(asked).toBe(2);
});

it('is not ready when the store fails, says why, and recovers', async () => {
  let now = 0;
  let fault: string | undefined = 'the disk is gone';
  const readiness = new Readiness(
    async () => {
      if (fault !== undefined) throw new Error(fault);
    },
    () => now,
  );
  await expect(readiness.check()).rejects.toMatchObject({
    code: 'not_ready',
    status: 503,
    retryAfter: 5,
    message: expect.stringContaining('the disk is gone'),
  });
  fault = undefined;
  now += 10;
  await readiness.check();
});

it('is ready while the store is busy, and not when it has been silent for a minute', async () => {
  let now = 0;
  let isBusy = false;
  const readiness = new Readiness(
    () => (isBusy ? new Promise(() => {}) : Promise.resolve()),
    () => now,
  );
  await readiness.check();
  isBusy = true;
  now += 30_000;
  const started = performance.now();
  await readiness.check();
  expect(performance.now() - started).toBeGreaterThan(400);
  now += 31_000;
  await expect(readiness.check()).rejects.toThrow('for a minute');
});

it('is not ready before the store has answered for the first time', async () => {
  await expect(new Readiness(() => new Promise(() => {})).check()).rejects.toMatchObject({
    code: 'not_ready',
  });
});
