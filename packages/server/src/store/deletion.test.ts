import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { Deletion } from './deletion.ts';
import { openEmbedded } from './embedded.ts';
import { FIVE_MINUTES, ONE_HOUR } from './rollup-level.ts';
import { DATABASE } from './schema.ts';
import { Store } from './store.ts';
import { filterOf, stacksOf, testPush } from './testing.ts';

const HOUR = 3_600_000;
const START = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR;
const later = (minutes: number) => () => Date.now() + minutes * 60_000;

let dataDir: string;
let connection: StoreConnection;
let store: Store;
let deletion: Deletion;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-deletion-'));
  connection = openEmbedded({ dataDir });
  store = await Store.open(connection, { lingerMs: 5, rollups: { marginMs: 0 } });
  deletion = new Deletion(connection, store.rollups);
  let identity = 0n;
  for (const service of ['shop', 'cart']) {
    for (const [env, host] of [
      ['prod', 'a'],
      ['prod', 'b'],
      ['test', 'a'],
    ]) {
      await store.write(
        testPush(
          service,
          [
            ['main;work', 5n],
            [`main;only_${env}`, 1n],
          ],
          {
            labels: { env, host },
            startNanos: BigInt(START) * 1_000_000n,
            identity: ++identity,
          },
        ),
      );
    }
  }
  await store.rollups.update(later(5));
  await store.rollups.update(later(10));
});

afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function rows(table: string, service = 'shop'): Promise<number> {
  const [row] = await connection.rows<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${DATABASE}.${table} FINAL WHERE service = {service:String}`,
    { service },
  );
  return row?.n ?? 0;
}

const of = (label: string, value: string) => ({
  services: filterOf('shop').services,
  labels: [{ label, operator: '=', value } as const],
});

it('counts first, and changes nothing', async () => {
  expect(await deletion.count(of('env', 'test'), START)).toEqual({
    services: ['shop'],
    // The series of its host, and that of the hours, which keep no host.
    series: 2,
    rows: { profiles: 1, profiles_5m: 1, profiles_1h: 1 },
    first: START,
    last: START,
    mergedHours: 0,
  });
  expect(await rows('profiles')).toBe(3);
  expect((await deletion.count(of('env', 'nowhere'), START)).series).toBe(0);
});

it('takes what has a label out of every table, names that nobody uses too', async () => {
  await deletion.run(of('env', 'test'), START);
  expect([await rows('profiles'), await rows('profiles_5m'), await rows('profiles_1h')]).toEqual([2, 2, 1]);
  expect(await stacksOf(store.reader, filterOf('shop'))).toEqual({ 'main;only_prod': 2, 'main;work': 10 });
  const names = await connection.rows<{ function: string }>(
    `SELECT DISTINCT function FROM ${DATABASE}.frames WHERE service = 'shop' ORDER BY function`,
  );
  expect(names.map((one) => one.function)).toEqual(['main', 'only_prod', 'work']);
  expect(await rows('profiles', 'cart')).toBe(3);
});

it('sums hours up again without a process that they had merged with others', async () => {
  const counted = await deletion.run(of('host', 'b'), START);
  expect(counted).toMatchObject({ rows: { profiles: 1, profiles_5m: 1, profiles_1h: 0 }, mergedHours: 0 });
  expect(store.rollups.coverage(ONE_HOUR).readable({ from: START, until: START + HOUR })).toEqual([]);
  await store.rollups.update(later(15));
  await store.rollups.update(later(20));
  for (const table of ['profiles', FIVE_MINUTES.table, ONE_HOUR.table] as const) {
    const segments = [{ table, from: START, until: START + HOUR }];
    expect(await stacksOf(store.reader, { ...filterOf('shop'), segments })).toEqual({
      'main;only_prod': 1,
      'main;work': 5,
    });
  }
  const nothing = await deletion.count(of('host', 'a'), START + 2 * HOUR);
  expect(nothing.mergedHours).toBe(1);
});

it('takes a whole service, and leaves the others alone', async () => {
  await deletion.run({ services: filterOf('shop').services, labels: [] }, START);
  for (const table of ['profiles', 'profiles_5m', 'profiles_1h', 'series', 'stacks', 'frames']) {
    expect([table, await rows(table)]).toEqual([table, 0]);
  }
  expect(await stacksOf(store.reader, filterOf('cart'))).toMatchObject({ 'main;work': 15 });
});
