import { Counter, Gauge, type Registry } from 'prom-client';
import type { Insight, ServerFacts, TargetSource } from '../server-facts.ts';

/**
 * Gauges that are read when somebody scrapes: from the store, the disk and the collector. What cannot be read is left
 * out of that scrape, and `onFailure` hears why: the rest is wanted most when something fails.
 */
export function addStoreGauges(
  registry: Registry,
  insight: Insight,
  targets: TargetSource,
  facts: ServerFacts,
  onFailure: (error: unknown) => void,
): void {
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: (set: (labels: Record<Label, string>, value: number) => void) => void | Promise<void>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        this.reset();
        try {
          await collect((labels, value) => this.set(labels, value));
        } catch (error) {
          onFailure(error);
        }
      },
    });

  gauge('everflame_build_info', 'Always 1; its labels say what runs.', ['version', 'storage'], (set) =>
    set({ version: facts.version, storage: facts.storage }, 1),
  );
  gauge('everflame_targets', 'Targets of the collector by state.', ['state'], (set) => {
    for (const state of ['up', 'down', 'pending'] as const) {
      set({ state }, targets.targets().filter((one) => one.state === state).length);
    }
  });
  new Counter({
    name: 'everflame_collected_profiles_total',
    help: 'Profiles that were polled: stored, or lost (given up).',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ outcome: 'stored' }, targets.deliveries?.stored ?? 0);
      this.inc({ outcome: 'lost' }, targets.deliveries?.lost ?? 0);
    },
  });
  gauge('everflame_collect_waiting_profiles', 'Profiles that were polled and wait to be stored.', [], (set) =>
    set({}, targets.deliveries?.waiting ?? 0),
  );
  const { tableSizes, damagedParts, diskFree, lagSeconds, queueBytes, decoding } = insight;
  if (tableSizes) {
    const each = (name: string, help: string, column: 'rows' | 'bytes' | 'parts') =>
      gauge(name, help, ['table'], async (set) => {
        for (const size of await tableSizes()) set({ table: size.table }, size[column]);
      });
    each('everflame_store_rows', 'Rows on disk; retried pushes count until they are merged.', 'rows');
    each('everflame_store_bytes', 'Bytes on disk, compressed.', 'bytes');
    each('everflame_store_parts', 'Parts that the engine has not merged.', 'parts');
  }
  if (damagedParts) {
    gauge(
      'everflame_store_damaged_parts',
      'Parts that could not be read and were set aside.',
      ['table'],
      async (set) => {
        const counts = new Map<string, number>();
        for (const { table } of await damagedParts()) counts.set(table, (counts.get(table) ?? 0) + 1);
        for (const [table, count] of counts) set({ table }, count);
      },
    );
  }
  if (diskFree) {
    gauge('everflame_disk_free_bytes', 'Bytes free on the disk of the data directory.', [], async (set) =>
      set({}, await diskFree()),
    );
  }
  if (lagSeconds) {
    gauge(
      'everflame_rollup_lag_seconds',
      'How far a rollup is behind what it is made from.',
      ['level'],
      (set) => {
        for (const { level, seconds } of lagSeconds()) set({ level }, seconds);
      },
    );
  }
  if (decoding) {
    gauge(
      'everflame_decode_bodies',
      'Bodies that are decoded (busy) or wait for a thread.',
      ['state'],
      (set) => {
        for (const [state, count] of Object.entries(decoding())) set({ state }, count);
      },
    );
  }
  if (queueBytes) {
    gauge('everflame_queue_bytes', 'Bytes that wait, by queue.', ['queue'], (set) => {
      for (const { queue, bytes } of queueBytes()) set({ queue }, bytes);
    });
  }
}
