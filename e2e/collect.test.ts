import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort, Program, python } from './support/programs.ts';
import { EVERFLAME, ROOT, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

const FIXTURES = join(ROOT, 'e2e/fixtures/nylas');

async function nylasProgram(port: number): Promise<Program> {
  return new Program(await python(), ['program.py', String(port)], { PYTHONPATH: FIXTURES }, FIXTURES);
}

it('collects an unmodified nylas sampler with the old spelling, and shows its functions', async () => {
  await using server = await TestServer.start();
  const port = await freePort();
  const dead = await freePort();
  await using program = await nylasProgram(port);
  await using collector = new Program(process.execPath, [
    EVERFLAME,
    ...[
      'collect',
      '--host',
      'localhost',
      '--ports',
      `${port},${dead}`,
      '--interval',
      '2',
      '--server',
      server.url,
    ],
    ...['--label', 'env=test'],
  ]);
  const tree = await until(`the program's functions\n${collector.output}`, 60, async () => {
    expect([program.running, program.output]).toEqual([true, expect.any(String)]);
    const found = await server.json('/data?from=-15minutes&query=nylas');
    return valueUnder(found, 'expensive(__main__)') > 1e9 && found;
  });
  const [expensive, cheap] = [valueUnder(tree, 'expensive(__main__)'), valueUnder(tree, 'cheap(__main__)')];
  expect(expensive / cheap).toBeGreaterThan(2);
  expect(expensive / cheap).toBeLessThan(4.5);

  const { services } = await server.json('/api/v1/services');
  expect(services).toMatchObject([
    { service: 'nylas', labels: { sampler: ['nylas'], language: ['python'] } },
  ]);
  expect((await server.json('/api/v1/labels/instance/values?query=nylas')).values).toEqual([
    `localhost:${port}`,
  ]);
  const { notes } = await server.json('/api/v1/flamegraph?query=nylas{env="test"}');
  expect(notes).toMatchObject([{ code: 'nylas_sampler', message: expect.stringContaining('33–45 %') }]);
  expect(collector.output).toContain(`${dead} (nylas): down`);
  expect(await collector.end()).toBe(0);
});

it('keeps what it polled while the server is away', { timeout: 300_000 }, async () => {
  const server = await TestServer.start();
  const port = await freePort();
  await using _program = await nylasProgram(port);
  const address = new URL(server.url).host;
  await using collector = new Program(process.execPath, [
    ...[
      EVERFLAME,
      'collect',
      '--host',
      '127.0.0.1',
      '--ports',
      String(port),
      '--interval',
      '1',
      '--server',
      server.url,
    ],
  ]);
  const counted = (one: TestServer) =>
    one.json('/data?from=-15minutes&query=nylas').then(({ value }) => value);
  await until('a first profile', 60, async () => (await counted(server)) > 0);
  await server.end();
  await new Promise((away) => setTimeout(away, 6000));
  await using again = await TestServer.start({ dataDir: server.dataDir, args: ['--listen', address] });
  // Windows without a gap: the sampler was reset at each poll, and each poll is there.
  await until(`all that was polled\n${collector.output}`, 90, async () => {
    const { groups } = await again.json('/api/v1/timeline?query=nylas&from=-2minutes');
    const values: (number | null)[] = groups[0]?.values ?? [];
    const first = values.findIndex((value) => value !== null);
    const last = values.findLastIndex((value) => value !== null);
    return last - first >= 2 && values.slice(first, last + 1).every((value) => value !== null);
  });
});

it('polls from inside the server, and tells how it goes', async () => {
  const port = await freePort();
  const dead = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'everflame-config-'));
  const config = join(folder, 'everflame.yaml');
  writeFileSync(
    config,
    `collect:\n  interval: 2s\n  targets:\n    - {kind: nylas, host: 127.0.0.1, ports: "${port},${dead}", service: shop, labels: {env: prod}}\n`,
  );
  await using server = await TestServer.start({ args: ['--config', config] });
  await using _program = await nylasProgram(port);
  const { targets } = await until('one target up, one down', 60, async () => {
    const found = await server.json('/api/v1/targets');
    const states = found.targets.map(({ state }: { state: string }) => state);
    return states.join() === 'up,down' && found;
  });
  expect(targets[0]).toMatchObject({ service: 'shop', lastError: null, intervalSeconds: 2 });
  expect(targets[1].lastError).toContain('ECONNREFUSED');
  await until(
    'its functions',
    60,
    async () => valueUnder(await server.json('/data?query=shop'), 'expensive') > 0,
  );
  rmSync(folder, { recursive: true });
});
