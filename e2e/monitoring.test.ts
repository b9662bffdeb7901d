import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseMetrics } from './support/prometheus.ts';
import { TestServer, until } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    selfProfile: true,
    args: ['--config', new URL('fixtures/one-dead-target.yaml', import.meta.url).pathname],
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

async function scrape() {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

it('counts what was done, and nothing else', async () => {
  const before = await scrape();
  const folded = 'main;work 3\n';
  const zipped = gzipSync(folded);
  for (let i = 0; i < 3; i++)
    expect((await server.push('name=counted&format=folded', folded)).status).toBe(200);
  const encoded = await server.push('name=counted', zipped, { 'content-encoding': 'gzip' });
  expect(encoded.status).toBe(200);
  expect((await server.push('name=counted&format=jfr', 'x')).status).toBe(400);
  expect((await server.push(`name=counted&format=${'z'.repeat(50)}`, 'x')).status).toBe(400);
  await server.json('/api/v1/flamegraph?query=counted');
  await server.json('/api/v1/flamegraph?query=counted');
  await server.json('/api/v1/timeline?query=counted');
  await server.json('/api/v1/labels/host/values');
  expect((await fetch(`${server.url}/api/v1/flamegraph?query={`)).status).toBe(400);
  expect((await fetch(`${server.url}/there/is/nothing`)).status).toBe(404);

  const after = await scrape();
  const grew = (name: string, labels: Record<string, string> = {}) =>
    after.value(name, labels) - before.value(name, labels);
  expect(grew('everflame_pushes_total', { protocol: 'ingest', format: 'folded', outcome: 'stored' })).toBe(3);
  expect(grew('everflame_pushes_total', { format: 'unsaid', outcome: 'stored' })).toBe(1);
  expect(grew('everflame_pushes_total', { format: 'jfr', outcome: 'unsupported_format' })).toBe(1);
  expect(grew('everflame_pushes_total', { format: 'other', outcome: 'unsupported_format' })).toBe(1);
  expect(grew('everflame_pushes_total')).toBe(6);
  expect(grew('everflame_push_received_bytes_total')).toBe(3 * folded.length + zipped.length + 2);
  expect(grew('everflame_push_duration_seconds_count', { protocol: 'ingest' })).toBe(4);
  expect(grew('everflame_store_write_seconds_count', { source: 'push' })).toBe(4);
  expect(grew('everflame_push_decode_seconds_count', { format: 'folded' })).toBe(3);
  expect(grew('everflame_push_decode_seconds_count', { format: 'unsaid' })).toBe(1);
  expect(after.value('everflame_decode_bodies')).toBe(0);
  expect(grew('everflame_store_write_seconds_sum', { source: 'push' })).toBeGreaterThan(0);
  expect(after.value('everflame_push_in_flight_bytes')).toBe(0);
  expect(grew('everflame_queries_total', { kind: 'flamegraph', outcome: 'ok' })).toBe(2);
  expect(grew('everflame_queries_total', { kind: 'flamegraph', outcome: 'bad_selector' })).toBe(1);
  expect(grew('everflame_query_duration_seconds_count', { kind: 'flamegraph' })).toBe(2);
  expect(grew('everflame_query_duration_seconds_count', { kind: 'timeline' })).toBe(1);
  expect(grew('everflame_query_duration_seconds_count', { kind: 'label_values' })).toBe(1);
  expect(grew('everflame_errors_total', { code: 'not_found' })).toBe(1);
  expect(grew('everflame_http_requests_total', { route: '/ingest', method: 'POST', status: '200' })).toBe(4);
});

it('has names, types and units as Prometheus wants them, and no label that clients can make grow', async () => {
  const { types, samples } = await scrape();
  const own = [...types].filter(([name]) => name.startsWith('everflame_'));
  expect(own.length).toBeGreaterThan(15);
  for (const [name, type] of own) {
    expect(name).toMatch(/^everflame_[a-z_]+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(name).not.toMatch(/_(ms|millis|kb|mb)(_|$)/);
  }
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_seconds',
  ]) {
    expect(types.has(name), name).toBe(true);
  }
  expect(samples.find(({ name }) => name === 'process_resident_memory_bytes')?.value).toBeGreaterThan(20e6);

  // A hundred services and as many wrong formats, paths and labels later there is no series more.
  const noise = async (i: number) => {
    await server.push(`name=noise-${i}{l${i}=v${i}}&format=format${i}`, 'x');
    await fetch(`${server.url}/noise/${i}?x=${i}`, { method: 'PUT' });
    await fetch(`${server.url}/api/v1/labels/l${i}/values`);
  };
  await noise(0);
  const ours = async () =>
    (await scrape()).samples.filter(({ name }) => name.startsWith('everflame_')).length;
  const few = await ours();
  for (let i = 1; i <= 100; i++) await noise(i);
  expect(await ours()).toBe(few);
});

it('shows the store, the disk, the targets and what it is', async () => {
  await until(
    'rows on the disk',
    40,
    async () => (await scrape()).value('everflame_store_rows', { table: 'profiles' }) > 0,
  );
  const metrics = await scrape();
  for (const table of ['profiles', 'stacks', 'frames', 'series']) {
    expect(metrics.value('everflame_store_bytes', { table }), table).toBeGreaterThan(100);
    expect(metrics.value('everflame_store_parts', { table }), table).toBeGreaterThan(0);
  }
  expect(metrics.value('everflame_disk_free_bytes')).toBeGreaterThan(1e6);
  expect(metrics.value('everflame_build_info', { storage: 'embedded' })).toBe(1);
  await until(
    'the target to be down',
    20,
    async () => (await scrape()).value('everflame_targets', { state: 'down' }) === 1,
  );
  expect((await scrape()).value('everflame_store_write_seconds_count', { source: 'self' })).toBeGreaterThan(
    0,
  );
});

it('counts the bytes of a push that is under way, and one whose client has gone', async () => {
  const gone = async () => (await scrape()).value('everflame_pushes_total', { outcome: 'gone' });
  const before = await gone();
  const { hostname, port } = new URL(server.url);
  const headers = { 'content-length': '1000', 'content-type': 'application/octet-stream' };
  const slow = request({ hostname, port, path: '/ingest?name=slow', method: 'POST', headers });
  slow.on('error', () => {});
  slow.write('main;work');
  const inFlight = async () => (await scrape()).value('everflame_push_in_flight_bytes');
  await until('a push under way', 10, async () => (await inFlight()) === 1000);
  slow.destroy();
  await until('it is over', 10, async () => (await inFlight()) === 0);
  expect(await gone()).toBe(before + 1);
});

it('says that it is alive and ready', async () => {
  for (const path of ['/healthz', '/readyz']) {
    const response = await fetch(server.url + path);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  }
});

it('says how far rollups are behind', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  for (const level of ['5m', '1h']) expect(text).toContain(`everflame_rollup_lag_seconds{level="${level}"} `);
});
