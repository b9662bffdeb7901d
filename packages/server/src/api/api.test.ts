import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CPU_TIME, DEFAULT_LIMITS, encodePprof, ProfileBuilder, WALL_TIME } from '@everflame/profile';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ingest } from '../ingest/ingest.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { Query } from '../query/query.ts';
import { openEmbedded } from '../store/embedded.ts';
import { Store } from '../store/store.ts';
import { FOR_EVER } from '../store/testing.ts';
import { createApiServer } from './api-server.ts';

let dataDir: string;
let store: Store;
let app: FastifyInstance;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-api-'));
  store = await Store.open(openEmbedded({ dataDir }), { lingerMs: 1, retention: FOR_EVER });
  app = await createApiServer({
    query: new Query(store),
    facts: { version: '1.2.3', storage: 'embedded', selfProfile: false },
    targets: { targets: () => [] },
    deletes: { count: (target) => store.countDeletion(target), run: (target) => store.delete(target) },
    allowedHosts: ['flames.example'],
    logger: pino({ level: 'silent' }),
    plugins: async (server) => {
      await server.register(ingestRoutes, {
        ingest: new Ingest(store, { ...DEFAULT_LIMITS, bytes: 4 << 20 }),
        bodyLimit: 1 << 20,
        decodedLimit: 4 << 20,
        inFlightLimit: 8 << 20,
      });
    },
  });
  await app.ready();
});

afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const RANGE = 'from=2026-05-06T12:00:00Z&until=2026-05-06T13:00:00Z';
const FROM = Date.UTC(2026, 4, 6, 12) / 1000;
const WINDOW = `from=${FROM}&until=${FROM + 10}`;

function push(query: string, payload: string | Uint8Array, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: `/ingest?${query}`,
    payload: Buffer.from(payload),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
}

async function get(url: string) {
  const response = await app.inject({ method: 'GET', url });
  return { status: response.statusCode, body: response.json() };
}

/** Root of the plain tree of a service. */
async function tree(query: string, more = '') {
  const { status, body } = await get(
    `/api/v1/flamegraph?query=${encodeURIComponent(query)}&${RANGE}&format=json${more}`,
  );
  expect(status).toBe(200);
  return body.root;
}

