import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { TestServer } from './support/server.ts';

const MB = 1 << 20;

/** Deterministic noise, so that a failure can be repeated. */
function noise(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

it('answers garbage with a sentence, keeps its memory, and goes on', { timeout: 300_000 }, async () => {
  await using server = await TestServer.start();
  const bomb = gzipSync(Buffer.alloc(512 * MB), { level: 9 });
  const bodies: [query: string, body: Buffer, headers?: Record<string, string>][] = [
    ...Array.from({ length: 40 }, (_, i): [string, Buffer] => ['format=pprof', noise(i, 1 + i * 97)]),
    ...Array.from({ length: 20 }, (_, i): [string, Buffer] => ['', noise(i, 1000)]),
    ...Array.from({ length: 10 }, (_, i): [string, Buffer] => ['format=nylas', noise(i, 1000)]),
    ['format=pprof', gzipSync(noise(1, 10_000)).subarray(0, 5000)],
    ['format=pprof', bomb],
    ['', bomb, { 'content-encoding': 'gzip' }],
    // A string of a gigabyte, says its length; there are eight bytes.
    ['format=pprof', Buffer.from([0x32, 0x80, 0x80, 0x80, 0x80, 0x04, 0x61, 0x61])],
    // A packed list of values as long as that.
    ['format=pprof', Buffer.from([0x12, 0x0a, 0x12, 0x80, 0x80, 0x80, 0x80, 0x04, 0x01, 0x01, 0x01, 0x01])],
    ['', Buffer.from(`${'a;'.repeat(100_000)}a 1`)],
    ['', Buffer.from(`a ${'9'.repeat(1000)}`)],
    ['', noise(3, 1000), { 'content-type': 'multipart/form-data; boundary=xyz' }],
  ];
  await server.push('name=before', 'main 1');
  // The first round starts the threads that decode, and their heaps.
  let before = 0;
  for (let round = 0; round < 5; round++) {
    if (round === 1) before = server.memory;
    for (const [query, body, headers] of bodies) {
      const answer = await server.push(`name=garbage&${query}`, body, headers);
      const { error } = (await answer.json()) as { error?: { code: string; message: string } };
      expect([answer.status, error?.message]).toEqual([
        expect.toSatisfy(isRefusal),
        expect.stringMatching(/\S+ \S+/),
      ]);
    }
  }
  expect(server.memory - before).toBeLessThan(200 * MB);
  expect((await server.push('name=after', 'main 1')).status).toBe(200);
  const services = (await server.json('/api/v1/services')).services.map(
    ({ service }: { service: string }) => service,
  );
  expect(services).toEqual(['after', 'before']);
});

it('refuses a body that declares a gigabyte before it is sent', async () => {
  await using server = await TestServer.start();
  const answer = await new Promise<string>((done, failed) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', failed);
    socket.on('data', (chunk) => done(chunk.toString()));
    socket.write('POST /ingest?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n');
  });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});

it('says 429 and when to come back, when more comes than it can hold', async () => {
  await using server = await TestServer.start();
  const body = Buffer.from(
    Array.from({ length: 60_000 }, (_, i) => `main;f${i};${'x'.repeat(400)} 1`).join('\n'),
  );
  expect(body.length).toBeGreaterThan(20 * MB);
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, i) => server.push(`name=flood&from=now&n=${i}`, body)),
  );
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].filter((status) => status !== 200 && status !== 429)).toEqual([]);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(server.memory).toBeLessThan(1600 * MB);
  expect((await server.push('name=after', 'main 1')).status).toBe(200);
});

it('refuses wrong values on every route that it describes', async () => {
  await using server = await TestServer.start();
  const { paths } = await server.json('/openapi.json');
  let tried = 0;
  for (const [path, methods] of Object.entries<
    Record<string, { parameters?: { name: string; in: string }[] }>
  >(paths)) {
    for (const parameter of methods.get?.parameters ?? []) {
      if (parameter.in !== 'query') continue;
      for (const value of ['%7B%7B%7B', `%00${'x'.repeat(3000)}`]) {
        const url = `${path.replace('{name}', 'host')}?${parameter.name}=${value}`;
        const answer = await fetch(server.url + url);
        const body = (await answer.json()) as { error?: { code: string } };
        // A label or a function of any name can be asked for, if nothing has it.
        if (answer.status === 200 && ['by', 'function', 'module'].includes(parameter.name)) continue;
        if (answer.status === 200 && parameter.name === 'query' && !value.startsWith('%7B')) continue;
        expect([url.slice(0, 80), answer.status, typeof body.error?.code]).toEqual([
          url.slice(0, 80),
          400,
          'string',
        ]);
        tried++;
      }
    }
  }
  expect(tried).toBeGreaterThan(20);
});

function isRefusal(status: number): boolean {
  return status === 400 || status === 413;
}
