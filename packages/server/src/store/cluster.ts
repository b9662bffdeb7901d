import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { ClientPool, isSelect } from './client-pool.ts';
import { startError } from './cluster-errors.ts';
import {
  BACKGROUND_TIMEOUT_MS,
  backgroundSettings,
  controlSettings,
  readingSettings,
  readTimeout,
  WRITE_TIMEOUT_MS,
  writingSettings,
} from './cluster-settings.ts';
import {
  DEFAULT_QUERY_LIMITS,
  type QueryLimits,
  type QueryParams,
  type StoreConnection,
} from './connection.ts';
import { diskFull, isDiskFull } from './disk-reserve.ts';
import type { NativeBlock } from './native-block.ts';
import { SINGLE, type Topology } from './topology.ts';

/** Questions of this server under way at once. */
const READERS = 4;

/**
 * A ClickHouse reached by HTTP: `http://user:password@host:8123`, by itself or as a node of a cluster. A client keeps
 * its own pool of sockets; there is one for each kind of statement, because settings and timeouts go with a client.
 */
export function openCluster(
  url: string,
  limits: QueryLimits = DEFAULT_QUERY_LIMITS,
  topology: Topology = SINGLE,
): StoreConnection {
  const client = (clickhouse_settings: ClickHouseSettings, request_timeout: number): ClickHouseClient =>
    createClient({
      url,
      clickhouse_settings,
      request_timeout,
      // Lists of services and buckets can be longer than a URL may be.
      use_multipart_params_auto: true,
      // What fails is thrown, and logged by whoever asked.
      log: { level: 127 },
    });
  const writer = client(writingSettings(topology), WRITE_TIMEOUT_MS);
  const reader = client(readingSettings(topology), readTimeout(limits));
  const worker = client(backgroundSettings(topology), BACKGROUND_TIMEOUT_MS);
  const control = client(controlSettings(topology), WRITE_TIMEOUT_MS);
  const readers = new ClientPool(Array(READERS).fill(reader), { limits, control, topology });
  const background = new ClientPool([worker]);
  return {
    mode: 'cluster',
    topology,
    rows: <T>(sql: string, params?: QueryParams, signal?: AbortSignal) =>
      readers.rows<T>(sql, params, signal),
    bytes: (sql, params, signal) => readers.bytes(sql, params, signal),
    command: (sql, params) => background.command(sql, params),
    background: <T>(sql: string, params?: QueryParams) =>
      isSelect(sql) ? background.rows<T>(sql, params) : background.command(sql, params).then(() => []),
    insert: (table, block) => insertOverHttp(writer, table, block),
    explain: (error) => startError(error, url, topology),
    async close() {
      await Promise.all([writer, reader, worker, control].map((one) => one.close()));
    },
  };
}

async function insertOverHttp(writer: ClickHouseClient, table: string, block: NativeBlock): Promise<void> {
  try {
    const { stream } = await writer.exec({
      query: `INSERT INTO ${table} (${block.columns.join(', ')}) FORMAT Native`,
      values: Readable.from([Buffer.concat(block.parts())]),
    });
    // An insert answers nothing; an answer that is not read keeps its socket.
    stream.resume();
    await finished(stream);
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(`ClickHouse says ${messageOf(error)}`, error);
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
