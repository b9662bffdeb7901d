import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from './support/programs.ts';
import { ROOT, TestServer, until } from './support/server.ts';
import { pathTo, valueUnder } from './support/tree.ts';

/** The package as it is published, in a folder of its own, and programs that know nothing of it. */
const folder = mkdtempSync(join(tmpdir(), 'everflame-node-'));
const START = ['--import', '@everflame/agent/start'];
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';
const IN_USE = 'memory:inuse_space:bytes:space:bytes';

beforeAll(() => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: join(ROOT, 'packages/agent'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const scope = join(folder, 'node_modules/@everflame');
  mkdirSync(join(scope, 'agent'), { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '--strip-components=1'], {
    cwd: join(scope, 'agent'),
  });
  // What npm would install beside it.
  symlinkSync(join(ROOT, 'node_modules/@datadog'), join(folder, 'node_modules/@datadog'));
  cpSync(join(ROOT, 'e2e/fixtures/node/endings.cjs'), join(folder, 'endings.cjs'));
  cpSync(join(ROOT, 'e2e/fixtures/node/shop.ts'), join(folder, 'src/shop.ts'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
  const target = ['--target', 'es2022', '--module', 'nodenext', '--ignoreConfig'];
  execFileSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    [...types, ...target, '--sourceMap', '--outDir', 'dist', 'src/shop.ts'],
    { cwd: folder },
  );
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function graph(server: TestServer, service: string, type: string) {
  return server.json(
    `/api/v1/flamegraph?query=${service}&type=${encodeURIComponent(type)}&from=-10m&until=now&format=json`,
  );
}

function settings(server: TestServer, service: string, window: number) {
  return {
    EVERFLAME_SERVER: server.url,
    EVERFLAME_SERVICE_NAME: service,
    EVERFLAME_WINDOW: String(window),
    NODE_OPTIONS: '',
  };
}

it('CPU, wall time and heap of a program compiled from TypeScript, by its own names', async () => {
  await using server = await TestServer.start();
  await using program = new Program(
    process.execPath,
    [...START, 'dist/shop.js'],
    { ...settings(server, 'shop', 1), EVERFLAME_MEMORY: 'live', EVERFLAME_MEMORY_INTERVAL: '65536' },
    folder,
  );
  const port = await until('it listens', 20, async () => /port (\d+)/.exec(program.output)?.[1]);
  const end = Date.now() + 4000;
  while (Date.now() < end) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(await program.end('SIGTERM')).toBe('SIGTERM');

  const cpu = await graph(server, 'shop', CPU);
  expect(valueUnder(cpu.root, 'total') / cpu.total).toBeGreaterThan(0.3);
  // A function without a name is called by its line, which is another one in the JavaScript.
  const lines = readFileSync(join(ROOT, 'e2e/fixtures/node/shop.ts'), 'utf8').split('\n');
  const handler = lines.findIndex((line) => line.includes('createServer((')) + 1;
  const path = pathTo(cpu.root, 'total');
  expect(
    path.some((name) => name.startsWith(`(anonymous:${handler})`)),
    path.join(' '),
  ).toBe(true);
  const wall = await graph(server, 'shop', WALL);
  expect(valueUnder(wall.root, 'total')).toBeGreaterThan(0);
  expect(valueUnder(wall.root, '(idle)')).toBeGreaterThan(0);
  const heap = await graph(server, 'shop', IN_USE);
  expect(pathTo(heap.root, 'keepOrders')).not.toEqual([]);
  expect(valueUnder(heap.root, 'keepOrders') / 2 ** 20).toBeGreaterThan(6);
  expect(valueUnder(heap.root, 'keepOrders') / 2 ** 20).toBeLessThan(11);
});

describe('the last window comes, which here is the only one', () => {
  it.each([
    ['returns', 0, 1],
    ['exits', 3, 1],
    ['throws', 1, 1],
    ['waits', 'SIGTERM', 1],
    ['cluster', 0, 2],
    ['workers', 0, 2],
  ] as const)('%s', async (how, status, times) => {
    await using server = await TestServer.start();
    await using program = new Program(
      process.execPath,
      [...START, 'endings.cjs', how],
      settings(server, how, 600),
      folder,
    );
    if (how === 'waits') {
      await until('it has burnt', 30, async () => program.output.includes('spent'));
      program.process.kill('SIGTERM');
    }
    await until('it ends', 60, async () => !program.running);
    expect(program.process.exitCode ?? program.process.signalCode, program.output).toBe(status);
    const { root } = await graph(server, how, CPU);
    const seconds = valueUnder(root, 'spend') / 1e9;
    // Of each 0.4 s; process.cpuUsage() of a thread counts the other one's time, too.
    expect(seconds).toBeGreaterThan(how === 'workers' ? 0.3 : 0.3 * times);
    expect(seconds).toBeLessThan(0.6 * times);
  });
});
