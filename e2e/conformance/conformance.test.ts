import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS, type AgentUnderTest, type Finished, run } from './agents.ts';
import { type Attempt, BROKEN_BEFORE, FakeServer, type Reply, STORED } from './fake-server.ts';
import { changed, cpuSeconds, cpuWindows, largestGap, missing } from './pushes.ts';

/**
 * The contract of the agents (docs/agent-contract.md), for each of them alike. Programs say themselves what CPU time
 * they used; that is compared with what arrived, each push counted once.
 */

const isLong = process.env.EVERFLAME_TEST_LONG !== undefined;
/** What an agent may use before the program's clock starts and after it stops, s. */
const MARGIN = 0.1;

beforeAll(() => Promise.all(AGENTS.map((agent) => agent.prepare())));
afterAll(() => {
  for (const agent of AGENTS) agent.dispose();
});

function expectAllOfIt(agent: AgentUnderTest, server: FakeServer, { cpu, status, output }: Finished): void {
  expect([status, output]).toEqual([0, expect.any(String)]);
  expect(missing(server.stored)).toEqual([]);
  expect(changed(server.attempts)).toEqual([]);
  expect(new Set(server.attempts.map(({ instance }) => instance)).size).toBe(1);
  const windows = cpuWindows(server.stored);
  const found = cpuSeconds(server.stored);
  expect(found).toBeGreaterThan(cpu * 0.95 - MARGIN / 2 - windows.length * agent.closing);
  expect(found).toBeLessThan(cpu * 1.05 + MARGIN);
  expect(largestGap(windows)).toBeLessThan(5);
}

const tries = (server: FakeServer, sequence: number) =>
  server.attempts.filter((attempt) => attempt.sequence === sequence);

