import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from './support/server.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** One sample at 100 a second, ns. */
const SAMPLE = 1e7;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** @param from of a window, and `until`: ms from now */
async function push(
  service: string,
  from: number,
  until?: number,
): Promise<{ status: number; error?: unknown }> {
  const now = Date.now();
  const end = until === undefined ? '' : `&until=${now + until}`;
  const answer = await server.push(`name=${service}&from=${now + from}${end}`, 'main;work 1');
  const { error } = await answer.json();
  return { status: answer.status, ...(error && { error }) };
}

/** Nanoseconds in the flame graph of a range. @param from ms from now, as `until` */
async function total(service: string, from: number, until: number): Promise<number> {
  const now = Date.now();
  const tree = await server.json(`/data?query=${service}&from=${now + from}&until=${now + until}`);
  return tree.value;
}

/** Nanoseconds under the timeline of a range. */
async function underTimeline(service: string, from: number, until: number): Promise<number> {
  const now = Date.now();
  const range = `query=${service}&from=${now + from}&until=${now + until}`;
  const { step, groups } = await server.json(`/api/v1/timeline?${range}`);
  const values: (number | null)[] = groups.flatMap((group: { values: (number | null)[] }) => group.values);
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0) * (step / SECOND_MS);
}

describe('a window', () => {
  it('without length counts like any other', async () => {
    expect(await push('moment', -HOUR_MS, -HOUR_MS)).toEqual({ status: 200 });
    expect(await total('moment', -2 * HOUR_MS, 0)).toBe(SAMPLE);
    expect(await underTimeline('moment', -2 * HOUR_MS, 0)).toBeCloseTo(SAMPLE, 0);
  });

  it('of a day belongs to the range in which it starts, and its timeline to the whole day', async () => {
    expect(await push('day', -DAY_MS, 0)).toEqual({ status: 200 });
    expect(await total('day', -DAY_MS - HOUR_MS, 0)).toBe(SAMPLE);
    expect(await total('day', -HOUR_MS, 0)).toBe(0);
    // The newest bucket is left out, as long as it is not whole.
    const shown = (await underTimeline('day', -DAY_MS - HOUR_MS, 0)) / SAMPLE;
    expect(shown).toBeGreaterThan(0.98);
    expect(shown).toBeLessThan(1.001);
  });

  it('of more than a week, or that ends before it starts, is refused', async () => {
    const long = await push('long', -8 * DAY_MS, 0);
    expect(long).toMatchObject({ status: 400, error: { code: 'window_too_long', parameter: 'from' } });
    const turned = await push('turned', -HOUR_MS, -2 * HOUR_MS);
    expect(turned).toMatchObject({ status: 400, error: { code: 'bad_time', parameter: 'until' } });
  });
});

describe('a sender whose clock', () => {
  it('is ahead by some minutes is taken, and seen when its time has come', async () => {
    expect(await push('fast', 5 * MINUTE_MS, 5 * MINUTE_MS + 10 * SECOND_MS)).toEqual({ status: 200 });
    expect(await total('fast', -HOUR_MS, 0)).toBe(0);
    expect(await total('fast', -HOUR_MS, 10 * MINUTE_MS)).toBe(SAMPLE);
  });

  it.each([
    ['starts its window an hour ahead', HOUR_MS, HOUR_MS + 10 * SECOND_MS, 'from'],
    ['ends its window an hour ahead', -10 * SECOND_MS, HOUR_MS, 'until'],
  ])('%s is told so', async (_what, from, until, parameter) => {
    const { status, error } = await push('wrong', from, until);
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: 'in_future',
      parameter,
      message: expect.stringMatching(/lies 3(599|600) s in the future/),
    });
  });

  it('is behind is taken as late, and past what is kept told so', async () => {
    expect(await push('slow', -3 * HOUR_MS, -3 * HOUR_MS + 10 * SECOND_MS)).toEqual({ status: 200 });
    expect(await total('slow', -4 * HOUR_MS, 0)).toBe(SAMPLE);
    const old = await push('slow', -9 * DAY_MS, -9 * DAY_MS + 10 * SECOND_MS);
    expect(old).toMatchObject({ status: 400, error: { code: 'too_old' } });
  });

  it('goes back between two pushes loses neither', async () => {
    expect(await push('jumpy', -MINUTE_MS, -50 * SECOND_MS)).toEqual({ status: 200 });
    expect(await push('jumpy', -HOUR_MS, -HOUR_MS + 10 * SECOND_MS)).toEqual({ status: 200 });
    expect(await total('jumpy', -2 * HOUR_MS, 0)).toBe(2 * SAMPLE);
  });
});
