import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ClickHouseFront } from './support/clickhouse-front.ts';
import { freePort } from './support/programs.ts';
import { EVERFLAME, TestServer, until } from './support/server.ts';

function serve(...args: string[]) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [EVERFLAME, 'serve', '--listen', '127.0.0.1:0', '--no-self-profile', ...args],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, stderr: stderr.trim() };
}

it('says at the start what is wrong with the ClickHouse, without its password', async () => {
  const nobody = `http://default:hunter2@127.0.0.1:${await freePort()}`;
  const unreachable = serve('--clickhouse', nobody);
  expect(unreachable.status).toBe(1);
  expect(unreachable.stderr).toMatch(/^everflame: No ClickHouse answers at http:\/\/127\.0\.0\.1:\d+ /);
  expect(unreachable.stderr).not.toContain('hunter2');

  await using front = await ClickHouseFront.start({ password: 'right', cluster: 'everflame' });
  const wrong = serve('--clickhouse', front.as('default', 'hunter2'));
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toMatch(/^everflame: ClickHouse does not let the user in\. .*Code: 516\./);
  expect(wrong.stderr).not.toContain('hunter2');

  const url = front.as('default', 'right');
  const unknown = serve('--clickhouse', url, '--clickhouse-cluster', 'nosuch');
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toMatch(/^everflame: ClickHouse knows no cluster nosuch.*remote_servers/);

  const name = serve('--clickhouse', url, '--clickhouse-cluster', "x'; DROP");
  expect([name.status, name.stderr]).toEqual([2, expect.stringContaining('is no name of a cluster')]);
  const alone = serve('--clickhouse-cluster', 'everflame');
  expect([alone.status, alone.stderr]).toEqual([2, expect.stringContaining('--clickhouse URL')]);
});

it('refuses pushes while ClickHouse is away, keeps what it acknowledged, and goes on when it is back', async () => {
  let front = await ClickHouseFront.start();
  const { port, dataDir } = front;
  const server = await TestServer.start({ args: ['--clickhouse', front.url] });
  const push = (id: number) =>
    server.push(`name=away&from=${Date.now()}&until=${Date.now() + 1}`, `push_${id} 1`, {
      'everflame-protocol': '1',
      'everflame-instance': 'cluster-away-0123456789',
      'everflame-sequence': String(id),
    });
  for (let id = 0; id < 20; id++) expect((await push(id)).status).toBe(200);

  await front.end('SIGKILL');
  const refused = await push(100);
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: { code: 'store_failed' } });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const asked = await server.json('/api/v1/flamegraph?query=away');
  expect(asked.error.code).toBe('query_failed');

  front = await ClickHouseFront.start({ port, dataDir });
  await until('it is ready again', 20, async () => (await fetch(`${server.url}/readyz`)).ok);
  expect((await push(100)).status).toBe(200);
  const tree = await server.json('/data?query=away&from=-1h');
  const names = tree.children.map(({ name }: { name: string }) => name).sort();
  expect(names).toEqual([...Array(20).keys(), 100].map((id) => `push_${id}`).sort());
  expect(tree.value).toBe(21e7);
  await server[Symbol.asyncDispose]();
  await front[Symbol.asyncDispose]();
});
