import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';
import { MAX_BODY_BYTES, poll } from './poll-http.ts';
import { listen } from './testing.ts';

const never = new AbortController().signal;
const text = (body: Uint8Array) => Buffer.from(body).toString();

function ask(url: string, options: { timeoutMs?: number; budget?: ByteBudget; signal?: AbortSignal } = {}) {
  return poll({ url, timeoutMs: 10_000, signal: never, budget: new ByteBudget(1 << 30), ...options }, text);
}

it('reads plain and gzipped answers, and gives back what it took of the budget', async () => {
  await using target = await listen((request, response) =>
    response.end(request.url === '/gzip' ? gzipSync('hello') : 'hello'),
  );
  const budget = new ByteBudget(1000);
  expect(await ask(target.url, { budget })).toBe('hello');
  expect(await ask(`${target.url}/gzip`, { budget })).toBe('hello');
  expect(budget.taken).toBe(0);
});

it('times out whatever the garbage collector does meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: unknown = runInNewContext('gc');
  if (typeof collectGarbage !== 'function') throw new Error('no gc');
  await using silentTarget = await listen(() => {});
  const stop = new AbortController();
  const asked = Promise.allSettled(
    Array.from({ length: 5 }, () => ask(silentTarget.url, { timeoutMs: 600, signal: stop.signal })),
  );
  for (let i = 0; i < 5; i++) {
    await sleep(50);
    collectGarbage();
  }
  const answers = await Promise.race([asked, sleep(5000)]);
  stop.abort();
  expect(answers).toHaveLength(5);
  expect(answers).toMatchObject([{ reason: { message: 'did not answer within 0.6 s' } }, {}, {}, {}, {}]);
});

it('stops reading an answer without end', async () => {
  let written = 0;
  await using endless = await listen((_request, response) => {
    const chunk = Buffer.alloc(1 << 20, 'x');
    const more = () => {
      if (response.destroyed) return;
      written += chunk.length;
      if (response.write(chunk)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await expect(ask(endless.url, { timeoutMs: 60_000 })).rejects.toThrow('answered more than 32 MiB');
  const soon = written;
  await sleep(300);
  expect(written).toBe(soon);
  expect(written).toBeLessThan(MAX_BODY_BYTES * 2);
});

it('stops at a gzip bomb', async () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20));
  await using target = await listen((_request, response) => response.end(bomb));
  await expect(ask(target.url)).rejects.toThrow('answered more than 64 MiB, decompressed');
});

it('refuses what all answers together must not hold, and gives it back', async () => {
  await using target = await listen((_request, response) => response.end(Buffer.alloc(5000)));
  const budget = new ByteBudget(4000);
  await expect(ask(target.url, { budget })).rejects.toThrow('too many large answers at once');
  expect(budget.taken).toBe(0);
});
