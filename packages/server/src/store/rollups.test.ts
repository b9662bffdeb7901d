import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileType } from '@everflame/profile';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';
import type { Filter } from './filter.ts';
import { FIVE_MINUTES, ONE_HOUR, type RollupLevel, type Segment } from './rollup-level.ts';
import { Rollups } from './rollups.ts';
import { DATABASE } from './schema.ts';
import { Store } from './store.ts';
import { filterOf, stacksOf, testPush } from './testing.ts';

let dataDir: string;
let connection: StoreConnection;
let store: Store;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-rollups-'));
  connection = openEmbedded({ dataDir });
  store = await Store.open(connection, { lingerMs: 5, rollups: { marginMs: 0 } });
});

afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Two hours ago, on the hour: closed for every level, and kept. */
const START = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
const HEAP = profileType('memory', 'inuse_space', 'bytes', 'space', 'bytes');
/** Minutes after now, so that what was just written has settled. */
const later = (minutes: number) => () => Date.now() + minutes * MINUTE;

const nanos = (ms: number) => BigInt(ms) * 1_000_000n;
const within = (filter: Filter, level?: RollupLevel): Filter => {
  const segment: Segment = { table: level?.table ?? 'profiles', from: START, until: START + HOUR };
  return { ...filter, from: segment.from, until: segment.until, segments: [segment] };
};

