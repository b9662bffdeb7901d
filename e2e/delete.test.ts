import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { EVERFLAME, TestServer } from './support/server.ts';

it('deletes from the command line: counts, asks, and says what went', async () => {
  await using server = await TestServer.start();
  for (const env of ['prod', 'test']) {
    const name = encodeURIComponent(`shop{env=${env}}`);
    expect((await server.push(`name=${name}`, `main;work;${env} 100\n`)).status).toBe(200);
  }
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [EVERFLAME, 'delete', ...args, '--server', server.url], { encoding: 'utf8' });
  const total = async () => (await server.json('/api/v1/flamegraph?query=shop&format=json')).total;

  const dry = run('shop{env="test"}', '--dry-run');
  expect([dry.status, dry.stderr]).toEqual([0, '']);
  expect(dry.stdout).toMatch(/1 service \(shop\), 1 series.*would go:\n {2}profiles +1 rows/);
  const unconfirmed = run('shop{env="test"}');
  expect(unconfirmed.status).toBe(2);
  expect(unconfirmed.stderr).toContain('--yes');
  expect(await total()).toBe(2e9);

  const done = run('shop{env="test"}', '--yes', '--json');
  expect([done.status, JSON.parse(done.stdout)]).toMatchObject([0, { dryRun: false, rows: { profiles: 1 } }]);
  expect(await total()).toBe(1e9);
  expect(run('shop{env="test"}', '--yes').stdout).toBe('Nothing in the store is selected.\n');

  const wrong = run('shop{', '--yes');
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('expected label="value"');
});
