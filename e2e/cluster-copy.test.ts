import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ClickHouseFront } from './support/clickhouse-front.ts';
import { EVERFLAME, TestServer, until } from './support/server.ts';

const HOUR = 3_600_000;

it('copies a data directory into a ClickHouse that is in use, and again without counting twice', async () => {
  const embedded = await TestServer.start();
  const at = Date.now() - 60_000;
  const pushes = Array.from({ length: 30 }, (_, i) => {
    const from = at - i * 2 * HOUR;
    return embedded.push(
      `name=${encodeURIComponent(`shop{host=h${i % 3}}`)}&from=${from}&until=${from + 1000}`,
      `main;step${i % 5} ${i + 1}`,
    );
  });
  expect((await Promise.all(pushes)).map(({ status }) => status)).toEqual(Array(30).fill(200));
  const before = await embedded.json('/data?query=shop&from=-3days');

  await using front = await ClickHouseFront.start({ cluster: 'everflame', password: 'secret' });
  const url = front.as('default', 'secret');
  const options = ['--clickhouse', url, '--clickhouse-cluster', 'everflame'];
  const copy = (...args: string[]) =>
    spawnSync(process.execPath, [EVERFLAME, 'copy', '--data', embedded.dataDir, ...options, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
    });
  const inUse = copy();
  expect([inUse.status, inUse.stderr]).toEqual([1, expect.stringContaining('in use by another Everflame')]);
  await embedded.end();

  const cluster = await TestServer.start({ args: options });
  expect((await cluster.push('name=shop', 'main;new 5')).status).toBe(200);
  for (const _ of ['first', 'again']) {
    const done = copy();
    expect([done.status, done.stderr.includes('secret')]).toEqual([0, false]);
    expect(done.stdout).toMatch(/^profiles +30 rows in [34] partitions, there 31$/m);
    // A server that runs meanwhile notices within some seconds.
    const after = await until('all is seen', 20, async () => {
      const tree = await cluster.json('/data?query=shop&from=-3days');
      return tree.value === before.value + 5e7 && tree;
    });
    const names = (node: { children: { name: string }[] }) => node.children.map(({ name }) => name).sort();
    expect(names(after.children[0])).toEqual([...names(before.children[0]), 'new'].sort());
  }
  const nowhere = spawnSync(process.execPath, [EVERFLAME, 'copy', '--data', '/nonexistent', ...options], {
    encoding: 'utf8',
  });
  expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringContaining('there is no store in')]);
  await cluster[Symbol.asyncDispose]();
  rmSync(embedded.dataDir, { recursive: true, force: true });
});
