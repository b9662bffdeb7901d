import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StoreConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';
import { Store } from './store.ts';
import { TableSizes } from './table-sizes.ts';
import { FOR_EVER, testPush } from './testing.ts';

it('counts what is on disk, at most once in a while, and empty tables too', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'everflame-sizes-'));
  const connection = openEmbedded({ dataDir });
  let questions = 0;
  const counted = {
    ...connection,
    rows: <T>(sql: string, params?: Readonly<Record<string, unknown>>) => {
      questions++;
      return connection.rows<T>(sql, params);
    },
  };
  const store = await Store.open(connection, { lingerMs: 1, retention: FOR_EVER });
  try {
    let now = 0;
    const sizes = new TableSizes(counted, () => now);
    const of = async (table: string) => (await sizes.read()).find((one) => one.table === table);
    expect(await of('profiles')).toEqual({ table: 'profiles', rows: 0, bytes: 0, parts: 0 });

    await store.write(
      testPush('a', [
        ['main;work', 1n],
        ['main;idle', 2n],
      ]),
    );
    await store.write(testPush('b', [['main;work', 1n]], { identity: 2n }));
    expect((await of('profiles'))?.rows).toBe(0);
    expect(questions).toBe(1);
    now += 15_001;
    const [profiles, stacks] = [await of('profiles'), await of('stacks')];
    expect(profiles).toMatchObject({ rows: 2 });
    expect(profiles?.bytes).toBeGreaterThan(100);
    expect(profiles?.parts).toBeGreaterThanOrEqual(1);
    expect(stacks?.rows).toBe(3);
    expect(questions).toBe(2);
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

it('asks again after a failure', async () => {
  let fails = true;
  const connection = {
    rows: async () => {
      if (fails) throw new Error('no engine');
      return [{ table: 'profiles', rows: '18446744073709', bytes: '1', parts: '1' }];
    },
  };
  const sizes = new TableSizes(connection as never, () => 0);
  await expect(sizes.read()).rejects.toThrow('no engine');
  fails = false;
  expect(await sizes.read()).toEqual([{ table: 'profiles', rows: 18446744073709, bytes: 1, parts: 1 }]);
});

it('calls tables on a cluster what they are called everywhere', async () => {
  const row = { table: 'profiles_local', rows: '3', bytes: '100', parts: '1' };
  const connection = { rows: async () => [row], topology: { cluster: 'prod' } };
  const sizes = new TableSizes(connection as unknown as StoreConnection);
  expect(await sizes.read()).toEqual([{ table: 'profiles', rows: 3, bytes: 100, parts: 1 }]);
});
