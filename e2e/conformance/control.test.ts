import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS, type AgentUnderTest, run } from './agents.ts';
import { expectAllOfIt } from './expectations.ts';
import { FakeServer, type Reply } from './fake-server.ts';
import { cpuWindows } from './pushes.ts';

/** The contract of the agents: what the answers to their pushes tell them to do. */

const isLong = process.env.EVERFLAME_TEST_LONG !== undefined;

beforeAll(() => Promise.all(AGENTS.map((agent) => agent.prepare())));
afterAll(() => {
  for (const agent of AGENTS) agent.dispose();
});

const told = (control: object): Reply => ({ status: 200, body: JSON.stringify({ control }) });

describe.each(AGENTS)('the $name agent', { concurrent: true, timeout: 120_000 }, (agent: AgentUnderTest) => {
  it('takes length and rate from the server, and its own again where it says nothing of them', async () => {
    const began = Date.now();
    let free = Number.POSITIVE_INFINITY;
    await using server = await FakeServer.start((_n, { at }) => {
      if (at < began + 4000) return told({ window: 2, hz: 20 });
      free = Math.min(free, at);
      return told({});
    });
    const finished = await run(agent, server.url, { seconds: 10 });
    expectAllOfIt(agent, server, finished);
    const windows = cpuWindows(server.stored);
    const asTold = windows.filter(({ length }) => length > 1.5);
    expect(asTold.length).toBeGreaterThan(1);
    // The limiter may lower a rate, and nothing raises it.
    if (agent.followsRate) expect(Math.max(...asTold.map(({ rate }) => rate))).toBeLessThanOrEqual(20);
    else expect(finished.output).toContain('20 samples per second');
    // One more window may have begun as the server said; its last one ends early.
    const own = windows.filter(({ from }) => Number(from) / 1e6 > free + 2500).slice(0, -1);
    expect(own.length).toBeGreaterThan(0);
    expect(Math.max(...own.map(({ length }) => length))).toBeLessThan(1.5);
    expect(Math.max(...own.map(({ rate }) => rate))).toBeGreaterThan(20);
  });

  it('goes silent where it is told to', async () => {
    await using server = await FakeServer.start(() => told({ enabled: false }));
    const { status } = await run(agent, server.url, { seconds: 6 });
    expect(status).toBe(0);
    const first = server.attempts[0].at;
    expect(server.attempts.filter(({ at }) => at > first + 2500)).toEqual([]);
  });

  it('does a capture once, and marks it', async () => {
    await using server = await FakeServer.start(() =>
      told({ capture: { id: 'abc123', type: 'cpu', hz: 200, seconds: 2 } }),
    );
    const finished = await run(agent, server.url, { seconds: 7 });
    expectAllOfIt(agent, server, finished);
    const marked = server.stored.filter(({ headers }) => headers['everflame-capture'] === 'abc123');
    expect(marked.length).toBe(1);
    const [{ length }] = cpuWindows(marked);
    expect(length).toBeGreaterThan(1.9);
    expect(length).toBeLessThan(3);
  });

  it('refuses a capture of what there is not, once, and says why', async () => {
    await using server = await FakeServer.start(() =>
      told({ capture: { id: 'abc124', type: 'flavour', seconds: 1 } }),
    );
    await run(agent, server.url, { seconds: 4 });
    const refusals = server.attempts.flatMap(({ headers }) => headers['everflame-capture-refused'] ?? []);
    expect(refusals).toEqual([expect.stringMatching(/^abc124 [ -~]{3,190}$/)]);
  });

  it.runIf(isLong)(
    'asks once a minute while it is off, and goes on when it may',
    { timeout: 200_000 },
    async () => {
      await using server = await FakeServer.start((_n, { isQuestion }) => told({ enabled: isQuestion }));
      // What it pushes once it is on again switches it off again.
      await run(agent, server.url, { seconds: 90 });
      const [question] = server.questions;
      const off = server.attempts[0].at;
      expect(question.at - off).toBeGreaterThan(45_000);
      expect(question.at - off).toBeLessThan(80_000);
      expect(question.body.length).toBe(0);
      expect(server.attempts.some(({ at }) => at > question.at)).toBe(true);
    },
  );
});