async function count(table: string, service: string): Promise<number> {
  const rows = await connection.rows<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${DATABASE}.${table} FINAL WHERE service = {service:String}`,
    { service },
  );
  return rows[0]?.n ?? 0;
}

it('says what the profiles say, at both levels, retries counted once', async () => {
  let identity = 0n;
  for (let at = START; at < START + HOUR; at += 5 * MINUTE + 10_000) {
    for (const host of ['a', 'b']) {
      const push = testPush(
        'shop',
        [
          ['main;parse', 30n],
          ['main;idle', BigInt(at % 7)],
        ],
        {
          labels: { host, env: 'prod' },
          startNanos: nanos(at),
          identity: ++identity,
        },
      );
      await Promise.all([store.write(push), store.write(push)]);
    }
  }
  await store.write(testPush('shop', [], { startNanos: nanos(START + MINUTE), labels: { host: 'idle' } }));
  await store.rollups.update(later(5));
  // The hour follows once its parts have settled.
  await store.rollups.update(later(10));

  const filter = filterOf('shop');
  const exact = await stacksOf(store.reader, within(filter));
  expect(exact['main;parse']).toBe(24 * 30);
  for (const level of [FIVE_MINUTES, ONE_HOUR]) {
    expect(await stacksOf(store.reader, within(filter, level))).toEqual(exact);
    const [stats] = await store.reader.facts(within(filter, level));
    const [base] = await store.reader.facts(within(filter));
    expect(stats).toMatchObject({ profiles: base.profiles, total: base.total });
  }
  const prod = { labels: [{ label: 'env', operator: '=', value: 'prod' } as const] };
  expect(await stacksOf(store.reader, within({ ...filter, ...prod }, ONE_HOUR))).toEqual(exact);
  const host = { labels: [{ label: 'host', operator: '=', value: 'a' } as const] };
  expect((await stacksOf(store.reader, within({ ...filter, ...host }, FIVE_MINUTES)))['main;parse']).toBe(
    360,
  );
  expect(await count('profiles_1h', 'shop')).toBe(2);
});

it('computes again what late windows fall into, and nothing else', async () => {
  const before = await connection.rows<{ ts: string }>(
    `SELECT ts, computed FROM ${DATABASE}.profiles_5m FINAL WHERE service = 'shop' ORDER BY ts, series`,
  );
  const late = START + 21 * MINUTE;
  await store.write(
    testPush('shop', [['main;late', 7n]], { startNanos: nanos(late), labels: { host: 'a' } }),
  );
  const coverage = store.rollups.coverage(FIVE_MINUTES);
  const hour = { from: START, until: START + HOUR };
  expect(coverage.readable(hour)).toEqual([
    { from: START, until: START + 20 * MINUTE },
    { from: START + 25 * MINUTE, until: START + HOUR },
  ]);
  await store.rollups.update(later(15));
  await store.rollups.update(later(20));
  expect(coverage.readable(hour)).toEqual([hour]);
  for (const level of [FIVE_MINUTES, ONE_HOUR]) {
    expect(await stacksOf(store.reader, within(filterOf('shop'), level))).toMatchObject({ 'main;late': 7 });
  }
  const after = await connection.rows<{ ts: string }>(
    `SELECT ts, computed FROM ${DATABASE}.profiles_5m FINAL WHERE service = 'shop' ORDER BY ts, series`,
  );
  const changed = after.filter(
    (row) => !before.some((other) => JSON.stringify(other) === JSON.stringify(row)),
  );
  expect(new Set(changed.map(({ ts }) => ts)).size).toBe(1);
});

it('averages levels over the minutes covered, as the profiles do', async () => {
  const type = HEAP;
  const options = { type, durationNanos: nanos(30_000) };
  let identity = 0n;
  for (let minute = 0; minute < 12; minute++) {
    for (const [host, value] of [
      ['a', 100n],
      ['b', 40n],
    ] as const) {
      // b is there for a part of the time, and measured twice a minute.
      if (host === 'b' && minute > 3) continue;
      for (const second of host === 'b' ? [0, 30] : [0]) {
        await store.write(
          testPush('heap', [['main;cache', value + BigInt(second)]], {
            ...options,
            labels: { host },
            startNanos: nanos(START + minute * MINUTE + second * 1000),
            identity: ++identity,
          }),
        );
      }
    }
  }
  await store.rollups.update(later(25));
  await store.rollups.update(later(30));
  const filter = filterOf('heap', { types: ['memory:inuse_space:bytes:space:bytes'] });
  const exact = await stacksOf(store.reader, within(filter), 'level');
  expect(exact['main;cache']).toBeCloseTo((12 * 100 + 4 * 55) / 12, 6);
  for (const level of [FIVE_MINUTES, ONE_HOUR]) {
    const rolled = await stacksOf(store.reader, within(filter, level), 'level');
    expect(rolled['main;cache']).toBeCloseTo(exact['main;cache'], 6);
    expect((await store.reader.facts(within(filter, level)))[0].covered).toBe(12 * MINUTE);
  }
  const step = { kind: 'level', start: START, step: 5 * MINUTE, buckets: 12, maxGroups: 5 } as const;
  const base = await store.reader.timeline(within(filter), step);
  expect(await store.reader.timeline(within(filter, FIVE_MINUTES), step)).toEqual(base);
});

it('needs nothing but the tables: another one finds nothing to do, and the same after a crash half-way', async () => {
  const rows = await count('profiles_5m', 'shop');
  await connection.command(`ALTER TABLE ${DATABASE}.profiles_5m DELETE WHERE service = 'shop' AND
    toMinute(ts) < 20 SETTINGS mutations_sync = 1`);
  expect(await count('profiles_5m', 'shop')).toBeLessThan(rows);
  const other = new Rollups(connection, { marginMs: 0 });
  await other.update(later(35));
  expect(await count('profiles_5m', 'shop')).toBe(rows);
  expect(other.coverage(FIVE_MINUTES).readable({ from: START, until: START + HOUR })).toHaveLength(1);
});

it('gives the same rows when two do it at once', async () => {
  await connection.command(`TRUNCATE TABLE ${DATABASE}.profiles_5m`);
  await Promise.all([
    new Rollups(connection, { marginMs: 0 }).update(later(40)),
    new Rollups(connection, { marginMs: 0 }).update(later(40)),
  ]);
  const filter = filterOf('shop');
  expect(await stacksOf(store.reader, within(filter, FIVE_MINUTES))).toEqual(
    await stacksOf(store.reader, within(filter)),
  );
});

it('refuses windows that are older than profiles are kept', async () => {
  const old = BigInt(Date.now() - 8 * 24 * HOUR) * 1_000_000n;
  await expect(store.write(testPush('old', [['main', 1n]], { startNanos: old }))).rejects.toMatchObject({
    code: 'too_old',
  });
});

it('leaves a bucket alone while it is being written, however long ago it was, and not for ever', async () => {
  const rollups = new Rollups(connection);
  await store.write(testPush('late', [['main', 1n]], { startNanos: nanos(START) }));
  await rollups.update(() => Date.now() + 50_000);
  expect(await count('profiles_5m', 'late')).toBe(0);
  // The same, had it been going on for a while.
  await connection.command(`INSERT INTO ${DATABASE}.profiles (class, service, type, series, ts, push, inserted)
    SELECT class, service, type, series, ts, push + 1, now64(3) - INTERVAL 11 MINUTE
    FROM ${DATABASE}.profiles WHERE service = 'late'`);
  await rollups.update(() => Date.now() + 50_000);
  expect(await count('profiles_5m', 'late')).toBe(1);
});
