import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS, type AgentUnderTest, run } from './agents.ts';
import { arrival, expectAllOfIt } from './expectations.ts';
import { FakeServer, type Reply, STORED } from './fake-server.ts';
import { cpuWindows } from './pushes.ts';

/** The contract of the agents: a server that is not there, and the end of the program. */

const isLong = process.env.EVERFLAME_TEST_LONG !== undefined;
/** At exit an agent may take 2 s; a busy machine a little more. */
const EXIT_SECONDS = 3;

beforeAll(() => Promise.all(AGENTS.map((agent) => agent.prepare())));
afterAll(() => {
  for (const agent of AGENTS) agent.dispose();
});

describe.each(AGENTS)('the $name agent', { concurrent: true, timeout: 120_000 }, (agent: AgentUnderTest) => {
  it('loses nothing while the server is away, and merges what waits', async () => {
    await using server = await FakeServer.start();
    const running = run(agent, server.url, { seconds: 9, env: { EVERFLAME_WINDOW: '1' } });
    await arrival(server, 2);
    await server.vanish();
    await sleep(3500);
    await server.appear();
    const finished = await running;
    expectAllOfIt(agent, server, finished);
    // Some three windows passed meanwhile.
    expect(Math.max(...cpuWindows(server.stored).map(({ length }) => length))).toBeGreaterThan(1.5);
  });

  it('pushes its last window at exit, to a server that takes its time', async () => {
    await using server = await FakeServer.start(() => ({ ...STORED, afterMs: 200 }));
    const finished = await run(agent, server.url, { seconds: 4, env: { EVERFLAME_WINDOW: '60' } });
    expectAllOfIt(agent, server, finished);
    expect(cpuWindows(server.stored).length).toBe(1);
    expect(finished.exitDelay).toBeLessThan(EXIT_SECONDS);
  });

  it('does not hold up the end of a program whose server hangs', async () => {
    await using server = await FakeServer.start(() => ({ hangs: true }));
    const { exitDelay, status } = await run(agent, server.url, { seconds: 2 });
    expect(status).toBe(0);
    expect(exitDelay).toBeLessThan(EXIT_SECONDS);
  });

  const busy: [what: string, reply: Reply][] = [
    ['that is too busy', { status: 429, headers: { 'retry-after': '0' } }],
    ['whose connections break', { broken: 'before' }],
  ];
  it.each(busy)('is in no hurry with a server %s', async (_what, reply) => {
    await using server = await FakeServer.start(() => reply);
    const { cpu, status, exitDelay } = await run(agent, server.url, { seconds: 6, busyMs: 0 });
    expect(status).toBe(0);
    expect(exitDelay).toBeLessThan(EXIT_SECONDS);
    expect(server.attempts.length).toBeGreaterThan(1);
    // Half a second on average between two, and the end.
    expect(server.attempts.length).toBeLessThan(40);
    // Of a program that does nothing, with windows a tenth of the usual length.
    expect(cpu).toBeLessThan(0.15 * 6);
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
      await sleep(120_000);
      await server.appear();
      const finished = await running;
      expectAllOfIt(agent, server, finished);
      expect(finished.memory).toBeLessThan(usual.memory + 30e6);
      // In two minutes there were 170 windows: few pushes hold them.
      expect(cpuWindows(server.stored).length).toBeLessThan(110);
    },
  );
});
