import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from './agent.ts';
import { delay, parseRetryAfter } from './backoff.ts';
import { LabelContext } from './label-context.ts';
import { newIdentity } from './push.ts';
import { resolveSettings } from './settings.ts';
import { type Behaviour, LONG, PushServer, takesAll } from './testing.ts';
import { httpTransport } from './transport.ts';

/** The contract of the agents (docs/agent-contract.md), against a real server that behaves as servers do. */
let server: PushServer;
const agents: Agent[] = [];
/** What agents of this test said: one of the test before may still have something to say. */
let said: string[] = [];
beforeEach(async () => {
  said = [];
  server = await PushServer.open();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.finish();
  await server.close();
});

function startAgent(window = 0.2, url = server.url, options = {}): Agent {
  const heard = said;
  const logger = { info: () => {}, warn: (text: string) => heard.push(text) };
  const settings = resolveSettings(
    { serviceName: 'contract', server: url, window, loopBlock: 0, ...options },
    {},
    logger,
  );
  const identity = () => newIdentity('contract', { instance: 'test:1' });
  const agent = new Agent(settings, identity, new LabelContext(), httpTransport(settings), logger);
  agents.push(agent);
  agent.start();
  return agent;
}

const answers =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

const says = (control: unknown) => answers(200, {}, JSON.stringify({ status: 'stored', control }));
const sequences = () => server.received.map(({ headers }) => Number(headers['everflame-sequence']));

describe('pushing', () => {
  it('says whose push it is, which one, when, and at what rate', async () => {
    startAgent(0.7, server.url, { token: 'secret' });
    await server.until(() => server.pushes.length >= 3);
    const [first, second] = server.pushes;
    expect(first.headers).toMatchObject({
      'everflame-protocol': '1',
      'everflame-sequence': '0',
      'everflame-dropped': '0',
      'everflame-captures': 'cpu,wall,heap',
      authorization: 'Bearer secret',
    });
    expect(first.headers['everflame-instance']).toMatch(/^[0-9a-f]{32}$/);
    expect(Number(second.headers['everflame-rate'])).toBeGreaterThan(20);
    expect(Number(second.headers['everflame-rate'])).toBeLessThan(130);
    expect(first.name).toBe('contract{instance=test:1}');
    expect(first.profile?.startNanos).toBe(first.from);
    expect(first.profile?.durationNanos).toBe(first.until - first.from);
  });

  it.each(LONG ? [429, 500, 503] : [429, 503])(
    '%i: the same push again, and what follows is merged',
    async (status) => {
      server.behave = answers(status);
      startAgent();
      await server.until(() => server.received.length >= 2);
      server.behave = takesAll;
      await server.until(() => sequences().includes(2), 15_000);
      const first = server.received.filter(({ headers }) => headers['everflame-sequence'] === '0');
      expect(first.length).toBeGreaterThan(1);
      for (const again of first) expect(again.body.equals(first[0].body)).toBe(true);
      // Nothing is left out: the windows that came meanwhile are one push.
      const pushes = server.pushes;
      for (let i = 1; i < pushes.length; i++)
        expect(Math.abs(Number(pushes[i].from - pushes[i - 1].until)) / 1e6).toBeLessThan(5);
      expect(server.received.at(-1)?.headers['everflame-dropped']).toBe('0');
      expect(said.filter((text) => text.includes('not taking'))).toHaveLength(1);
    },
  );

  it.each(LONG ? [400, 401, 403, 413] : [400, 413])(
    '%i: never again, and what is lost is counted',
    async (status) => {
      server.behave = answers(status, {}, 'no');
      startAgent(0.7);
      await server.until(() => server.received.length >= 2);
      const [one, other] = sequences();
      expect(other).toBe(one + 1);
      expect(Number(server.received[1].headers['everflame-dropped'])).toBeGreaterThan(0);
      server.behave = takesAll;
      const before = server.received.length;
      await server.until(() => server.received.length >= before + 3);
      expect(server.received.at(-1)?.headers['everflame-dropped']).toBe('0');
      expect(said).toEqual([expect.stringContaining(`HTTP ${status} no`)]);
    },
  );

  it('honours Retry-After', async () => {
    const times: number[] = [];
    server.behave = (_, response) => {
      times.push(performance.now());
      response.writeHead(429, { 'Retry-After': '2' }).end();
    };
    startAgent();
    await server.until(() => times.length >= 2);
    expect(times[1] - times[0]).toBeGreaterThan(1990);
  });

  it('survives connections that are reset, that say nothing of sense, and a server that goes and comes back', async () => {
    let turn = 0;
    const sockets = new Set<Socket>();
    const odd = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      if (turn++ % 2 === 0) socket.resetAndDestroy();
      else socket.end('HELLO\r\n\r\n');
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const { port } = odd.address() as { port: number };
    const agent = startAgent(0.2, `http://127.0.0.1:${port}`);
    const end = Date.now() + 15_000;
    while (turn < 3 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(turn).toBeGreaterThanOrEqual(3);
    expect(agent.outbox.isEmpty).toBe(false);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => odd.close(resolve));
    expect(said.filter((text) => text.includes('cannot be reached'))).toHaveLength(1);
  });

  it('stops within its time, whatever the server does', async () => {
    server.behave = () => {};
    const agent = startAgent();
    await server.until(() => server.received.length > 0);
    const began = performance.now();
    await agent.stop(500);
    expect(performance.now() - began).toBeLessThan(1500);
  });
});

