import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCluster } from '../packages/server/src/store/cluster.ts';
import type { StoreConnection } from '../packages/server/src/store/connection.ts';
import { expire } from '../packages/server/src/store/expiry.ts';
import type { Filter } from '../packages/server/src/store/filter.ts';
import { Lease } from '../packages/server/src/store/lease.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { Retention } from '../packages/server/src/store/retention.ts';
import { FIVE_MINUTES, ONE_HOUR, type RollupLevel } from '../packages/server/src/store/rollup-level.ts';
import { Rollups } from '../packages/server/src/store/rollups.ts';
import { bookkeeping, MIGRATIONS } from '../packages/server/src/store/schema.ts';
import { Store } from '../packages/server/src/store/store.ts';
import { filterOf, stacksOf, testPush } from '../packages/server/src/store/testing.ts';
import { topologyOf } from '../packages/server/src/store/topology.ts';
import { ClickHouseFront } from './support/clickhouse-front.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Two hours ago, on the hour: closed for every level, and kept. */
const START = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
const YEAR = new Retention({ profiles: 365 * DAY, profiles_5m: 365 * DAY, profiles_1h: 365 * DAY });
const LIMITS = { seconds: 3, memory: 100 << 20, waiting: 20 };
const ENDLESS = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)';

const nanos = (ms: number) => BigInt(ms) * 1_000_000n;
const later = (minutes: number) => () => Date.now() + minutes * MINUTE;
const within = (filter: Filter, level?: RollupLevel): Filter => {
  const segment = { table: level?.table ?? 'profiles', from: START, until: START + HOUR } as const;
  return { ...filter, from: segment.from, until: segment.until, segments: [segment] };
};

/**
 * Over the wire, on a real engine: one ClickHouse by URL, and the tables of a cluster with one shard and with two. On
 * what of the cluster is real here, see support/clickhouse-front.mjs: Distributed and Keeper are, replicas and
 * statements on other nodes are not. With two shards both are the same engine, so what asks both sees everything twice;
 * what names one service asks its shard alone.
 */
