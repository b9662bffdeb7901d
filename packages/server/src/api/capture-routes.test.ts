import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@everflame/profile';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Control } from '../control/control.ts';
import { Ingest } from '../ingest/ingest.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { Query } from '../query/query.ts';
import { openEmbedded } from '../store/embedded.ts';
import { Store } from '../store/store.ts';
import { FOR_EVER } from '../store/testing.ts';
import { createApiServer } from './api-server.ts';
import { digestOf } from './auth/token.ts';
import { TokenList } from './auth/token-list.ts';

let dataDir: string;
let store: Store;
let app: FastifyInstance;
let control: Control;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-captures-'));
  store = await Store.open(openEmbedded({ dataDir }), { lingerMs: 1, retention: FOR_EVER });
  control = new Control([
    {
      match: [{ label: 'env', operator: '=', value: 'quiet' }],
      settings: { enabled: false, hz: 20, window: 60 },
    },
  ]);
  app = await createApiServer({
    query: new Query(store),
    facts: { version: '1.2.3', storage: 'embedded', selfProfile: false },
    targets: { targets: () => [] },
    deletes: { count: (target) => store.countDeletion(target), run: (target) => store.delete(target) },
    allowedHosts: [],
    logger: pino({ level: 'silent' }),
    control,
    tokens: new TokenList(
      (['ingest', 'read', 'admin'] as const).map((scope) => ({
        name: scope,
        digest: digestOf(scope),
        scopes: [scope],
      })),
    ),
    plugins: async (server) => {
      await server.register(ingestRoutes, {
        ingest: new Ingest(store, DEFAULT_LIMITS),
        control,
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

const START = Date.UTC(2026, 4, 6, 12);
const AGENT = {
  'everflame-protocol': '1',
  'everflame-instance': 'abcdef0123456789',
};

async function ask(
  token: string,
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
  headers: Record<string, string> = {},
) {
  const response = await app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(payload !== undefined && { payload }),
  });
  return { status: response.statusCode, body: response.json() };
}

let sequence = 0;

/** @param from ns after START @param to ns after START */
async function push(
  name: string,
  body: string,
  from: bigint,
  to: bigint,
  headers: Record<string, string> = {},
) {
  const start = BigInt(START) * 1_000_000n;
  const url = `/ingest?name=${encodeURIComponent(name)}&from=${start + from}&until=${start + to}`;
  const all = {
    'content-type': 'text/plain',
    'everflame-sequence': String(sequence++),
    ...AGENT,
    ...headers,
  };
  const { status, body: answer } = await ask('ingest', 'POST', url, body, all);
  expect([status, answer.status]).toEqual([200, 'stored']);
  return answer.control;
}

const SECOND = 1_000_000_000n;

it('tells agents what the configuration says, and nobody else anything', async () => {
  expect(await push('shop{env=quiet}', 'a 1', 0n, SECOND)).toEqual({ enabled: false, hz: 20, window: 60 });
  expect(await push('shop{env=prod}', 'a 1', 0n, SECOND)).toEqual({});
  const foreign = await ask('ingest', 'POST', `/ingest?name=shop{env=quiet}&from=${START}`, 'a 1', {
    'content-type': 'text/plain',
  });
  expect(foreign.body).not.toHaveProperty('control');

  const poll = await ask('ingest', 'POST', '/ingest/control?name=shop{env=quiet}', undefined, AGENT);
  expect(poll).toEqual({
    status: 200,
    body: { status: 'ok', control: { enabled: false, hz: 20, window: 60 } },
  });
  expect((await ask('read', 'POST', '/ingest/control?name=shop', undefined, AGENT)).status).toBe(403);
  expect((await ask('ingest', 'POST', '/ingest/control?name=shop')).status).toBe(400);
  expect((await ask('ingest', 'POST', '/ingest/control?name=shop{', undefined, AGENT)).body.error.code).toBe(
    'bad_name',
  );
});

it('captures: from the order to a link that shows exactly that profile', async () => {
  const name = 'cart{env=prod,instance="a \\"b\\":1"}';
  // Ends within a millisecond after the next one begins to be looked at, and has other functions.
  await push(name, 'main;before 100', 0n, 10n * SECOND + 300_000n, { 'everflame-captures': 'cpu, WALL,x' });
  expect((await ask('read', 'GET', '/api/v1/instances?query=cart')).body.instances).toEqual([
    {
      instance: AGENT['everflame-instance'],
      service: 'cart',
      labels: { env: 'prod', instance: 'a "b":1' },
      captures: ['cpu', 'wall'],
      firstSeen: expect.any(Number),
      lastSeen: expect.any(Number),
      windowSeconds: 10.0003,
      rate: null,
      samples: 1,
    },
  ]);

  const asked = await ask('admin', 'POST', '/api/v1/captures', { service: 'cart', seconds: 3 });
  expect(asked).toMatchObject({
    status: 202,
    body: { state: 'waiting', type: 'cpu', hz: 1000, seconds: 3, profile: null, sentAt: null },
  });
  const { id } = asked.body;
  const poll = await ask(
    'ingest',
    'POST',
    `/ingest/control?name=${encodeURIComponent(name)}`,
    undefined,
    AGENT,
  );
  const order = { id, type: 'cpu', hz: 1000, seconds: 3 };
  expect(poll.body.control).toEqual({ capture: order });
  expect(await push(name, 'main;before 1', 10n * SECOND + 300_000n, 12n * SECOND + 300_000n)).toEqual({
    capture: order,
  });
  expect((await ask('read', 'GET', `/api/v1/captures/${id}`)).body).toMatchObject({ state: 'sent' });

  const marked = { 'everflame-capture': id, 'everflame-rate': '640' };
  expect(await push(name, 'main;during 7', 12n * SECOND + 300_000n, 15n * SECOND + 300_000n, marked)).toEqual(
    {},
  );
  await push(name, 'main;after 100', 15n * SECOND + 300_000n, 25n * SECOND);
  // Another process at the same time.
  await push('cart{env=prod,instance=b}', 'main;other 50', 12n * SECOND + 300_000n, 15n * SECOND);

  const { body } = await ask('read', 'GET', `/api/v1/captures/${id}`);
  expect(body).toMatchObject({
    state: 'delivered',
    profile: {
      query: 'cart{instance="a \\"b\\":1"}',
      type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      from: START + 12_000,
      until: START + 15_000,
      rate: 640,
      samples: 1,
    },
  });
  expect(new URL(body.profile.url).search).toBe(body.profile.path.slice(1));
  const shown = await ask('read', 'GET', `/api/v1/flamegraph${body.profile.path.slice(1)}&format=json`);
  expect(shown.body.root.children[0].children).toMatchObject([{ name: 'during', value: 7e7 }]);
});

it('says who cannot, and why an agent refused; malformed headers refuse no push', async () => {
  const ill = {
    'everflame-captures': 'wall',
    'everflame-capture': 'x'.repeat(500),
    'everflame-capture-refused': '{}',
  };
  await push('lone', 'a 1', 0n, SECOND, { ...ill, 'everflame-instance': '0123456789' });
  const errors = [
    [{ service: 'lone' }, 409, 'cannot_capture'],
    [{ service: 'nobody' }, 404, 'no_instance'],
    [{ query: 'lone', instance: 'other' }, 404, 'no_instance'],
    [{ query: 'lone{a=~"b"}' }, 400, 'bad_selector'],
    [{ service: 'lone', query: 'lone' }, 400, 'bad_parameter'],
    [{}, 400, 'bad_parameter'],
    [{ service: 'lone', hz: 1001 }, 400, 'bad_parameter'],
    [{ service: 'lone', seconds: 61 }, 400, 'bad_parameter'],
    [{ service: 'lone', type: 'gpu' }, 400, 'bad_parameter'],
    [{ service: 'lone', rate: 1 }, 400, 'bad_parameter'],
  ] as const;
  for (const [body, status, code] of errors) {
    const answer = await ask('admin', 'POST', '/api/v1/captures', body);
    expect([answer.status, answer.body.error.code], JSON.stringify(body)).toEqual([status, code]);
  }
  for (const token of ['read', 'ingest']) {
    expect((await ask(token, 'POST', '/api/v1/captures', { service: 'lone' })).status).toBe(403);
  }
  expect((await ask('read', 'GET', '/api/v1/captures/none')).body.error.code).toBe('unknown_capture');

  const { body } = await ask('admin', 'POST', '/api/v1/captures', { query: 'lone', type: 'wall' });
  const refused = {
    'everflame-instance': '0123456789',
    'everflame-capture-refused': `${body.id} no thread left`,
  };
  expect(await push('lone', 'a 1', 0n, SECOND, refused)).toEqual({});
  expect((await ask('read', 'GET', `/api/v1/captures/${body.id}`)).body).toMatchObject({
    state: 'refused',
    hz: 100,
    reason: 'no thread left',
    profile: null,
  });
});
