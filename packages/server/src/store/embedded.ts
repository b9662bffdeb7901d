import { mkdirSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client';
import { Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import { ClientPool, isSelect } from './client-pool.ts';
import {
  DEFAULT_QUERY_LIMITS,
  type QueryLimits,
  type QueryParams,
  type StoreConnection,
} from './connection.ts';
import { lockDataDir, whyNotOpened } from './data-dir-lock.ts';
import { DirectorySync } from './directory-sync.ts';
import { DiskReserve, type DiskReserveOptions, diskFull, isDiskFull } from './disk-reserve.ts';
import type { NativeBlock } from './native-block.ts';
import { Staging } from './staging.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Ceiling of the engine's own memory, bytes. */
  readonly memory?: number;
  readonly limits?: QueryLimits;
  readonly disk?: DiskReserveOptions;
}

const READERS = 3;
/** Names of three kinds are written at once, each waiting for the disk. */
const WRITERS = 3;

/**
 * ClickHouse inside this process (chDB). Everything lies under `dataDir`: `engine/` is ClickHouse's own directory.
 */
export function openEmbedded({
  dataDir,
  memory = 600 << 20,
  limits = DEFAULT_QUERY_LIMITS,
  disk,
}: EmbeddedOptions): StoreConnection {
  mkdirSync(dataDir, { recursive: true });
  const unlock = lockDataDir(dataDir);
  const path = join(dataDir, 'engine');
  const staging = new Staging(dataDir);
  const engine = openEngine(path, staging, engineConfig(memory), unlock);
  const reserve = new DiskReserve(dataDir, disk);
  const durable = new DirectorySync(path);
  const client = (): ClickHouseClient => createClient({ connection: connectionTo(path) });
  const writers = new ClientPool(Array.from({ length: WRITERS }, client));
  const control = client();
  const readers = new ClientPool(Array.from({ length: READERS }, client), { limits, control });
  const background = new ClientPool([client()]);

  return {
    mode: 'embedded',
    rows: <T>(sql: string, params?: QueryParams, signal?: AbortSignal) =>
      readers.rows<T>(sql, params, signal),
    bytes: (sql, params, signal) => readers.bytes(sql, params, signal),
    command: async (sql, params) => {
      await background.command(sql, params);
      await durable.after(sql);
    },
    background: async <T>(sql: string, params?: QueryParams) => {
      if (isSelect(sql)) return background.rows<T>(sql, params);
      await background.command(sql, params);
      await durable.after(sql);
      return [];
    },
    async insert(table, block) {
      reserve.check();
      try {
        await insertFromFile(writers, staging, table, block);
        await durable.afterInsert(table);
        reserve.stored();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        throw reserve.full(messageOf(error), error);
      }
    },
    async close() {
      await Promise.all([writers.close(), readers.close(), background.close(), control.close()]);
      engine.close();
      staging.close();
      unlock();
    },
  };
}

/**
 * chdb implements the interface of `@clickhouse/client-common`, of which `@clickhouse/client` carries a copy of its own:
 * the same interface, but a class with a private member stands in both, and for TypeScript those differ. Hence the cast;
 * the store's tests run every method that we call.
 */
function connectionTo(path: string): NonNullable<ClickHouseClientConfigOptions['connection']> {
  const connection: unknown = createChdbConnection({ path });
  return connection as NonNullable<ClickHouseClientConfigOptions['connection']>;
}

/**
 * The connection that the client library uses takes no configuration: this session opens the engine with it first and
 * stays open as long as the store does.
 *
 * @throws StoreError `data_dir_in_use`, `engine_failed`
 */
function openEngine(path: string, staging: Staging, config: string, unlock: () => void): Session {
  try {
    const file = staging.writeSync('xml', config);
    try {
      return new Session(path, { connectionArgs: [`--config-file=${file}`] });
    } finally {
      rmSync(file, { force: true });
    }
  } catch (cause) {
    unlock();
    throw isDiskFull(cause) ? diskFull(messageOf(cause), cause) : whyNotOpened(path, cause);
  }
}

/**
 * The embedded engine cannot take binary data inline in a statement, but it reads files, and a file in memory costs
 * a copy: 5–7 million samples a second, where inline text reaches 0.75.
 */
async function insertFromFile(
  writers: ClientPool,
  staging: Staging,
  table: string,
  block: NativeBlock,
): Promise<void> {
  const file = await staging.write('native', block.parts());
  try {
    await writers.command(
      `INSERT INTO ${table} (${block.columns.join(', ')}) ` +
        `SELECT * FROM file({file:String}, 'Native', {structure:String})`,
      { file, structure: block.structure },
    );
  } finally {
    await unlink(file).catch(() => {});
  }
}

/** Caches and pools for a process that shares its machine with the program it watches. */
function engineConfig(memory: number): string {
  return `<clickhouse>
  <max_server_memory_usage>${memory}</max_server_memory_usage>
  <mark_cache_size>${32 << 20}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>${8 << 20}</index_mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