describe.each(AGENTS)('the $name agent', { concurrent: true, timeout: 120_000 }, (agent: AgentUnderTest) => {
  it('pushes all that was used, window by window, and the last one at exit', async () => {
    await using server = await FakeServer.start();
    const finished = await run(agent, server.url, { seconds: 4, env: { EVERFLAME_TOKEN: 'secret' } });
    expectAllOfIt(agent, server, finished);
    expect(cpuWindows(server.stored).length).toBeGreaterThan(4);
    expect(server.attempts.length).toBe(server.stored.length);
    expect(finished.exitDelay).toBeLessThan(2);
    for (const { headers, target } of server.attempts) {
      expect(headers.authorization).toBe('Bearer secret');
      expect(headers['everflame-protocol']).toBe('1');
      expect(headers['everflame-dropped']).toBe('0');
      const name = new URL(target, 'http://localhost').searchParams.get('name');
      expect(name).toMatch(/^conformance\{.*env=test.*instance=[^,]+:\d+.*language=\w+/);
    }
  });

  it('loses nothing where every second push fails, and never changes one', async () => {
    const failures: Reply[] = [
      { status: 503 },
      BROKEN_BEFORE,
      { status: 429, headers: { 'retry-after': '0' } },
      { half: 'head' },
      { broken: 'stored' },
      { status: 500, body: 'x'.repeat(200_000) },
      { status: 200, body: '{"control":', afterMs: 700 },
      { half: 'body' },
    ];
    await using server = await FakeServer.start((n) =>
      n % 2 === 0 ? failures[(n / 2) % failures.length] : STORED,
    );
    const finished = await run(agent, server.url, { seconds: 6 });
    // The last push is tried once: where that failed it is lost, and nothing else is.
    const last = server.attempts.at(-1);
    if (last?.stored) expectAllOfIt(agent, server, finished);
    expect(missing(server.stored)).toEqual([]);
    expect(changed(server.attempts)).toEqual([]);
    expect(server.attempts.length).toBeGreaterThan(server.stored.length);
  });

  it('waits as long as Retry-After says', async () => {
    await using server = await FakeServer.start((n) =>
      n === 0 ? { status: 429, headers: { 'retry-after': '2' } } : STORED,
    );
    const finished = await run(agent, server.url, { seconds: 5 });
    expectAllOfIt(agent, server, finished);
    const [first, second] = server.attempts;
    expect(second.at - first.at).toBeGreaterThanOrEqual(1900);
    expect(second.sequence).toBe(first.sequence);
  });

  it('does not try again what is refused, and reports it', async () => {
    const refusals = [400, 401, 413];
    await using server = await FakeServer.start((n) =>
      n < 3 ? { status: refusals[n], body: 'no' } : STORED,
    );
    const { status, output } = await run(agent, server.url, { seconds: 4 });
    expect(status).toBe(0);
    expect(server.attempts.slice(0, 3).map((attempt) => tries(server, attempt.sequence).length)).toEqual([
      1, 1, 1,
    ]);
    // The first push that is taken says how much was lost, and those after it nothing.
    const dropped = server.attempts.map(({ headers }) => Number(headers['everflame-dropped']));
    expect(dropped[0]).toBe(0);
    expect(dropped[3]).toBeGreaterThan(0);
    expect(dropped.slice(4)).toEqual(dropped.slice(4).map(() => 0));
    expect(output.match(/refuse/g)?.length).toBeGreaterThan(0);
  });

  it('loses nothing while the server is away, and merges what waits', async () => {
    await using server = await FakeServer.start();
    const running = run(agent, server.url, { seconds: 9, env: { EVERFLAME_WINDOW: '1' } });
    await arrival(server, 2);
    await server.vanish();
    await new Promise((wait) => setTimeout(wait, 3500));
    await server.appear();
    const finished = await running;
    expectAllOfIt(agent, server, finished);
    // Some three windows passed meanwhile.
    const lengths = cpuWindows(server.stored).map(({ from, until }) => Number(until - from) / 1e9);
    expect(Math.max(...lengths)).toBeGreaterThan(1.5);
  });

  it('does not hold up the end of a program whose server hangs', async () => {
    await using server = await FakeServer.start(() => ({ hangs: true }));
    const { exitDelay, status } = await run(agent, server.url, { seconds: 2 });
    expect(status).toBe(0);
    expect(exitDelay).toBeLessThan(4);
  });

  it.runIf(isLong)('survives answers of every kind', async () => {
    const nonsense: Reply[] = [
      { status: 200, body: '\u0000'.repeat(1000) },
      { status: 200, body: '['.repeat(50_000) },
      { status: 200, body: '{"control":{"enabled":"no","hz":"many","window":-5,"capture":{"id":7}}}' },
      { status: 200, body: 'x'.repeat(5_000_000) },
      { status: 204 },
      { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
      { status: 200, body: '{"control":{"window":1e-9,"hz":1e300,"capture":{"id":"../..","type":[]}}}' },
    ];
    await using server = await FakeServer.start((n) => nonsense[n % nonsense.length]);
    const { status } = await run(agent, server.url, { seconds: 12 });
    expect(status).toBe(0);
    expect(server.attempts.length).toBeGreaterThan(8);
  });

  it.runIf(isLong)('does a capture once, and marks it', async () => {
    const told = JSON.stringify({ control: { capture: { id: 'abc123', type: 'cpu', seconds: 2 } } });
    await using server = await FakeServer.start(() => ({ status: 200, body: told }));
    const finished = await run(agent, server.url, { seconds: 9 });
    expectAllOfIt(agent, server, finished);
    const marked = server.stored.filter(({ headers }) => headers['everflame-capture'] === 'abc123');
    expect(marked.length).toBe(1);
    const [{ from, until }] = cpuWindows(marked);
    expect(Number(until - from) / 1e9).toBeGreaterThan(1.9);
    expect(Number(until - from) / 1e9).toBeLessThan(3);
  });

  it.runIf(isLong)('goes silent where it is told to', async () => {
    await using server = await FakeServer.start(() => ({
      status: 200,
      body: '{"control":{"enabled":false}}',
    }));
    const { status } = await run(agent, server.url, { seconds: 12 });
    expect(status).toBe(0);
    const first = server.attempts[0].at;
    expect(server.attempts.filter(({ at }) => at > first + 4000)).toEqual([]);
  });

  it.runIf(isLong)(
    'loses nothing in an outage of minutes, in bounded memory',
    { timeout: 400_000 },
    async () => {
      await using calm = await FakeServer.start();
      const usual = await run(agent, calm.url, { seconds: 20 });
      await using server = await FakeServer.start();
      const running = run(agent, server.url, { seconds: 180 });
      await arrival(server, 2);
      await server.vanish();
      await new Promise((wait) => setTimeout(wait, 120_000));
      await server.appear();
      const finished = await running;
      expectAllOfIt(agent, server, finished);
      expect(finished.memory).toBeLessThan(usual.memory + 30e6);
      // In two minutes there were 240 windows: few pushes hold them.
      expect(server.stored.length).toBeLessThan(180);
    },
  );
});

/** Waits until so many pushes have come. */
async function arrival(server: FakeServer, count: number): Promise<Attempt[]> {
  const deadline = Date.now() + 30_000;
  while (server.attempts.length < count) {
    if (Date.now() > deadline) throw new Error(`${server.attempts.length} pushes came, not ${count}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
  return server.attempts;
}
