import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVERFLAME, TestServer, until } from './support/server.ts';

it('shows a real flame graph of itself within 20 s, with no program set up', async () => {
  await using server = await TestServer.start({ selfProfile: true });
  const page = await fetch(`${server.url}/?from=-15minutes`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await page.text()).toContain('Everflame');
  const answer = await until('its own profile', 20, async () => {
    const found = await server.json(
      '/api/v1/flamegraph?query=everflame&type=wall:wall:nanoseconds:wall:nanoseconds',
    );
    return found.total > 0 && found;
  });
  expect(answer.graph.nodes.depth.length).toBeGreaterThan(1);
  expect((await server.json('/api/v1/services')).services[0]).toMatchObject({ service: 'everflame' });
});

it('prints where it is, where the data lies, and how to profile a program', async () => {
  await using server = await TestServer.start();
  expect(server.log).toContain(server.url);
  expect(server.log).toContain(server.dataDir);
  expect(server.log).toContain(`everflame-run --server ${server.url}`);
});

it.each(['SIGTERM', 'SIGINT'] as const)(
  'stops cleanly on %s, and has everything when it starts again',
  async (signal) => {
    const server = await TestServer.start({ selfProfile: true });
    const pushes = Array.from({ length: 20 }, (_, i) => server.push('name=restart', `main;work ${i + 1}`));
    expect((await Promise.all(pushes)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await server.end(signal)).toBe(0);
    await using again = await TestServer.start({ dataDir: server.dataDir });
    expect((await again.json('/data?query=restart')).value).toBe(210e7);
  },
);

it('answers what is under way when it is told to stop', async () => {
  const server = await TestServer.start();
  const pushed = server.push('name=last', 'main 1');
  await new Promise((wait) => setTimeout(wait, 10));
  const started = performance.now();
  const [answer, code] = await Promise.all([pushed, server.end()]);
  expect(answer.status).toBe(200);
  expect(code).toBe(0);
  // Nobody waits for what may come on a connection that is kept alive: the last resort is after 10 s.
  expect(performance.now() - started).toBeLessThan(9000);
  rmSync(server.dataDir, { recursive: true });
});

function run(...args: string[]) {
  return spawnSync(process.execPath, [EVERFLAME, ...args], { encoding: 'utf8', timeout: 60_000 });
}

it('refuses to listen beyond this machine without --insecure', async () => {
  const refused = run('serve', '--listen', '0.0.0.0:0');
  expect(refused.stderr).toContain('--insecure');
  expect(refused.status).toBe(2);
  await using server = await TestServer.start({ args: ['--listen', '0.0.0.0:0', '--insecure'] });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

it('refuses a data directory and a port that are taken, and says so', async () => {
  await using server = await TestServer.start();
  const sameData = run('serve', '--listen', '127.0.0.1:0', '--data', server.dataDir);
  expect(sameData.stderr).toMatch(/in use by another Everflame \(process \d+\)/);
  expect(sameData.status).toBe(1);
  const samePort = run('serve', '--listen', new URL(server.url).host, '--data', `${server.dataDir}-other`);
  rmSync(`${server.dataDir}-other`, { recursive: true, force: true });
  expect(samePort.stderr).toContain('address is in use');
  expect(samePort.status).toBe(1);
});

it.each([
  [['serve', '--listen', 'nonsense'], 'listen'],
  [['serve', '--port', '99999'], 'listen'],
  [['serve', '--config', '/nowhere.yaml'], '/nowhere.yaml'],
  [['serve', '--nonsense'], '--nonsense'],
  [['nonsense'], 'nonsense'],
  [['collect', '--ports', '1..x'], 'ports'],
])('says what is wrong with %j', (args, mentions) => {
  const refused = run(...args);
  expect(refused.stderr).toContain(mentions);
  expect(refused.status).toBe(2);
});

it('has help and a version', () => {
  const help = run('serve', '--help');
  expect(help.status).toBe(0);
  expect(help.stdout).toContain('Examples:');
  expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
