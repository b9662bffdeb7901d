import { Readable } from 'node:stream';
import { createClient } from '@clickhouse/client';
import { ClientPool, isSelect } from './client-pool.ts';
import {
  DEFAULT_QUERY_LIMITS,
  type QueryLimits,
  type QueryParams,
  type StoreConnection,
} from './connection.ts';

/**
 * A ClickHouse reached by HTTP: `http://user:password@host:8123`. The client keeps its own pool of sockets, so one
 * client serves reading and one writing.
 */
export function openCluster(url: string, limits: QueryLimits = DEFAULT_QUERY_LIMITS): StoreConnection {
  const writer = createClient({ url });
  const reader = createClient({ url });
  const readers = new ClientPool([reader, reader, reader, reader], { limits, control: writer });
  const background = new ClientPool([writer]);
  return {
    mode: 'cluster',
    rows: <T>(sql: string, params?: QueryParams, signal?: AbortSignal) =>
      readers.rows<T>(sql, params, signal),
    bytes: (sql, params, signal) => readers.bytes(sql, params, signal),
    command: (sql, params) => background.command(sql, params),
    background: <T>(sql: string, params?: QueryParams) =>
      isSelect(sql) ? background.rows<T>(sql, params) : background.command(sql, params).then(() => []),
    async insert(table, block) {
      await writer.exec({
        query: `INSERT INTO ${table} (${block.columns.join(', ')}) FORMAT Native`,
        values: Readable.from(block.parts().map((part) => Buffer.from(part))),
      });
    },
    async close() {
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}