describe('remote control', () => {
  it('window and hz hold from the next window on, and are given back', async () => {
    server.behave = says({ hz: 400, window: 1 });
    startAgent(0.5);
    await server.until(() => Number(server.pushes.at(-1)?.headers['everflame-rate']) > 150);
    const pushed = server.pushes.at(-1);
    expect(Number((pushed?.until ?? 0n) - (pushed?.from ?? 0n)) / 1e9).toBeGreaterThan(0.75);
    server.behave = says({});
    await server.until(() => Number(server.pushes.at(-1)?.headers['everflame-rate']) < 130);
  });

  it('what makes no sense changes nothing', async () => {
    for (const body of [
      '',
      'no JSON',
      '[]',
      '{"control":7}',
      '{"control":{"hz":"fast","window":null,"enabled":0}}',
    ]) {
      const before = server.received.length;
      server.behave = answers(200, {}, body);
      if (before === 0) startAgent();
      await server.until(() => server.received.length > before + 1);
    }
    expect(said).toEqual([]);
  });

  it('switched off it pushes what there is, and stops', async () => {
    server.behave = says({ enabled: false });
    const agent = startAgent(0.5);
    await server.until(() => server.pushes.length >= 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { length } = server.pushes;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(server.pushes.length).toBe(length);
    expect(agent.outbox.isEmpty).toBe(true);
  });

  it('a capture is a window of its own, exactly as long as asked, once', async () => {
    const capture = { id: 'abc-1', type: 'cpu', hz: 500, seconds: 1 };
    server.behave = says({ capture });
    startAgent(0.5);
    await server.until(() => server.pushes.some(({ headers }) => headers['everflame-capture'] !== undefined));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const captured = server.pushes.filter(({ headers }) => headers['everflame-capture'] === 'abc-1');
    expect(captured).toHaveLength(1);
    expect(Number(captured[0].until - captured[0].from) / 1e9).toBeGreaterThan(0.99);
    expect(Number(captured[0].until - captured[0].from) / 1e9).toBeLessThan(1.6);
    expect(Number(captured[0].headers['everflame-rate'])).toBeGreaterThan(150);
    const pushes = [...server.pushes].sort((a, b) => Number(a.from - b.from));
    for (let i = 1; i < pushes.length; i++)
      expect(Math.abs(Number(pushes[i].from - pushes[i - 1].until)) / 1e6).toBeLessThan(20);
  });

  it('a capture that cannot be done is refused, once, in plain words', async () => {
    server.behave = says({ capture: { id: 'x1', type: 'network', seconds: 1 } });
    startAgent();
    await server.until(() => server.received.length >= 5);
    const refusals = server.received.flatMap(({ headers }) => headers['everflame-capture-refused'] ?? []);
    expect(refusals).toEqual(['x1 network is not sampled in this process']);
  });

  it('the heap, sampled for a capture alone', async () => {
    server.behave = says({ capture: { id: 'h', type: 'heap', seconds: 1 } });
    startAgent(0.3);
    await server.until(() => server.pushes.some(({ headers }) => headers['everflame-capture'] === 'h'));
    const captured = server.pushes.find(({ headers }) => headers['everflame-capture'] === 'h');
    expect(captured?.profile?.types.map(({ sampleType }) => sampleType)).toContain('inuse_space');
    const before = server.pushes.length;
    await server.until(() => server.pushes.length > before + 1);
    expect(server.pushes.at(-1)?.profile?.types.map(({ sampleType }) => sampleType)).not.toContain(
      'inuse_space',
    );
  });
});

describe('when to try again', () => {
  it('full jitter under a bound that doubles from 1 s to 5 min', () => {
    expect(delay(1, undefined, () => 0.999)).toBeLessThan(1000);
    expect(delay(4, undefined, () => 0.5)).toBe(4000);
    expect(delay(60, undefined, () => 0.999)).toBeLessThan(300_000);
    expect(delay(1, 5000, () => 0.5)).toBeGreaterThanOrEqual(5000);
    expect(delay(1, 1e12, () => 0)).toBe(3_600_000);
  });

  it('Retry-After in seconds and as a date', () => {
    const now = Date.parse('2026-11-23T10:00:00Z');
    expect(parseRetryAfter('7', now)).toBe(7000);
    expect(parseRetryAfter('Mon, 23 Nov 2026 10:01:00 GMT', now)).toBe(60_000);
    expect(parseRetryAfter('Mon, 23 Nov 2026 09:00:00 GMT', now)).toBe(0);
    for (const wrong of ['', 'soon', '-3', '7 s']) expect(parseRetryAfter(wrong, now)).toBeUndefined();
  });
});
