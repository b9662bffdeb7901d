import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ClickHouseFront } from './support/clickhouse-front.ts';
import { TestServer, until } from './support/server.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The tables of a cluster with one shard; support/clickhouse-front.mjs says what of a cluster that is. */
const startFront = () => ClickHouseFront.start({ cluster: 'everflame', password: 'secret' });
const startServer = (front: ClickHouseFront) =>
  TestServer.start({
    args: ['--clickhouse', front.as('default', 'secret'), '--clickhouse-cluster', 'everflame'],
  });

interface Sent {
  readonly id: number;
  readonly from: number;
}

/** Every push has a function of its own, worth 1 sample: what is stored, and how often, can be read off the tree. */
async function send(server: TestServer, { id, from }: Sent): Promise<boolean> {
  try {
    const answer = await server.push(`name=fleet&from=${from}&until=${from + 1}`, `push_${id} 1`, {
      'everflame-protocol': '1',
      'everflame-instance': 'cluster-test-0123456789',
      'everflame-sequence': String(id),
    });
    return answer.status === 200;
  } catch {
    return false;
  }
}

async function storedBy(server: TestServer): Promise<Map<string, number>> {
  const tree = await server.json('/data?query=fleet&from=-1h');
  return new Map(tree.children.map(({ name, value }: { name: string; value: number }) => [name, value]));
}

it('two servers make the tables at once, take each push once, and give the same answers; one killed loses nothing', async () => {
  await using front = await startFront();
  const [a, b] = await Promise.all([startServer(front), startServer(front)]);
  for (const server of [a, b]) expect((await fetch(`${server.url}/readyz`)).status).toBe(200);

  const sent: Sent[] = [];
  const acknowledged = new Set<number>();
  let next = 0;
  let stopped = false;
  const sender = async (first: TestServer, second: TestServer) => {
    while (!stopped) {
      const push = { id: next++, from: Date.now() };
      sent.push(push);
      // Every third is sent again to the other server, as behind a load balancer.
      if (await send(first, push)) acknowledged.add(push.id);
      if (push.id % 3 === 0 && (await send(second, push))) acknowledged.add(push.id);
    }
  };
  const senders = Array.from({ length: 16 }, (_, i) => (i % 2 ? sender(a, b) : sender(b, a)));
  await sleep(3000);
  a.process.kill('SIGKILL');
  await sleep(1000);
  stopped = true;
  await Promise.all(senders);
  expect(acknowledged.size).toBeGreaterThan(100);

  // What was acknowledged, by the one that was killed too, is there once.
  const seen = await storedBy(b);
  expect([...acknowledged].filter((id) => seen.get(`push_${id}`) !== 1e7)).toEqual([]);
  expect([...seen.values()].filter((value) => value !== 1e7)).toEqual([]);
  // What was not is sent again, and counts once whether or not it had been stored.
  for (const push of sent) if (!acknowledged.has(push.id)) expect(await send(b, push)).toBe(true);
  const again = await startServer(front);
  const [one, other] = await Promise.all([storedBy(again), storedBy(b)]);
  expect(one.size).toBe(sent.length);
  expect(one).toEqual(other);
  expect([...one.values()].every((value) => value === 1e7)).toBe(true);
  await Promise.all([again[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
});

it('a retry without a time, at the other server, gets the time of the first attempt', async () => {
  await using front = await startFront();
  const [a, b] = await Promise.all([startServer(front), startServer(front)]);
  const key = { 'idempotency-key': 'the-same-push' };
  expect((await a.push('name=timeless', 'main 7', key)).status).toBe(200);
  await sleep(1200);
  expect((await b.push('name=timeless', 'main 7', key)).status).toBe(200);
  expect((await a.json('/data?query=timeless')).value).toBe(7e7);
  await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
});

it('two servers answer the same before and after rollups, late profiles included', async () => {
  await using front = await startFront();
  const [a, b] = await Promise.all([startServer(front), startServer(front)]);
  const start = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
  const ask = async (server: TestServer) => {
    const { total, tables, rounded } = await server.json(
      `/api/v1/flamegraph?query=rolled&from=${start}&until=${start + HOUR}`,
    );
    return { total, tables, rounded };
  };
  const push = async (server: TestServer, at: number, text: string) =>
    expect((await server.push(`name=rolled&from=${at}&until=${at + 10_000}`, text)).status).toBe(200);
  for (let i = 0; i < 24; i++) {
    await push(i % 2 ? a : b, start + i * 2 * MINUTE, `main;work ${i + 1}\n`);
  }
  const exact = 300e7;
  // These are hours late: what one takes, the other notices within some seconds.
  for (const server of [a, b])
    await until('all is seen', 15, async () => (await ask(server)).total === exact);

  /** Rows rest for a minute before they are summed up: let that be over. */
  const age = () =>
    front.sql(`ALTER TABLE everflame.profiles_local UPDATE inserted = now64(3) - INTERVAL 62 SECOND
      WHERE inserted > now64(3) - INTERVAL 60 SECOND SETTINGS mutations_sync = 1`);
  const rolled = (total: number) => async () => {
    const answers = await Promise.all([ask(a), ask(b)]);
    // At no time is anything missing, or there twice.
    for (const answer of answers) expect(answer.total).toBe(total);
    return answers.every(({ tables }) => !tables.includes('profiles'));
  };
  await age();
  await until('both read rollups', 100, rolled(exact));
  // One of them did it.
  expect(
    await front.sql('SELECT name, count() FROM everflame.leases WHERE until > now() GROUP BY name'),
  ).toBe('maintenance\t1\n');

  // Late, at one of them, which knows at once.
  await push(a, start + 31 * MINUTE, 'main;late 10\n');
  expect((await ask(a)).total).toBe(exact + 10e7);
  await until('the other has noticed', 15, async () => (await ask(b)).total === exact + 10e7);
  await age();
  await until('both read rollups again', 100, rolled(exact + 10e7));
  await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
});
