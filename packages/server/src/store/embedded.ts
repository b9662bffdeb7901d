import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
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
import { lockDataDir } from './data-dir-lock.ts';
import type { NativeBlock } from './native-block.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Ceiling of the engine's own memory, bytes. */
  readonly memory?: number;
  readonly limits?: QueryLimits;
}

const READERS = 3;

/**
 * ClickHouse inside this process (chDB). Everything lies under `dataDir`: `engine/` is ClickHouse's own directory.
 */
export function openEmbedded({
  dataDir,
  memory = 600 << 20,
  limits = DEFAULT_QUERY_LIMITS,
}: EmbeddedOptions): StoreConnection {
  mkdirSync(dataDir, { recursive: true });
  const unlock = lockDataDir(dataDir);
  const path = join(dataDir, 'engine');
  const config = join(dataDir, 'engine.xml');
  writeFileSync(config, engineConfig(memory));
  // The connection that the client library uses takes no configuration: this session opens the engine with it first
  // and stays open as long as the store does.
  const engine = new Session(path, { connectionArgs: [`--config-file=${config}`] });
  const client = (): ClickHouseClient => createClient({ connection: connectionTo(path) });
  const writer = client();
  const control = client();
  const readers = new ClientPool(Array.from({ length: READERS }, client), { limits, control });
  const background = new ClientPool([client()]);
  const staging = stagingDir(dataDir);

  return {
    mode: 'embedded',
    rows: <T>(sql: string, params?: QueryParams, signal?: AbortSignal) =>
      readers.rows<T>(sql, params, signal),
    bytes: (sql, params, signal) => readers.bytes(sql, params, signal),
    command: (sql, params) => background.command(sql, params),
    background: <T>(sql: string, params?: QueryParams) =>
      isSelect(sql) ? background.rows<T>(sql, params) : background.command(sql, params).then(() => []),
    async insert(table, block) {
      await insertFromFile(writer, staging, table, block);
    },
    async close() {
      await Promise.all([writer.close(), readers.close(), background.close(), control.close()]);
      engine.close();
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
 * The embedded engine cannot take binary data inline in a statement, but it reads files, and a file in memory costs
 * a copy: 5–7 million samples a second, where inline text reaches 0.75.
 */
async function insertFromFile(
  writer: ClickHouseClient,
  staging: string,
  table: string,
  block: NativeBlock,
): Promise<void> {
  const file = join(staging, `everflame-${process.pid}-${randomBytes(8).toString('hex')}.native`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writev(block.parts());
    } finally {
      await handle.close();
    }
    await writer.command({
      query:
        `INSERT INTO ${table} (${block.columns.join(', ')}) ` +
        `SELECT * FROM file({file:String}, 'Native', {structure:String})`,
      query_params: { file, structure: block.structure },
    });
  } finally {
    await unlink(file).catch(() => {});
  }
}

/** Memory-backed where the system has it; the data directory otherwise. */
function stagingDir(dataDir: string): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    const dir = join(dataDir, 'staging');
    mkdirSync(dir, { recursive: true });
    return dir;
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
