import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inEngine } from './support/engine.ts';
import { freePort, Program } from './support/programs.ts';
import { ROOT, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'everflame-go-'));
const knownShares = join(scratch, 'known-shares');
const shop = join(scratch, 'shop');

beforeAll(() => {
  const build = (folder: string, binary: string) =>
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: join(ROOT, folder) });
  build('e2e/conformance/programs/known-shares', knownShares);
  build('examples/go', shop);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Truth {
  /** Seconds. */
  readonly CPU: number;
  readonly Hot: number;
  readonly Cool: number;
  /** Bytes. */
  readonly Alive: number;
  readonly Allocated: number;
}

const TYPES = {
  cpu: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  inUse: 'memory:inuse_space:bytes:space:bytes',
  allocated: 'memory:alloc_space:bytes:space:bytes',
  goroutines: 'goroutines:goroutine:count:goroutine:count',
  mutex: 'mutex:delay:nanoseconds:contentions:count',
};

async function graph(server: TestServer, query: string, type: string) {
  const asked = `query=${encodeURIComponent(query)}&type=${type}&from=-10m&until=now&format=json`;
  return server.json(`/api/v1/flamegraph?${asked}`);
}

it('a Go program: totals, shares, labels and the heap are what it says itself', async () => {
  await using server = await TestServer.start();
  const seconds = process.env.EVERFLAME_TEST_LONG ? 40 : 10;
  await using program = new Program(knownShares, [String(seconds)], {
    EVERFLAME_SERVER: server.url,
    EVERFLAME_SERVICE_NAME: 'known-go',
    EVERFLAME_WINDOW: '2',
  });
  await until('it ends', seconds + 60, async () => !program.running);
  expect([program.process.exitCode, program.output]).toEqual([0, expect.any(String)]);
  const truth: Truth = JSON.parse(program.output.split('\n').find((line) => line.startsWith('{')) ?? '');

  const cpu = await graph(server, 'known-go', TYPES.cpu);
  expect(cpu.total / 1e9 / truth.CPU).toBeGreaterThan(0.95);
  expect(cpu.total / 1e9 / truth.CPU).toBeLessThan(1.05);
  const burnt = truth.Hot + truth.Cool;
  const [hot, cool] = ['main.hot', 'main.cool'].map((name) => valueUnder(cpu.root, name));
  expect(Math.abs(hot / (hot + cool) - truth.Hot / burnt)).toBeLessThan(0.02);
  expect((hot + cool) / 1e9 / burnt).toBeGreaterThan(0.95);
  expect((hot + cool) / 1e9 / burnt).toBeLessThan(1.05);
  const labelled = await graph(server, 'known-go{endpoint="/hot"}', TYPES.cpu);
  expect(labelled.total / hot).toBeGreaterThan(0.98);
  expect(labelled.total / hot).toBeLessThan(1.02);

  // Levels are as they were; what was allocated adds up over all windows.
  const inUse = await graph(server, 'known-go', TYPES.inUse);
  expect(valueUnder(inUse.root, 'main.keep') / truth.Alive).toBeCloseTo(1, 1);
  const allocated = await graph(server, 'known-go', TYPES.allocated);
  expect(valueUnder(allocated.root, 'main.churn') / truth.Allocated).toBeCloseTo(1, 1);
  expect(valueUnder(allocated.root, 'main.keep')).toBe(0);

  const goroutines = await graph(server, 'known-go', TYPES.goroutines);
  expect(valueUnder(goroutines.root, 'main.main')).toBeGreaterThan(0);
  // Two threads hold a lock for 5 ms in turns, and wait for one another.
  const mutex = await graph(server, 'known-go', TYPES.mutex);
  expect(valueUnder(mutex.root, 'sync.(*Mutex).Unlock')).toBeGreaterThan(0);

  // The line on which a function starts is kept: profile-guided optimisation needs it.
  await server.end();
  const lines = readFileSync(join(ROOT, 'e2e/conformance/programs/known-shares/main.go'), 'utf8').split('\n');
  const rows = inEngine<{ start_line: number; line: number }>(
    server.dataDir,
    `SELECT DISTINCT start_line, line FROM everflame.frames WHERE function = 'main.burn'`,
  );
  expect(rows.length).toBeGreaterThan(0);
  const start = lines.findIndex((line) => line.startsWith('func burn(')) + 1;
  for (const row of rows) {
    expect(row.start_line).toBe(start);
    expect(row.line).toBeGreaterThanOrEqual(start);
  }
});

it('the example serves, is profiled by route, and gives way to its own /debug/pprof/profile', async () => {
  await using server = await TestServer.start();
  const port = await freePort();
  await using program = new Program(shop, [], {
    EVERFLAME_SERVER: server.url,
    EVERFLAME_WINDOW: '1',
    ADDRESS: `127.0.0.1:${port}`,
  });
  const url = `http://127.0.0.1:${port}`;
  await until(`it serves\n${program.output}`, 30, () =>
    fetch(`${url}/orders/7`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  const foreground = await fetch(`${url}/debug/pprof/profile?seconds=1`);
  expect(foreground.status).toBe(200);
  expect((await foreground.arrayBuffer()).byteLength).toBeGreaterThan(50);
  const query = 'shop-go{endpoint="/orders/{id}"}';
  await until(`the route is there\n${program.output}`, 60, async () => {
    await Promise.all([1, 2, 3, 4].map((id) => fetch(`${url}/orders/${id}`).then((answer) => answer.text())));
    const { total } = await graph(server, query, TYPES.cpu);
    return total > 0;
  });
  expect(await program.end()).toBe(0);
});
