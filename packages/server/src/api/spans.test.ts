import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CPU_TIME,
  DEFAULT_LIMITS,
  encodePprof,
  type Labels,
  ProfileBuilder,
  profileType,
} from '@everflame/profile';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DecodePool } from '../ingest/decode-pool.ts';
import { Ingest } from '../ingest/ingest.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { Query } from '../query/query.ts';
import type { StoreConnection } from '../store/connection.ts';
import { openEmbedded } from '../store/embedded.ts';
import { Store } from '../store/store.ts';
import { FOR_EVER } from '../store/testing.ts';
import { createApiServer } from './api-server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const OTHER = '00f067aa0ba902b7';
const HEAP = profileType('memory', 'inuse_space', 'bytes', 'space', 'bytes');
const FROM = Date.UTC(2026, 4, 6, 12);
const RANGE = `from=${FROM}&until=${FROM + 60_000}`;

let dataDir: string;
let connection: StoreConnection;
let store: Store;
let decoder: DecodePool;
let app: FastifyInstance;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-spans-'));
  connection = openEmbedded({ dataDir });
  store = await Store.open(connection, { lingerMs: 1, retention: FOR_EVER });
  decoder = new DecodePool({ known: store.knownNames });
  app = await createApiServer({
    query: new Query(store),
    facts: { version: '1.2.3', storage: 'embedded', selfProfile: false },
    targets: { targets: () => [] },
    deletes: { count: (target) => store.countDeletion(target), run: (target) => store.delete(target) },
    allowedHosts: [],
    logger: pino({ level: 'silent' }),
    plugins: async (server) => {
      await server.register(ingestRoutes, {
        ingest: new Ingest(store, DEFAULT_LIMITS, decoder),
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
  await decoder.close();
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function push(
  name: string,
  second: number,
  samples: readonly [stack: string, values: readonly bigint[], labels?: Labels][],
  types = [CPU_TIME],
) {
  const builder = new ProfileBuilder(types);
  for (const [stack, values, labels = {}] of samples) {
    const frames = stack.split(';').map((one) => builder.frame({ function: one }));
    builder.sample(builder.stack(frames), values, builder.labels({ text: labels, numbers: {} }));
  }
  const window = `from=${FROM + second * 1000}&until=${FROM + (second + 10) * 1000}`;
  const response = await app.inject({
    method: 'POST',
    url: `/ingest?name=${encodeURIComponent(name)}&${window}&format=pprof`,
    payload: Buffer.from(encodePprof(builder.build({ period: 10_000_000n }))),
    headers: { 'content-type': 'application/octet-stream' },
  });
  expect(response.json()).toMatchObject({ status: 'stored' });
}

async function get(path: string) {
  const response = await app.inject({ method: 'GET', url: path });
  return { status: response.statusCode, body: response.json() };
}

/** Leaves and their values. */
async function leaves(query: string): Promise<Record<string, number>> {
  const { body } = await get(`/api/v1/flamegraph?${RANGE}&format=json&${query}`);
  const found: Record<string, number> = {};
  const walk = ({ name, self, children }: { name: string; self: number; children: never[] }) => {
    if (self > 0) found[name] = (found[name] ?? 0) + self;
    children.forEach(walk);
  };
  walk(body.root);
  expect(body.total).toBe(Object.values(found).reduce((sum, value) => sum + value, 0));
  return found;
}

it('shows what was sampled in one span, in one trace, and all of it as ever', async () => {
  const inSpan = { span_id: SPAN, trace_id: TRACE };
  await push('shop{env=prod}', 0, [
    ['main;read', [10n], { ...inSpan, endpoint: '/a' }],
    ['main;write', [20n], { ...inSpan, endpoint: '/a' }],
    ['main;read', [3n], { span_id: OTHER, trace_id: TRACE, endpoint: '/b' }],
    ['main;idle', [100n]],
  ]);
  // The same span in the next window and in another service, and an equal id in another trace.
  await push('shop{env=prod}', 10, [['main;read', [5n], { ...inSpan, endpoint: '/a' }]]);
  await push('cart', 0, [['serve;read', [7n], { span_id: OTHER.toUpperCase(), trace_id: TRACE }]]);
  await push('cart', 10, [['serve;other', [50n], { span_id: OTHER, trace_id: 'f'.repeat(32) }]]);

  expect(await leaves('query=shop')).toEqual({ read: 18, write: 20, idle: 100 });
  expect(await leaves(`query=shop&span_id=${SPAN}`)).toEqual({ read: 15, write: 20 });
  expect(await leaves(`span_id=${SPAN.toUpperCase()}`)).toEqual({ read: 15, write: 20 });
  expect(await leaves(`query=shop{endpoint="/b"}&span_id=${SPAN}`)).toEqual({});
  expect(await leaves(`trace_id=${TRACE}`)).toEqual({ read: 25, write: 20 });
  expect(await leaves(`query=cart&trace_id=${TRACE}&span_id=${OTHER}`)).toEqual({ read: 7 });
  expect(await leaves(`query=cart&span_id=${OTHER}`)).toEqual({ read: 7, other: 50 });

  const { body } = await get(`/api/v1/flamegraph?${RANGE}&query=shop&span_id=${SPAN}`);
  expect(body).toMatchObject({ total: 35, profiles: 2, tables: ['profiles'], notes: [] });
  const timeline = await get(`/api/v1/timeline?${RANGE}&query=shop&span_id=${SPAN}&points=6`);
  const values: number[] = timeline.body.groups[0].values;
  expect(values.map((value) => (value ?? 0) * 10)).toEqual([30, 5, 0, 0, 0, 0]);
});

it('has no series for spans; the name of a span is a label like any other', async () => {
  await push('named', 0, [
    ['main', [1n], { span_id: SPAN, trace_id: TRACE, span_name: 'GET /x' }],
    ['main', [2n], { span_id: OTHER, trace_id: TRACE, span_name: 'GET /x' }],
  ]);
  const labels = await get(`/api/v1/labels?${RANGE}&query=named`);
  expect(labels.body.labels).toEqual(['span_name']);
  expect(await leaves('query=named{span_name="GET /x"}')).toEqual({ main: 3 });
  expect(await leaves(`query=named{span_name="GET /x"}&span_id=${OTHER}`)).toEqual({ main: 2 });
});

it('knows them of every type, levels too, and a retry counts once', async () => {
  const types = [CPU_TIME, HEAP];
  const samples: Parameters<typeof push>[2] = [
    ['main;keep', [4n, 600n], { span_id: SPAN }],
    ['main;keep', [4n, 1000n]],
  ];
  await push('types', 0, samples, types);
  await push('types', 0, samples, types);
  const heap = 'type=memory:inuse_space:bytes:space:bytes';
  expect(await leaves('query=types')).toEqual({ keep: 8 });
  expect(await leaves(`query=types&span_id=${SPAN}`)).toEqual({ keep: 4 });
  expect(await leaves(`query=types&span_id=${SPAN}&${heap}`)).toEqual({ keep: 600 });
});

it('says what is wrong, and where there is none', async () => {
  for (const wrong of ['span_id=xyz', `span_id=${TRACE}`, `trace_id=${SPAN}`, 'span_id=']) {
    const { status, body } = await get(`/api/v1/flamegraph?${wrong}`);
    expect([status, body.error.code], wrong).toEqual([400, 'bad_parameter']);
  }
  const { body } = await get(`/api/v1/flamegraph?${RANGE}&span_id=1234567890abcdef`);
  expect(body).toMatchObject({ total: 0, notes: [{ code: 'no_data' }] });
  expect(body.notes[0].message).toContain('No sample of this span');
});

it('takes nothing where no sample names one', async () => {
  await push('plain', 0, [
    ['main;a', [1n], { endpoint: '/a' }],
    ['main;b', [2n]],
  ]);
  const [row] = await connection.rows<Record<string, number>>(
    `SELECT toUInt32(count()) AS rows, toUInt32(sum(length(span_ids) + length(span_traces_high) + length(span_traces_low)
      + length(span_stacks) + length(span_values))) AS spans
    FROM everflame.profiles WHERE service = 'plain'`,
  );
  expect(row).toEqual({ rows: 2, spans: 0 });
});
