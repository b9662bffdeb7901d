import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TestServer } from './support/server.ts';

const ROUNDS = process.env.EVERFLAME_TEST_LONG ? 100 : 5;

/** Every push has a function of its own, worth 1 sample: what is stored, and how often, can be read off the tree. */
it(`has every acknowledged push once after ${ROUNDS} × kill -9 under load`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  let server = await TestServer.start();
  const acknowledged = new Set<number>();
  const sent: { id: number; from: number }[] = [];
  let next = 0;

  for (let round = 0; round < ROUNDS; round++) {
    let killed = false;
    const one = server;
    const sender = async () => {
      while (!killed) {
        const id = next++;
        const push = { id, from: Date.now() };
        sent.push(push);
        if (await send(one, push)) acknowledged.add(id);
      }
    };
    const senders = Array.from({ length: 16 }, sender);
    await sleep(500 + Math.random() * 1000);
    one.process.kill('SIGKILL');
    killed = true;
    await Promise.all(senders);
    server = await TestServer.start({ dataDir: one.dataDir });
  }

  // What was not acknowledged is sent again, as an agent would: it may have been stored all the same.
  for (const push of sent) if (!acknowledged.has(push.id)) expect(await send(server, push)).toBe(true);
  const tree = await server.json('/data?query=crash&from=-1h');
  const stored = new Map<string, number>(
    tree.children.map((child: { name: string; value: number }) => [child.name, child.value]),
  );
  expect(acknowledged.size).toBeGreaterThan(ROUNDS * 20);
  expect(sent.filter(({ id }) => stored.get(`push_${id}`) !== 1e7)).toEqual([]);
  expect(stored.size).toBe(sent.length);
  await server[Symbol.asyncDispose]();
});

async function send(server: TestServer, { id, from }: { id: number; from: number }): Promise<boolean> {
  try {
    const answer = await server.push(`name=crash&from=${from}&until=${from + 1}`, `push_${id} 1`, {
      'everflame-protocol': '1',
      'everflame-instance': 'crash-test-0123456789',
      'everflame-sequence': String(id),
    });
    return answer.status === 200;
  } catch {
    return false;
  }
}
