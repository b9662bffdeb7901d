import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProfileType, profileType, WALL_TIME } from '@everflame/profile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from './embedded.ts';
import type { Filter } from './filter.ts';
import { migrate } from './migrate.ts';
import type { Push } from './push.ts';
import { Store } from './store.ts';
import { CPU, FOR_EVER, filterOf, stacksOf, type TestSample, testPush } from './testing.ts';

// One engine per process, and one data directory in it: the tests of this file share a store and keep apart by service.
let dataDir: string;
let store: Store;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-store-'));
  store = await Store.open(openEmbedded({ dataDir }), { lingerMs: 5, retention: FOR_EVER });
});

afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const NOON = Date.UTC(2026, 4, 6, 12);
const SECOND = 1_000_000_000n;

function pushOf(service: string, samples: TestSample[], options: Parameters<typeof testPush>[2] = {}): Push {
  return testPush(service, samples, { startNanos: BigInt(NOON) * 1_000_000n, ...options });
}

const of = filterOf;
const stacks = (filter: Filter, kind: 'flow' | 'level' = 'flow') => stacksOf(store.reader, filter, kind);

describe('store', () => {
  it('gives back the stacks and values that were pushed, with their names', async () => {
    const receipt = await store.write(
      pushOf('plain', [
        ['main;work;parse', 30n],
        ['main;idle', 5n],
        ['main;work;parse', 12n],
        ['main;nothing', 0n],
      ]),
    );
    expect(receipt).toEqual({ series: 1, samples: 2, mergedLabelSets: 0 });
    expect(await stacks(of('plain'))).toEqual({ 'main;work;parse': 42, 'main;idle': 5 });
  });

  it('counts a retried push once, and the same profile of two processes twice', async () => {
    const samples: TestSample[] = [['main', 10n]];
    await store.write(pushOf('retry', samples));
    await store.write(pushOf('retry', samples));
    expect(await stacks(of('retry'))).toEqual({ main: 10 });
    await store.write(pushOf('retry', samples, { identity: 2n }));
    expect(await stacks(of('retry'))).toEqual({ main: 20 });
    await Promise.all([3n, 3n, 4n].map((identity) => store.write(pushOf('retry', samples, { identity }))));
    expect(await stacks(of('retry'))).toEqual({ main: 40 });
  });

  it('splits samples with labels into series, and finds them by label', async () => {
    await store.write(
      pushOf(
        'labelled',
        [
          ['main;a', 1n, { endpoint: '/a' }],
          ['main;b', 2n, { endpoint: '/b' }],
          ['main;c', 4n],
          ['main;b', 8n, { endpoint: '/b', span_id: '1234' }],
        ],
        { labels: { env: 'prod' } },
      ),
    );
    const by = (label: string, operator: '=' | '!=' | '=~' | '!~', value: string) =>
      stacks(of('labelled', { labels: [{ label, operator, value }] }));
    expect(await by('endpoint', '=', '/b')).toEqual({ 'main;b': 10 });
    expect(await by('endpoint', '=', '')).toEqual({ 'main;c': 4 });
    expect(await by('endpoint', '!=', '/b')).toEqual({ 'main;a': 1, 'main;c': 4 });
    expect(await by('endpoint', '=~', '/[ab]')).toEqual({ 'main;a': 1, 'main;b': 10 });
    expect(await by('endpoint', '=~', 'a')).toEqual({});
    expect(await by('endpoint', '!~', '/.*')).toEqual({ 'main;c': 4 });
    expect(await by('env', '=', "prod' OR 1=1 --")).toEqual({});
    expect(await store.reader.catalog.labelNames(of('labelled'))).toEqual(['endpoint', 'env']);
    expect(await store.reader.catalog.labelValues(of('labelled'), 'endpoint', 10)).toEqual(['/a', '/b']);
  });

  it('bounds the series of one profile', async () => {
    const samples = Array.from({ length: 400 }, (_, i): TestSample => ['main', 1n, { request: String(i) }]);
    const receipt = await store.write(pushOf('bounded', samples));
    expect(receipt.series).toBe(128);
    expect(receipt.mergedLabelSets).toBe(400 - 127);
    expect(await stacks(of('bounded'))).toEqual({ main: 400 });
  });

  it('stores a window without samples: watched and idle', async () => {
    await store.write(pushOf('idle', []));
    expect(await store.reader.facts(of('idle'))).toEqual([
      { type: CPU, profiles: 1, total: 0, first: NOON, last: NOON + 10_000, covered: 10_000, nylas: false },
    ]);
  });

  it('keeps 64-bit values exact as far as a double goes, negative ones too', async () => {
    const big = 9_007_199_254_740_991n;
    await store.write(
      pushOf('big', [
        ['a', big],
        ['b', -5n],
      ]),
    );
    expect(await stacks(of('big'))).toEqual({ a: Number(big), b: -5 });
  });

  it('takes names in any script, with any character', async () => {
    const name = 'naïve "quoted"\\ \t\n\u0000 名前 <script> 🔥';
    await store.write(pushOf(name, [[name, 1n]], { labels: { 'k.x': name } }));
    expect(await stacks(of(name, { labels: [{ label: 'k.x', operator: '=', value: name }] }))).toEqual({
      [name]: 1,
    });
  });

  it('averages levels over the time covered and sums them over processes', async () => {
    const type = profileType('memory', 'inuse_space', 'bytes', 'space', 'bytes');
    const types = [formatProfileType(type)];
    const heap = (second: number, process: string, bytes: bigint, identity: bigint) =>
      store.write(
        pushOf('heap', [['main;alloc', bytes]], {
          type,
          labels: { instance: process },
          startNanos: BigInt(NOON) * 1_000_000n + BigInt(second) * SECOND,
          identity,
        }),
      );
    // Two processes for one minute, then one of them alone for another; nobody for an hour; then one again.
    await heap(0, 'a', 100n, 1n);
    await heap(30, 'a', 300n, 2n);
    await heap(10, 'b', 1000n, 3n);
    await heap(70, 'a', 400n, 4n);
    await heap(3700, 'a', 200n, 5n);
    expect(await stacks(of('heap', { types }), 'level')).toEqual({
      'main;alloc': (200 + 1000 + 400 + 200) / 3,
    });
    const rows = await store.reader.timeline(of('heap', { types }), {
      kind: 'level',
      start: NOON,
      step: 60_000,
      buckets: 3,
      maxGroups: 5,
    });
    expect(rows.map(({ bucket, value }) => [bucket, value])).toEqual([
      [0, 1200],
      [1, 400],
    ]);
  });

  it('shares a long window out over the buckets it covers', async () => {
    await store.write(
      pushOf('long', [['main', 60n * SECOND]], {
        startNanos: BigInt(NOON + 5000) * 1_000_000n,
        durationNanos: 60n * SECOND,
      }),
    );
    const rows = await store.reader.timeline(of('long'), {
      kind: 'flow',
      start: NOON,
      step: 10_000,
      buckets: 100,
      maxGroups: 5,
    });
    expect(rows.map(({ bucket, value }) => [bucket, value / 1e9])).toEqual([
      [0, 5],
      [1, 10],
      [2, 10],
      [3, 10],
      [4, 10],
      [5, 10],
      [6, 5],
    ]);
  });

  it('splits a timeline by label, the largest groups apart', async () => {
    for (const [i, host] of ['x', 'y', 'z', ''].entries()) {
      await store.write(
        pushOf('split', [['main', BigInt(i + 1)]], { labels: { host }, identity: BigInt(i) }),
      );
    }
    const rows = await store.reader.timeline(of('split'), {
      kind: 'flow',
      start: NOON,
      step: 10_000,
      buckets: 1,
      by: 'host',
      maxGroups: 2,
    });
    expect(rows.map(({ group, others, value }) => [group, Boolean(others), value])).toEqual([
      ['', false, 4],
      ['z', false, 3],
      [null, true, 3],
    ]);
  });

  it('leaves out windows that ended before the first bucket, and takes the part of those that reach into it', async () => {
    const window = (second: number, seconds: number, identity: bigint) =>
      store.write(
        pushOf('before', [['main', BigInt(seconds) * SECOND]], {
          startNanos: BigInt(NOON) * 1_000_000n + BigInt(second) * SECOND,
          durationNanos: BigInt(seconds) * SECOND,
          identity,
        }),
      );
    await window(-100, 20, 1n);
    await window(-10, 10, 2n);
    await window(-5, 15, 3n);
    const rows = await store.reader.timeline(of('before'), {
      kind: 'flow',
      start: NOON,
      step: 10_000,
      buckets: 5,
      maxGroups: 5,
    });
    expect(rows.map(({ bucket, value }) => [bucket, value / 1e9])).toEqual([[0, 10]]);
  });

  it('splits a timeline by service', async () => {
    for (const [i, service] of ['one', 'two'].entries())
      await store.write(pushOf(`by-${service}`, [['main', BigInt(i + 1)]]));
    const rows = await store.reader.timeline(
      { services: [{ label: 'service_name', operator: '=~', value: 'by-.*' }], labels: [], types: [CPU] },
      { kind: 'flow', start: NOON, step: 10_000, buckets: 1, by: 'service_name', maxGroups: 5 },
    );
    expect(rows.map(({ group, value }) => [group, value])).toEqual([
      ['by-one', 1],
      ['by-two', 2],
    ]);
  });

  it('writes one insert however many days a group spans', async () => {
    const day = 86_400n * SECOND;
    const pushes = Array.from({ length: 150 }, (_, i) =>
      store.write(
        pushOf('days', [['main', 1n]], { startNanos: BigInt(i) * 9n * day + day, identity: BigInt(i) }),
      ),
    );
    await Promise.all(pushes);
    expect(await stacks(of('days'))).toEqual({ main: 150 });
  });

  it('lists services with their types and times', async () => {
    await store.write(pushOf('listed', [['main', 1n]]));
    await store.write(pushOf('listed', [['main', 1n]], { type: WALL_TIME, labels: { language: 'python' } }));
    const services = await store.reader.catalog.services(of('listed', { types: undefined as never }));
    expect(services).toEqual([
      {
        service: 'listed',
        types: [CPU, formatProfileType(WALL_TIME)],
        firstSeen: NOON,
        lastSeen: NOON + 10_000,
      },
    ]);
    const labels = await store.reader.catalog.serviceLabels({ services: [], labels: [] }, ['language']);
    expect(labels.get('listed')).toEqual({ language: ['python'] });
  });

  it('refuses a second store on the same directory', () => {
    expect(() => openEmbedded({ dataDir })).toThrow(/in use by another Everflame/);
  });

  it('refuses data of a newer version and touches nothing', async () => {
    const connection = {
      mode: 'embedded' as const,
      rows: async <T>() => [{ version: 99 }] as T[],
      bytes: async () => new Uint8Array(),
      background: async () => [],
      command: async () => {},
      insert: async () => {},
      close: async () => {},
    };
    await expect(migrate(connection)).rejects.toMatchObject({ code: 'schema_too_new' });
  });
});