describe('POST /ingest', () => {
  it('takes folded text as samples of CPU time', async () => {
    const answer = await push(
      `name=folded{env=prod}&from=${FROM}&until=${FROM + 10}&sampleRate=50`,
      'main;work 30\nmain;idle 20\n',
    );
    expect(answer.json()).toEqual({ status: 'stored', service: 'folded', series: 1, samples: 2, notes: [] });
    expect(await tree('folded{env="prod"}')).toEqual({
      name: 'root',
      value: 1e9,
      self: 0,
      children: [
        {
          name: 'main',
          value: 1e9,
          self: 0,
          children: [
            { name: 'idle', value: 4e8, self: 4e8, children: [] },
            { name: 'work', value: 6e8, self: 6e8, children: [] },
          ],
        },
      ],
    });
  });

  it('takes lines, suffixes of the name, and units', async () => {
    await push(`name=lines&format=lines&${WINDOW}`, 'a;b\na;b\na;c\n');
    expect((await tree('lines')).value).toBe(3e7);
    await push(`name=suffix.wall&${WINDOW}`, 'a 7');
    expect((await tree('suffix', '&type=wall:wall:nanoseconds:wall:nanoseconds')).value).toBe(7e7);
    await push(`name=heap.alloc_space&${WINDOW}`, 'a 4096');
    expect((await tree('heap', '&type=memory:alloc_space:bytes:space:bytes')).value).toBe(4096);
  });

  it('takes pprof plain, gzipped, with Content-Encoding, and in multipart', async () => {
    const builder = new ProfileBuilder([CPU_TIME]);
    builder.sample(builder.stack([builder.frame({ function: 'main' })]), [5n]);
    const pprof = encodePprof(builder.build({ durationNanos: 10_000_000_000n, period: 10_000_000n }));
    const query = `name=pprof&${WINDOW}`;
    const zipped = gzipSync(pprof);
    const boundary = 'x123';
    const multipart = Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="sample_type_config"; filename="c.json"\r\n\r\n{"cpu":{"units":"samples","sampled":true}}\r\n` +
          `--${boundary}\r\nContent-Disposition: form-data; name="profile"; filename="profile.pprof"\r\nContent-Type: application/octet-stream\r\n\r\n`,
      ),
      zipped,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    for (const answer of [
      await push(`${query}&format=pprof&a=1`, pprof),
      await push(`${query}&format=pprof&a=2`, zipped),
      await push(`${query}&a=3`, zipped),
      await push(`${query}&format=pprof&a=4`, zipped, { 'content-encoding': 'gzip' }).then(
        async (refused) => {
          // What is gzipped once and says so is pprof after decoding; what is gzipped twice still is gzip.
          expect(refused.statusCode).toBe(200);
          return push(`${query}&a=5`, gzipSync(zipped), { 'content-encoding': 'gzip' });
        },
      ),
      await push(`${query}&a=6`, multipart, { 'content-type': `multipart/form-data; boundary=${boundary}` }),
      await push(`${query}&a=7`, gzipSync(multipart), {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-encoding': 'gzip',
      }),
    ]) {
      expect(answer.json()).toMatchObject({ status: 'stored' });
    }
    expect((await tree('pprof')).value).toBe(35);
  });

  it('counts a retry once: by sequence, by key, and by its bytes', async () => {
    const native = {
      'everflame-protocol': '1',
      'everflame-instance': 'abcdef0123456789',
      'everflame-sequence': '7',
    };
    await push(`name=native&${WINDOW}`, 'a 1', native);
    await push(`name=native&${WINDOW}`, 'a 1', native);
    expect((await tree('native')).value).toBe(1e7);
    await push(`name=native&${WINDOW}`, 'a 1', { ...native, 'everflame-sequence': '8' });
    expect((await tree('native')).value).toBe(2e7);

    await push(`name=bytes&${WINDOW}`, 'a 1');
    await push(`name=bytes&${WINDOW}`, 'a 1');
    await push(`name=bytes&${WINDOW}`, 'a 2');
    expect((await tree('bytes')).value).toBe(3e7);
  });

  it('counts a named push once though it says no time, and an unnamed one each time', async () => {
    const now = () => get('/data?query=keyed&from=-1h').then(({ body }) => body.value);
    await push('name=keyed', 'a 1', { 'idempotency-key': 'one' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await push('name=keyed', 'a 1', { 'idempotency-key': 'one' });
    expect(await now()).toBe(1e7);
    await push('name=keyed', 'a 1');
    await push('name=keyed', 'a 1');
    expect(await now()).toBe(3e7);
  });

  it('names the types of Go’s contention profiles, and leaves out what counts since the start', async () => {
    const builder = new ProfileBuilder([
      {
        name: 'contention',
        sampleType: 'contentions',
        sampleUnit: 'count',
        periodType: 'contentions',
        periodUnit: 'count',
      },
      {
        name: 'contention',
        sampleType: 'delay',
        sampleUnit: 'nanoseconds',
        periodType: 'contentions',
        periodUnit: 'count',
      },
    ]);
    builder.sample(builder.stack([builder.frame({ function: 'lock' })]), [3n, 900n]);
    const answer = await push(
      `name=locks{__name__=mutex}&${WINDOW}&format=pprof`,
      encodePprof(builder.build()),
    );
    expect(answer.json()).toMatchObject({ series: 2 });
    const { body } = await get('/api/v1/types?query=locks');
    expect(body.types).toEqual([
      { type: 'mutex:contentions:count:contentions:count', unit: 'count', kind: 'flow' },
      { type: 'mutex:delay:nanoseconds:contentions:count', unit: 'nanoseconds', kind: 'flow' },
    ]);
  });

  it.each<[string, string, string | Uint8Array, Record<string, string>, number, string]>([
    ['no name', 'from=1', 'a 1', {}, 400, 'bad_parameter'],
    ['an empty name', 'name=', 'a 1', {}, 400, 'bad_name'],
    ['an empty body', 'name=x', '', {}, 400, 'bad_body'],
    ['garbage', 'name=x&format=pprof', Uint8Array.from([1, 2, 3, 255, 255]), {}, 400, 'bad_body'],
    ['text without counts', 'name=x', 'no count here\n', {}, 400, 'bad_body'],
    ['truncated gzip', 'name=x', gzipSync('a 1'.repeat(100)).subarray(0, 20), {}, 400, 'bad_body'],
    [
      'truncated gzip as encoding',
      'name=x',
      gzipSync('a 1'.repeat(100)).subarray(0, 20),
      { 'content-encoding': 'gzip' },
      400,
      'bad_body',
    ],
    ['no gzip at all as encoding', 'name=x', 'a 1', { 'content-encoding': 'gzip' }, 400, 'bad_body'],
    ['a gzip bomb', 'name=x', gzipSync(Buffer.alloc(64 << 20)), {}, 413, 'too_large'],
    [
      'a gzip bomb as encoding',
      'name=x',
      gzipSync(Buffer.alloc(64 << 20)),
      { 'content-encoding': 'gzip' },
      413,
      'too_large',
    ],
    ['a large body', 'name=x', Buffer.alloc(2 << 20, 'a 1\n'), {}, 413, 'too_large'],
    ['a declared length', 'name=x', 'a 1', { 'content-length': String(1 << 30) }, 413, 'too_large'],
    ['an unknown encoding', 'name=x', 'a 1', { 'content-encoding': 'br' }, 415, 'unsupported_encoding'],
    ['an unread format', 'name=x&format=jfr', 'a 1', {}, 400, 'unsupported_format'],
    ['an unknown format', 'name=x&format=nonsense', 'a 1', {}, 400, 'unsupported_format'],
    ['a bad time', 'name=x&from=tomorrow', 'a 1', {}, 400, 'bad_time'],
    ['a bad rate', 'name=x&sampleRate=0', 'a 1', {}, 400, 'bad_parameter'],
    ['a future protocol', 'name=x', 'a 1', { 'everflame-protocol': '2' }, 400, 'bad_parameter'],
    [
      'multipart without profile',
      'name=x',
      '--b\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'bad_body',
    ],
    [
      'multipart without boundary',
      'name=x',
      'xx',
      { 'content-type': 'multipart/form-data' },
      400,
      'bad_body',
    ],
    [
      'multipart cut short',
      'name=x',
      '--b\r\nContent-Disposition: form-data; name="profile"; filename="x"\r\n\r\nabc',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'bad_body',
    ],
    ['another site', 'name=x', 'a 1', { 'sec-fetch-site': 'cross-site' }, 403, 'cross_site'],
  ])('refuses %s', async (_what, query, body, headers, status, code) => {
    const answer = await push(query, body, headers);
    expect(answer.json()).toMatchObject({ error: { code, message: expect.stringMatching(/\.$/) } });
    expect(answer.statusCode).toBe(status);
  });
});

describe('GET', () => {
  beforeAll(async () => {
    const builder = new ProfileBuilder([CPU_TIME, WALL_TIME]);
    const main = builder.frame({ function: 'main', module: '__main__', file: 'app.py', line: 3 });
    const wait = builder.frame({ function: 'sleep', module: 'gevent.hub', file: 'hub.py', line: 9 });
    builder.sample(builder.stack([main]), [20_000_000n, 0n]);
    builder.sample(builder.stack([main, wait]), [0n, 10_000_000_000n]);
    const pprof = encodePprof(builder.build({ durationNanos: 10_000_000_000n, period: 10_000_000n }));
    await push(
      `name=waiter{host=a}&from=${FROM}&until=${FROM + 10}&format=pprof&spyName=everflame-python`,
      pprof,
    );
    await push(`name=everflame&${WINDOW}`, 'own 1');
  });

  it('lists services, types, labels and their values', async () => {
    const { body } = await get('/api/v1/services');
    expect(body.services.find((one: { service: string }) => one.service === 'waiter')).toEqual({
      service: 'waiter',
      types: ['process_cpu:cpu:nanoseconds:cpu:nanoseconds', 'wall:wall:nanoseconds:wall:nanoseconds'],
      firstSeen: FROM * 1000,
      lastSeen: FROM * 1000 + 10_000,
      labels: { language: ['python'] },
    });
    expect(
      (await get(`/api/v1/services?from=-5min`)).body.services.map((one: { service: string }) => one.service),
    ).not.toContain('waiter');
    expect((await get('/api/v1/labels?query=waiter')).body).toEqual({ labels: ['host', 'language'] });
    expect((await get('/api/v1/labels/host/values?query=waiter')).body).toEqual({ values: ['a'] });
  });

  it('says that a service waits, and where its time is', async () => {
    const { body } = await get(`/api/v1/flamegraph?query=waiter&${RANGE}`);
    expect(body).toMatchObject({
      type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      unit: 'nanoseconds',
      kind: 'flow',
      profiles: 1,
      seconds: 10,
      total: 20_000_000,
      notes: [{ code: 'mostly_waiting', type: 'wall:wall:nanoseconds:wall:nanoseconds', share: 0.002 }],
    });
    const wall = await get(`/api/v1/flamegraph?query=waiter&${RANGE}&type=${body.notes[0].type}`);
    expect(wall.body).toMatchObject({ total: 1e10, notes: [] });
    expect(wall.body.graph.strings).toContain('gevent.hub');
  });

  it('speaks of nylas’ sampler where it counted, and not where a selector names a label', async () => {
    await push(`name=old{sampler=nylas}&${WINDOW}`, 'main 1');
    const notes = async (query: string) =>
      (await get(`/api/v1/flamegraph?query=${encodeURIComponent(query)}&${RANGE}`)).body.notes.map(
        (note: { code: string }) => note.code,
      );
    expect(await notes('old')).toEqual(['nylas_sampler']);
    expect(await notes('old{sampler="nylas"}')).toEqual(['nylas_sampler']);
    expect(await notes('waiter{host="a"}')).toEqual(['mostly_waiting']);
    await push('name=busy{host=a}&from=1778068800&until=1778068810', 'main 100');
    expect(await notes('busy{host="a"}')).toEqual([]);
  });

  it('puts all services side by side, with the day before', async () => {
    const day = 86_400;
    await push(`name=grower&from=${FROM}&until=${FROM + 10}`, 'main 300');
    await push(`name=grower&from=${FROM - day}&until=${FROM - day + 10}`, 'main 100');
    const { body } = await get(`/api/v1/overview?from=${FROM}&until=${FROM + 60}&points=6`);
    const find = (name: string) => body.services.find(({ service }: { service: string }) => service === name);
    expect(body).toMatchObject({ unit: 'nanoseconds', kind: 'flow', start: FROM * 1000, step: 10_000 });
    expect(find('grower')).toMatchObject({
      values: [3e8, null, null, null, null, null],
      average: 3e8,
      before: 1e8,
    });
    expect(find('waiter')).toMatchObject({
      average: 2_000_000,
      before: null,
      labels: { language: ['python'] },
    });
    // Everflame itself is one of them; a range without anything lists them all the same.
    expect(find('everflame').average).toBe(1_000_000);
    const empty = (await get('/api/v1/overview?from=-5min')).body.services;
    expect(empty.find(({ service }: { service: string }) => service === 'grower')).toMatchObject({
      values: [],
      average: null,
    });
  });

  it('says the share of one function over time, by itself and by a label', async () => {
    const at = (bucket: number) => `from=${FROM + bucket * 10}&until=${FROM + bucket * 10 + 10}`;
    await push(`name=halves{version=1}&${at(0)}`, 'main;parse 25\nmain;parse;parse 25\nmain;idle 50');
    await push(`name=halves{version=2}&${at(1)}`, 'main;parse 90\nmain;idle 10');
    const ask = async (more: string) =>
      (await get(`/api/v1/function?query=halves&from=${FROM}&until=${FROM + 30}&points=3${more}`)).body;
    expect(await ask('&function=parse')).toMatchObject({
      start: FROM * 1000,
      step: 10_000,
      groups: [{ label: null, share: 0.7, values: [0.5, 0.9, null] }],
    });
    expect((await ask('&function=parse&by=version')).groups).toEqual([
      { label: '1', share: 0.5, values: [0.5, null, null] },
      { label: '2', share: 0.9, values: [null, 0.9, null] },
    ]);
    expect((await ask('&function=parse&module=json')).groups).toMatchObject([{ share: 0 }]);
    expect((await ask('&function=main')).groups).toMatchObject([{ share: 1 }]);
    expect((await get(`/api/v1/function?query=nobody&function=main`)).body.groups).toEqual([]);
    expect((await get('/api/v1/function?query=halves')).status).toBe(400);
  });

  it('adds functions and modules up over all services', async () => {
    const day = `from=${FROM - 7 * 86_400}&until=${FROM - 7 * 86_400 + 10}`;
    await push(`name=one&${day}`, 'main;json 100\nmain;json;json 100\nmain 50');
    await push(`name=two&${day}`, 'other;json 300');
    const { body } = await get(
      `/api/v1/fleet?from=${FROM - 7 * 86_400}&until=${FROM - 7 * 86_400 + 10}&limit=2`,
    );
    expect(body).toMatchObject({ services: 2, servicesLeftOut: 0, whole: 5.5e8, others: 1, rest: 0 });
    expect(body.rows).toEqual([
      {
        function: 'json',
        module: '',
        self: 5e8,
        total: 5e8,
        services: 2,
        top: [
          { service: 'two', self: 3e8 },
          { service: 'one', self: 2e8 },
        ],
      },
      {
        function: 'main',
        module: '',
        self: 5e7,
        total: 2.5e8,
        services: 1,
        top: [{ service: 'one', self: 5e7 }],
      },
    ]);
    const modules = await get(
      `/api/v1/fleet?from=${FROM - 7 * 86_400}&until=${FROM - 7 * 86_400 + 10}&by=module`,
    );
    expect(modules.body.rows).toMatchObject([
      { function: '', module: '(no module)', self: 5.5e8, total: 5.5e8 },
    ]);
    expect((await get('/api/v1/fleet?from=-5min&by=host')).status).toBe(400);
  });

  it('lists single profiles, the dearest first', async () => {
    const at = (second: number) => `from=${FROM + second}&until=${FROM + second + 10}`;
    await push(`name=single{host=a}&${at(0)}`, 'main 10');
    await push(`name=single{host=b}&${at(10)}`, 'main 30');
    await push(`name=single{host=b}&${at(20)}`, 'main 20');
    const { body } = await get(`/api/v1/profiles?query=single&from=${FROM}&until=${FROM + 60}&limit=2`);
    expect(body).toMatchObject({ count: 3, unit: 'nanoseconds', kind: 'flow' });
    expect(body.profiles).toEqual([
      {
        service: 'single',
        labels: { host: 'b' },
        start: (FROM + 10) * 1000,
        end: (FROM + 20) * 1000,
        total: 3e8,
      },
      {
        service: 'single',
        labels: { host: 'b' },
        start: (FROM + 20) * 1000,
        end: (FROM + 30) * 1000,
        total: 2e8,
      },
    ]);
    const [one] = body.profiles;
    const alone = `query=${encodeURIComponent('single{host="b"}')}&from=${one.start}&until=${one.end}`;
    expect((await get(`/api/v1/flamegraph?${alone}`)).body).toMatchObject({ total: 3e8, profiles: 1 });
    const none = await get(`/api/v1/profiles?query=nobody&from=${FROM}&until=${FROM + 60}`);
    expect(none.body).toMatchObject({ count: 0, profiles: [] });
  });

  it('says why a picture is empty', async () => {
    expect((await get('/api/v1/flamegraph?query=waiter&from=-5min')).body).toMatchObject({
      total: 0,
      profiles: 0,
      notes: [{ code: 'no_data', lastSeen: FROM * 1000 + 10_000 }],
    });
    expect((await get('/api/v1/flamegraph?query=nobody')).body.notes).toMatchObject([
      { code: 'no_data', lastSeen: null },
    ]);
  });

  it('keeps the shape of nylas’ /data', async () => {
    const { body } = await get(`/data?query=waiter&type=wall:wall:nanoseconds:wall:nanoseconds&${RANGE}`);
    expect(body).toEqual({
      name: 'root',
      value: 1e10,
      children: [
        { name: 'main(__main__)', value: 1e10, children: [{ name: 'sleep(gevent.hub)', value: 1e10 }] },
      ],
    });
    const all = await get(`/data?${RANGE}&threshold=0.01`);
    const names = all.body.children.map((child: { name: string }) => child.name);
    expect(names).toContain('main');
    expect(names).not.toContain('own');
    expect([...names]).toEqual([...names].sort());
  });

  it('answers for samples where only their time is stored', async () => {
    const { body } = await get(
      `/api/v1/flamegraph?query=waiter&${RANGE}&type=process_cpu:samples:count:cpu:nanoseconds`,
    );
    expect(body).toMatchObject({ unit: 'count', total: 2 });
    const timeline = await get(
      `/api/v1/timeline?query=waiter&${RANGE}&type=process_cpu:samples:count:cpu:nanoseconds&points=60`,
    );
    expect(timeline.body.groups[0].values[0]).toBeCloseTo(2 / 60);
  });

  it('draws a timeline: per second, null where nobody was watched', async () => {
    const { body } = await get(`/api/v1/timeline?query=waiter&${RANGE}&points=360&by=host`);
    expect(body).toMatchObject({ step: 10_000, start: FROM * 1000, kind: 'flow', others: 0 });
    expect(body.groups).toHaveLength(1);
    expect(body.groups[0]).toMatchObject({ label: 'a', others: false });
    expect(body.groups[0].values.slice(0, 2)).toEqual([2_000_000, null]);
  });

  it.each([
    ['/api/v1/flamegraph?query=%7Ba', 400, 'bad_selector'],
    ['/api/v1/flamegraph?query=%7Ba=~%22(%22%7D', 400, 'bad_selector'],
    ['/api/v1/flamegraph?from=never', 400, 'bad_time'],
    ['/api/v1/flamegraph?from=-1h&until=-2h', 400, 'bad_time'],
    ['/api/v1/flamegraph?type=cpu', 400, 'bad_type'],
    ['/api/v1/flamegraph?min=2', 400, 'bad_parameter'],
    ['/api/v1/flamegraph?focus=x', 400, 'bad_parameter'],
    ['/api/v1/flamegraph?query=a&query=b', 400, 'bad_parameter'],
    ['/api/v1/timeline?points=0', 400, 'bad_parameter'],
    ['/api/v1/timeline?points=ten', 400, 'bad_parameter'],
    ['/api/v1/labels/1x/values', 400, 'bad_parameter'],
    ['/data?threshold=-1', 400, 'bad_parameter'],
    ['/data?from=%00', 400, 'bad_time'],
    ['/nowhere', 404, 'not_found'],
    ['/%', 400, 'bad_parameter'],
  ])('refuses %s', async (url, status, code) => {
    const answer = await get(url);
    expect(answer.body).toMatchObject({ error: { code, message: expect.stringMatching(/\S/) } });
    expect(answer.status).toBe(status);
  });

  it('goes by its own names and by addresses, and by no other', async () => {
    const status = async (host: string) =>
      (await app.inject({ method: 'GET', url: '/healthz', headers: { host } })).statusCode;
    for (const host of [
      'localhost:5555',
      '127.0.0.1:5555',
      '[::1]:5555',
      '10.0.0.7',
      'flames.example',
      'x.localhost',
    ]) {
      expect([host, await status(host)]).toEqual([host, 200]);
    }
    for (const host of ['evil.example', 'evil.example:5555', 'localhost.evil.example']) {
      expect([host, await status(host)]).toEqual([host, 403]);
    }
  });

  it('describes itself: every route in OpenAPI, made from what checks requests', async () => {
    const { body } = await get('/openapi.json');
    expect(Object.keys(body.paths).sort()).toEqual([
      '/api/v1/flamegraph',
      '/api/v1/fleet',
      '/api/v1/function',
      '/api/v1/labels',
      '/api/v1/labels/{name}/values',
      '/api/v1/overview',
      '/api/v1/profiles',
      '/api/v1/services',
      '/api/v1/session',
      '/api/v1/status',
      '/api/v1/targets',
      '/api/v1/timeline',
      '/api/v1/types',
      '/data',
      '/healthz',
      '/ingest',
      '/ingest/control',
      '/metrics',
      '/readyz',
    ]);
    const parameters = body.paths['/api/v1/timeline'].get.parameters.map((one: { name: string }) => one.name);
    expect(parameters).toEqual(['query', 'type', 'from', 'until', 'span_id', 'trace_id', 'by', 'points']);
  });
});

describe('DELETE /api/v1/profiles', () => {
  const remove = (query: string, more = '') =>
    app.inject({ method: 'DELETE', url: `/api/v1/profiles?query=${encodeURIComponent(query)}${more}` });

  it('counts, deletes, and takes the same names again', async () => {
    const line = 'main;deleted 3\n';
    expect((await push(`name=doomed{env=test}&${WINDOW}`, line)).statusCode).toBe(200);
    const dry = await remove('doomed{env="test"}', '&dry_run=true');
    expect(dry.json()).toMatchObject({
      dryRun: true,
      services: ['doomed'],
      series: 1,
      rows: { profiles: 1 },
    });
    expect((await remove('doomed')).json()).toMatchObject({ dryRun: false, rows: { profiles: 1 } });
    expect((await remove('doomed')).json()).toMatchObject({ services: [], series: 0, first: null });
    const tree = async () => (await get(`/api/v1/flamegraph?query=doomed&format=json&${RANGE}`)).body;
    expect(await tree()).toMatchObject({ total: 0 });
    await push(`name=doomed{env=test}&${WINDOW}`, line);
    expect(await tree()).toMatchObject({ total: 30_000_000, root: { children: [{ name: 'main' }] } });
  });

  it('deletes nothing where nothing is named', async () => {
    for (const query of ['', '{}']) {
      const answer = await remove(query);
      expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'bad_selector']);
    }
  });
});
