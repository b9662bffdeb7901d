import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS, type AgentUnderTest, run } from './agents.ts';
import { FakeServer } from './fake-server.ts';
import { type CpuWindow, cpuWindows, median } from './pushes.ts';

/** The contract of the agents: when windows begin and end. */

beforeAll(() => Promise.all(AGENTS.map((agent) => agent.prepare())));
afterAll(() => {
  for (const agent of AGENTS) agent.dispose();
});

const PROCESSES = 6;

describe.each(AGENTS)('the $name agent', { concurrent: true, timeout: 120_000 }, (agent: AgentUnderTest) => {
  it('begins at a random phase, and goes on with a jitter of a fifth', async () => {
    const one = async (): Promise<CpuWindow[]> => {
      await using server = await FakeServer.start();
      await run(agent, server.url, { seconds: 4, busyMs: 5, env: { EVERFLAME_WINDOW: '1' } });
      return cpuWindows(server.stored);
    };
    const fleet = await Promise.all(Array.from({ length: PROCESSES }, one));
    const first = fleet.map((windows) => windows[0].length);
    // Six numbers between 0.1 and 1 lie within 0.05 once in 300,000 times; without a phase they do each time.
    expect(spread(first)).toBeGreaterThan(0.05);
    expect(Math.min(...first)).toBeLessThan(1);

    const whole = fleet.flatMap((windows) => windows.slice(1, -1)).map(({ length }) => length);
    expect(whole.length).toBeGreaterThan(PROCESSES);
    expect(Math.min(...whole)).toBeGreaterThan(0.75);
    // Of a busy machine a single window may be longer.
    expect(median(whole)).toBeLessThan(1.25);
    expect(spread(whole)).toBeGreaterThan(0.1);
  });
});

function spread(numbers: readonly number[]): number {
  return Math.max(...numbers) - Math.min(...numbers);
}
