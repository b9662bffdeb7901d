import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';

let dataDir: string;
let connection: StoreConnection;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-limits-'));
  connection = openEmbedded({ dataDir, limits: { seconds: 3, memory: 100 << 20, waiting: 2 } });
});

afterAll(async () => {
  await connection.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Without end, as far as a test is concerned. */
const ENDLESS = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)';

it('ends what takes too long, and what takes too much memory', async () => {
  const started = performance.now();
  await expect(connection.rows(ENDLESS)).rejects.toMatchObject({ code: '159' });
  expect(performance.now() - started).toBeLessThan(10_000);
  await expect(
    connection.rows('SELECT length(groupArray(toString(number))) FROM numbers(100000000)'),
  ).rejects.toMatchObject({ code: '241' });
});

it('ends in the engine what nobody waits for any more', async () => {
  const gone = new AbortController();
  const asked = Promise.allSettled([1, 2, 3].map(() => connection.rows(ENDLESS, undefined, gone.signal)));
  setTimeout(() => gone.abort(), 300);
  const started = performance.now();
  const reason = expect.objectContaining({ name: 'AbortError' });
  expect(await asked).toEqual(Array(3).fill({ status: 'rejected', reason }));
  // All readers were taken: that one answers means that they were given back.
  expect(await connection.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(performance.now() - started).toBeLessThan(2500);
});

it('lets only so many wait, and those that have gone wait no more', async () => {
  const gone = new AbortController();
  const ask = (sql: string) => connection.rows(sql, undefined, gone.signal);
  const asked = Promise.allSettled([ENDLESS, ENDLESS, ENDLESS, 'SELECT 1', 'SELECT 1'].map(ask));
  await expect(connection.rows('SELECT 1')).rejects.toMatchObject({ code: 'too_many_queries' });
  gone.abort();
  expect((await asked).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  expect(await connection.rows('SELECT 2 AS two')).toEqual([{ two: 2 }]);
});
