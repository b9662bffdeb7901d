import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS, type AgentUnderTest, run } from './agents.ts';
import { arrival, dropped, expectAllOfIt, tries } from './expectations.ts';
import { BROKEN_BEFORE, FakeServer, type Reply, STORED } from './fake-server.ts';
import { cpuSeconds, cpuWindows } from './pushes.ts';

/** The contract of the agents (docs/agent-contract.md), for each of them alike: pushing, and trying again. */

beforeAll(() => Promise.all(AGENTS.map((agent) => agent.prepare())));
afterAll(() => {
  for (const agent of AGENTS) agent.dispose();
});

describe.each(AGENTS)('the $name agent', { concurrent: true, timeout: 120_000 }, (agent: AgentUnderTest) => {
  it('pushes all that was used, window by window, and says whose it is', async () => {
    await using server = await FakeServer.start();
    const finished = await run(agent, server.url, { seconds: 4, env: { EVERFLAME_TOKEN: 'secret' } });
    expectAllOfIt(agent, server, finished);
    expect(cpuWindows(server.stored).length).toBeGreaterThan(4);
    // A push under way at the end may go out once more, as what it is.
    expect(new Set(server.attempts.map((one) => one.sequence)).size).toBe(server.stored.length);
    expect(finished.listening).toEqual([]);
    for (const attempt of server.attempts) {
      expect(attempt.headers.authorization).toBe('Bearer secret');
      expect(attempt.headers['everflame-protocol']).toBe('1');
      expect(attempt.instance).toMatch(/^.{8,}$/);
      expect(dropped(attempt)).toBe(0);
      const name = new URL(attempt.target, 'http://localhost').searchParams.get('name');
      expect(name).toMatch(/^conformance\{.*env=test.*instance=[^,]+:\d+.*language=\w+/);
    }
    // The rate in force: the limiter may have lowered it.
    for (const { rate } of cpuWindows(server.stored)) {
      expect(rate).toBeGreaterThan(0);
      expect(rate).toBeLessThanOrEqual(100);
    }
  });

  it('takes the token from a file, and the new one once it is rotated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'everflame-token-'));
    const file = join(folder, 'token');
    writeFileSync(file, 'first\n');
    try {
      await using server = await FakeServer.start();
      const running = run(agent, server.url, { seconds: 4, env: { EVERFLAME_TOKEN_FILE: file } });
      await arrival(server, 2);
      writeFileSync(file, 'second\n');
      await running;
      const sent = server.attempts.map(({ headers }) => headers.authorization);
      expect([sent[0], sent.at(-1)]).toEqual(['Bearer first', 'Bearer second']);
    } finally {
      rmSync(folder, { recursive: true });
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
    const began = Date.now();
    // Not at the end: the last push has one attempt.
    await using server = await FakeServer.start((n) =>
      n % 2 === 0 && Date.now() < began + 5000 ? failures[(n / 2) % failures.length] : STORED,
    );
    const finished = await run(agent, server.url, { seconds: 7 });
    expectAllOfIt(agent, server, finished);
    expect(server.attempts.length).toBeGreaterThan(server.stored.length + 2);
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

  it('gives up an attempt after ten seconds, and repeats it', async () => {
    await using server = await FakeServer.start((n) => (n === 0 ? { hangs: true } : STORED));
    const finished = await run(agent, server.url, { seconds: 12.5 });
    expectAllOfIt(agent, server, finished);
    const [first, second] = server.attempts;
    expect(second.sequence).toBe(first.sequence);
    expect(second.at - first.at).toBeGreaterThan(9500);
    // Jitter of up to a second follows.
    expect(second.at - first.at).toBeLessThan(13_000);
  });

  it('does not try again what is refused, and reports what was lost', async () => {
    const refusals = [400, 401, 403, 413];
    await using server = await FakeServer.start((n) =>
      n < refusals.length ? { status: refusals[n], body: 'no' } : STORED,
    );
    const { status, output } = await run(agent, server.url, { seconds: 5 });
    expect(status).toBe(0);
    const refused = server.attempts.slice(0, refusals.length);
    expect(refused.map(({ sequence }) => tries(server, sequence).length)).toEqual([1, 1, 1, 1]);
    // The first push that is taken says how much was lost, and those after it nothing.
    const said = server.attempts.map(dropped);
    expect(said[0]).toBe(0);
    // At 100 Hz; a kernel may deliver fewer samples than it was asked for, and counts of other types come in addition.
    expect(said[refusals.length]).toBeGreaterThan(cpuSeconds(refused) * 100 * 0.5);
    expect(said.slice(refusals.length + 1).filter((count) => count !== 0)).toEqual([]);
    expect(output).toContain('refuse');
  });

  it('survives answers of every kind', async () => {
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
    const { status } = await run(agent, server.url, { seconds: 8 });
    expect(status).toBe(0);
    expect(server.attempts.length).toBeGreaterThan(nonsense.length);
  });
});
