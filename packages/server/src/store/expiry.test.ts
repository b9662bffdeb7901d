import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';
import { expire } from './expiry.ts';
import { DEFAULT_KEPT, Retention } from './retention.ts';
import { DATABASE } from './schema.ts';
import { Store } from './store.ts';
import { FOR_EVER, testPush } from './testing.ts';

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 4, 6, 12);

let dataDir: string;
let connection: StoreConnection;
let store: Store;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-expiry-'));
  connection = openEmbedded({ dataDir });
  store = await Store.open(connection, { lingerMs: 5, retention: FOR_EVER, rollups: { marginMs: 0 } });
  for (let day = 0; day < 4; day++) {
    await store.write(
      testPush('shop', [['main;work', 5n]], { startNanos: BigInt(NOON + day * DAY) * 1_000_000n }),
    );
  }
  // Long after the rows came in, which is now.
  await store.rollups.update(() => Date.now() + 600_000);
});

afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function rowsOf(table: string): Promise<number> {
  const [row] = await connection.rows<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${DATABASE}.${table} FINAL`,
  );
  return row?.n ?? 0;
}

it('drops the days that are older than they are kept, table by table, and names last', async () => {
  expect([await rowsOf('profiles'), await rowsOf('profiles_5m'), await rowsOf('profiles_1h')]).toEqual([
    4, 4, 4,
  ]);
  const retention = new Retention();
  // On the second day after the first seven are over, one day is past.
  expect(await expire(connection, retention, NOON + 8 * DAY)).toEqual([
    { table: 'profiles', partition: "('default','2026-05-06')" },
  ]);
  expect(await expire(connection, retention, NOON + 8 * DAY)).toEqual([]);
  expect(await rowsOf('profiles')).toBe(3);
  await expire(connection, retention, NOON + 60 * DAY);
  expect([await rowsOf('profiles'), await rowsOf('profiles_5m'), await rowsOf('profiles_1h')]).toEqual([
    0, 0, 4,
  ]);
  // What the hours name can still be drawn, until they go, and for no longer.
  await expire(connection, retention, NOON + 400 * DAY);
  expect([await rowsOf('profiles_1h'), await rowsOf('stacks'), await rowsOf('frames')]).toEqual([4, 1, 2]);
  await expire(connection, retention, NOON + 425 * DAY);
  expect(await rowsOf('profiles_1h')).toBe(0);
  await expire(connection, retention, NOON + 460 * DAY);
  expect([await rowsOf('stacks'), await rowsOf('frames'), await rowsOf('series')]).toEqual([0, 0, 0]);
});

it('keeps a class for its own time', async () => {
  await store.write(testPush('audit', [['main', 1n]], { startNanos: BigInt(NOON) * 1_000_000n }));
  await connection.command(
    `INSERT INTO ${DATABASE}.profiles (class, service, ts) VALUES ('long', 'audit', '2026-05-06 12:00:00')`,
  );
  const kept = { ...DEFAULT_KEPT, profiles: 20 * DAY };
  const retention = new Retention(DEFAULT_KEPT, [{ name: 'long', match: [], kept }]);
  await expire(connection, retention, NOON + 10 * DAY);
  const rows = await connection.rows(`SELECT DISTINCT toString(class) AS class FROM ${DATABASE}.profiles`);
  expect(rows).toEqual([{ class: 'long' }]);
});
