import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';
import { addStoreGauges } from './store-gauges.ts';

const facts = { version: '1.2.3', storage: 'embedded', selfProfile: false } as const;

const lines = async ({ registry }: Metrics) =>
  (await registry.metrics()).split('\n').filter((line) => /^everflame_/.test(line));

it('shows what the rooms beneath say, and leaves out what they do not', async () => {
  const metrics = new Metrics();
  const insight = {
    tableSizes: async () => [{ table: 'profiles', rows: 3, bytes: 4000, parts: 2 }],
    lagSeconds: () => [
      { level: '5m', seconds: 12.5 },
      { level: '1h', seconds: 0 },
    ],
    queueBytes: () => [{ queue: 'decode', bytes: 77 }],
  };
  const deliveries = { stored: 5, lost: 1, waiting: 2 };
  addStoreGauges(metrics.registry, insight, { targets: () => [], deliveries }, facts, () => {});
  const shown = await lines(metrics);
  for (const line of [
    'everflame_build_info{version="1.2.3",storage="embedded"} 1',
    'everflame_store_rows{table="profiles"} 3',
    'everflame_store_bytes{table="profiles"} 4000',
    'everflame_store_parts{table="profiles"} 2',
    'everflame_rollup_lag_seconds{level="5m"} 12.5',
    'everflame_rollup_lag_seconds{level="1h"} 0',
    'everflame_queue_bytes{queue="decode"} 77',
    'everflame_collected_profiles_total{outcome="stored"} 5',
    'everflame_collected_profiles_total{outcome="lost"} 1',
    'everflame_collect_waiting_profiles 2',
  ]) {
    expect(shown).toContain(line);
  }
  expect(shown.filter((line) => line.includes('disk_free'))).toEqual([]);
  // Read anew each time, not added up.
  deliveries.stored = 6;
  expect(await lines(metrics)).toContain('everflame_collected_profiles_total{outcome="stored"} 6');
});

it('shows the rest when something cannot be measured, and says what', async () => {
  const metrics = new Metrics();
  const failures: unknown[] = [];
  const insight = {
    tableSizes: () => Promise.reject(new Error('no engine')),
    diskFree: async () => 1e9,
  };
  addStoreGauges(metrics.registry, insight, { targets: () => [] }, facts, (error) => failures.push(error));
  const shown = await lines(metrics);
  expect(shown).toContain('everflame_disk_free_bytes 1000000000');
  expect(shown.filter((line) => line.startsWith('everflame_store_rows'))).toEqual([]);
  expect(failures.map(String)).toContain('Error: no engine');
});

it('times decoding by format, and storing by source; what fails is not in it', async () => {
  const metrics = new Metrics();
  await metrics.decoding('pprof', new Promise((done) => setTimeout(done, 30)));
  await expect(metrics.decoding('pprof', Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  await metrics.storing('push', Promise.resolve());
  await expect(metrics.storing('push', Promise.reject(new Error('full')))).rejects.toThrow('full');
  const shown = await lines(metrics);
  expect(shown).toContain('everflame_push_decode_seconds_bucket{le="0.01",format="pprof"} 0');
  expect(shown).toContain('everflame_push_decode_seconds_count{format="pprof"} 1');
  expect(shown).toContain('everflame_store_write_seconds_count{source="push"} 1');
});