describe.each([
  { name: 'one ClickHouse', cluster: undefined, shards: 1 },
  { name: 'a cluster of one shard', cluster: 'everflame', shards: 1 },
  { name: 'a cluster of two shards', cluster: 'everflame', shards: 2 },
])('$name', ({ cluster, shards }) => {
  let front: ClickHouseFront;
  let connection: StoreConnection;
  let store: Store;

  beforeAll(async () => {
    front = await ClickHouseFront.start({
      password: 'wire',
      keeper: true,
      ...(cluster !== undefined && { cluster, shards }),
    });
    connection = openCluster(front.as('default', 'wire'), LIMITS, topologyOf(cluster));
    store = await Store.open(connection, { lingerMs: 5, rollups: { marginMs: 0 }, retention: YEAR });
  });

  afterAll(async () => {
    await store?.close();
    await front?.[Symbol.asyncDispose]();
  });

  it('has made the tables, and finds nothing to do the second time', async () => {
    const engines = await connection.rows<{ name: string; engine: string }>(
      `SELECT name, engine FROM system.tables WHERE database = 'everflame' ORDER BY name`,
    );
    const byName = Object.fromEntries(engines.map(({ name, engine }) => [name, engine]));
    const tables = ['frames', 'profiles', 'profiles_1h', 'profiles_5m', 'series', 'stacks'];
    for (const table of tables) {
      expect(byName[table]).toBe(cluster ? 'Distributed' : 'ReplacingMergeTree');
      if (cluster) expect(byName[`${table}_local`]).toBe('ReplacingMergeTree');
    }
    expect(await migrate(connection)).toEqual([]);
  });

  it('stores pushes, counts a retry once, and answers by stack, time and label', async () => {
    for (const [i, host] of ['a', 'b', 'c'].entries()) {
      const push = testPush(
        'shop',
        [
          ['main;parse', 30n],
          ['main;idle', BigInt(i + 1)],
        ],
        {
          labels: { host, env: 'prod' },
          startNanos: nanos(START + 10 * MINUTE + i * 1000),
          identity: BigInt(i + 1),
        },
      );
      await Promise.all([store.write(push), store.write(push)]);
      await store.write(push);
    }
    const filter = filterOf('shop');
    expect(await stacksOf(store.reader, filter)).toEqual({ 'main;idle': 6, 'main;parse': 90 });
    const host = { labels: [{ label: 'host', operator: '=~', value: 'a|b' } as const] };
    expect(await stacksOf(store.reader, { ...filter, ...host })).toEqual({
      'main;idle': 3,
      'main;parse': 60,
    });
    const timeline = await store.reader.timeline(
      { ...within(filter) },
      { kind: 'flow', start: START, step: HOUR, buckets: 1, by: 'host', maxGroups: 2 },
    );
    expect(timeline.map(({ group, value }) => [group, value])).toEqual([
      ['b', 32],
      ['c', 33],
      [null, 31],
    ]);
    const { catalog } = store.reader;
    expect(await catalog.labelNames(filter)).toEqual(['env', 'host']);
    expect(await catalog.labelValues(filter, 'host', 10)).toEqual(['a', 'b', 'c']);
    expect((await catalog.services({ services: [], labels: [] })).map(({ service }) => service)).toEqual([
      'shop',
    ]);
    const [facts] = await store.reader.facts(filter);
    expect(facts).toMatchObject({ profiles: 3, total: 96, nylas: false });
    expect(await store.findStart('shop', 1n)).toBe(nanos(START + 10 * MINUTE));
  });

  it('asks every shard where a question does not name one service', async () => {
    const all: Filter = {
      ...filterOf('x'),
      services: [{ label: 'service_name', operator: '=~', value: 'sh.p' }],
    };
    const { stacks, values } = await store.reader.sumByStack(all, 'flow');
    expect([...values].sort((a, b) => a - b)).toEqual([6 * shards, 90 * shards]);
    expect(stacks).toHaveLength(2);
    const labelled = { ...all, labels: [{ label: 'env', operator: '=', value: 'prod' } as const] };
    expect((await store.reader.sumByStack(labelled, 'flow')).values).toHaveLength(2);
    const rows = await store.reader.timeline(
      { ...all, labels: labelled.labels, from: START, until: START + HOUR },
      { kind: 'flow', start: START, step: HOUR, buckets: 1, by: 'host', maxGroups: 5 },
    );
    expect(rows.reduce((sum, { value }) => sum + value, 0)).toBe(96 * shards);
    // Averages do not double: seen twice, a level is what it is, twice.
    expect([...(await store.reader.sumByStack(all, 'level')).values]).not.toContain(Number.NaN);
  });

  it('sums up, two servers at once, with the same rows as one', async () => {
    const both = [0, 1].map(() => new Rollups(connection, { marginMs: 0 }));
    await Promise.all(both.map((one) => one.update(later(5))));
    await Promise.all(both.map((one) => one.update(later(10))));
    const exact = await stacksOf(store.reader, within(filterOf('shop')));
    for (const level of [FIVE_MINUTES, ONE_HOUR]) {
      expect(await stacksOf(store.reader, within(filterOf('shop'), level))).toEqual(exact);
    }
    for (const one of both) {
      expect(one.coverage(FIVE_MINUTES).readable({ from: START, until: START + HOUR })).toHaveLength(1);
    }
  });

  it('looks without computing while another server holds the lease', async () => {
    await store.write(testPush('idle', [['main', 1n]], { startNanos: nanos(START + 30 * MINUTE) }));
    const looking = new Rollups(connection, { marginMs: 0 });
    await looking.update(later(20), false);
    const hour = { from: START, until: START + HOUR };
    const unread = { from: START + 30 * MINUTE, until: START + 35 * MINUTE };
    const readable = looking.coverage(FIVE_MINUTES).readable(hour);
    expect(readable.some(({ from, until }) => from < unread.until && until > unread.from)).toBe(false);
    // The hour cannot be whole either, though nothing of its source has changed yet.
    expect(looking.coverage(ONE_HOUR).readable(hour)).toEqual([]);
    await new Rollups(connection, { marginMs: 0 }).update(later(25));
    await looking.update(later(30), false);
    expect(looking.coverage(FIVE_MINUTES).readable(hour)).toEqual([hour]);
  });

  it('gives a lease to one at a time, and to another when it is over or given back', async () => {
    const lease = (holder: string, name = 'test') => new Lease(connection, name, { holder, seconds: 2 });
    const [a, b] = [lease('a'), lease('b')];
    expect(await a.take()).toBe(true);
    expect(await b.take()).toBe(false);
    expect(await a.take()).toBe(true);
    await a.giveBack();
    expect(await b.take()).toBe(true);
    expect(await a.take()).toBe(false);
    await new Promise((over) => setTimeout(over, 3100));
    expect(await a.take()).toBe(true);
    expect(await b.take()).toBe(false);
    const crowd = Array.from({ length: 6 }, (_, i) => lease(`crowd-${i}`, 'crowd'));
    expect((await Promise.all(crowd.map((one) => one.take()))).filter(Boolean)).toHaveLength(1);
    await expect(b.during(() => Promise.reject(new Error('work failed')))).rejects.toThrow('work failed');
  });

  it('drops what is old, in the tables where it lies', async () => {
    await store.write(testPush('old', [['main', 1n]], { startNanos: nanos(Date.now() - 20 * DAY) }));
    const kept = { profiles: 10 * DAY, profiles_5m: 11 * DAY, profiles_1h: 12 * DAY };
    const expired = await expire(connection, new Retention(kept));
    expect(expired).toContainEqual({ table: 'profiles', partition: expect.stringContaining("'default'") });
    expect(await stacksOf(store.reader, filterOf('old'))).toEqual({});
    expect(Object.keys(await stacksOf(store.reader, filterOf('shop')))).toHaveLength(2);
  });

  it('deletes by service and label, and leaves names that other servers know of', async () => {
    const service = { label: 'service_name', operator: '=', value: 'shop' } as const;
    const host = { label: 'host', operator: '=', value: 'c' } as const;
    const counted = await store.delete({ services: [service], labels: [host] });
    expect(new Set(counted.services)).toEqual(new Set(['shop']));
    expect(counted).toMatchObject({ series: shards, rows: { profiles: 1 } });
    expect(await stacksOf(store.reader, within(filterOf('shop')))).toEqual({
      'main;idle': 3,
      'main;parse': 60,
    });
    await store.write(
      testPush('shop', [['main;parse', 1n]], { labels: { host: 'c' }, startNanos: nanos(START) }),
    );
    expect(await stacksOf(store.reader, within(filterOf('shop')))).toEqual({
      'main;idle': 3,
      'main;parse': 61,
    });
  });

  it('says which limit ended a question, and ends in the engine what nobody waits for', async () => {
    await expect(connection.rows(ENDLESS)).rejects.toMatchObject({ code: '159' });
    await expect(
      connection.rows('SELECT length(groupArray(toString(number))) FROM numbers(100000000)'),
    ).rejects.toMatchObject({ code: '241' });
    const regex = { services: [{ label: 'service_name', operator: '=~', value: '(' } as const], labels: [] };
    await expect(store.reader.catalog.types(regex)).rejects.toMatchObject({ code: '427' });

    const gone = new AbortController();
    const asked = connection.rows(ENDLESS, undefined, gone.signal);
    setTimeout(() => gone.abort(), 300);
    const started = performance.now();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - started).toBeLessThan(2500);
    const running =
      "SELECT toUInt32(count()) AS n FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%system.processes%'";
    expect(await connection.rows(running)).toEqual([{ n: 0 }]);
  });

  it('takes lists that are longer than a URL', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `service-${i}`);
    const rows = await connection.rows('SELECT toUInt32(length({names:Array(String)})) AS n', { names });
    expect(rows).toEqual([{ n: 20_000 }]);
  });
});

it('makes tables that the engine accepts as replicated, with Keeper', async () => {
  await using front = await ClickHouseFront.start({ cluster: 'everflame', replicated: true });
  const topology = topologyOf('everflame');
  const connection = openCluster(front.url, LIMITS, topology);
  const statements = [
    ...bookkeeping(topology),
    ...MIGRATIONS.flatMap((migration) => migration.statements(topology)),
  ].filter((statement) => statement.startsWith('CREATE'));
  for (const statement of statements) await connection.command(statement);
  const found = await connection.rows<{ table: string; path: string; replica: string }>(
    'SELECT table, zookeeper_path AS path, replica_name AS replica FROM system.replicas ORDER BY path',
  );
  const tables = ['frames', 'profiles', 'profiles_1h', 'profiles_5m', 'series', 'stacks'];
  expect(found.filter(({ table }) => table !== 'migrations')).toEqual(
    tables.map((table) => ({
      table: `${table}_local`,
      path: `/clickhouse/tables/1/everflame/${table}`,
      replica: '1',
    })),
  );
  expect(found).toContainEqual({
    table: 'migrations',
    path: '/clickhouse/tables/everflame/migrations',
    replica: '1-1',
  });
  await connection.close();
});
