import type { NativeBlock } from './native-block.ts';
import type { Topology } from './topology.ts';

/** Values for the `{name:Type}` placeholders of a statement. User input travels only here, never in SQL text. */
export type QueryParams = Readonly<Record<string, unknown>>;

/**
 * The engine, whichever it is: ClickHouse inside this process or one reached by URL. Reading, writing and control
 * have connections of their own, because a connection of the embedded engine runs one statement at a time.
 */
export interface StoreConnection {
  readonly mode: 'embedded' | 'cluster';
  /** Where the tables lie; without it: one engine. */
  readonly topology?: Topology;
  /** Rows of a small result. @param signal ends the statement in the engine too */
  rows<T>(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<T[]>;
  /** The bytes of a result in the statement's own FORMAT. */
  bytes(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<Uint8Array>;
  /** A statement without a result (DDL, deletes). */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Work that nobody waits for (rollups), on a connection of its own: rows of a SELECT, none of anything else. */
  background<T>(sql: string, params?: QueryParams): Promise<T[]>;
  /** Appends the block's rows; resolves once they are in a part on disk. */
  insert(table: string, block: NativeBlock): Promise<void>;
  /** What an error that kept the store from opening means to whoever started it, where that is known. */
  explain?(error: unknown): unknown;
  close(): Promise<void>;
}

/** A connection whose questions end with a signal: when nobody waits for their answers. */
export function boundTo(connection: StoreConnection, signal: AbortSignal): StoreConnection {
  return {
    ...connection,
    rows: (sql, params) => connection.rows(sql, params, signal),
    bytes: (sql, params) => connection.bytes(sql, params, signal),
  };
}

/** What a question may take of the engine. */
export interface QueryLimits {
  readonly seconds: number;
  /** Bytes. */
  readonly memory: number;
  /** Questions that may wait for their turn. */
  readonly waiting: number;
}

export const DEFAULT_QUERY_LIMITS: QueryLimits = { seconds: 30, memory: 400 << 20, waiting: 200 };
