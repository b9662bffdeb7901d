import { expect, it } from 'vitest';
import { runCollect } from './run-collect.ts';
import { listen, nylasText, recordingLogger, silent, until } from './testing.ts';

const options = { intervalMs: 200, service: 'nylas', labels: { env: 'test' }, server: 'http://127.0.0.1:1' };

it('polls hosts × ports, pushes, and delivers what it has when it is told to stop', async () => {
  let count = 0;
  await using target = await listen((_request, response) => response.end(nylasText(++count)));
  const names: string[] = [];
  let takes = true;
  await using server = await listen((request, response) => {
    request.resume();
    if (takes) names.push(new URL(request.url ?? '', 'http://server').searchParams.get('name') ?? '');
    response.writeHead(takes ? 200 : 503).end('{}');
  });
  const port = Number(new URL(target.url).port);
  const { logger, lines } = recordingLogger();
  const stop = new AbortController();
  const hosts = ['127.0.0.1', 'localhost', '127.0.0.1'];
  const running = runCollect({ ...options, hosts, ports: [port], server: server.url }, logger, stop.signal);
  await until('both are pushed', () => new Set(names).size === 2);
  expect(new Set(names)).toEqual(
    new Set(
      ['127.0.0.1', 'localhost'].map(
        (host) => `nylas{instance="${host}:${port}",language="python",sampler="nylas",env="test"}`,
      ),
    ),
  );
  takes = false;
  const polled = count;
  await until('some wait', () => count >= polled + 3);
  stop.abort();
  takes = true;
  await running;
  expect(names.length).toBe(count);
  expect(lines.at(-1)?.msg).toBe(`2 of 2 targets up; profiles: ${count} stored, 0 waiting, 0 given up`);
});

it.each([
  [{ service: 'a{b' }, 'service: "a{b" is no name of a service.'],
  [{ hosts: ['a b'] }, 'host: http://a b:16384 is no address.'],
])('refuses %j before it polls', async (wrong, message) => {
  const all = { ...options, hosts: ['localhost'], ports: [16384], ...wrong };
  await expect(runCollect(all, silent, AbortSignal.abort())).rejects.toThrow(message);
});
