import { randomBytes } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import type { QueryLimits, QueryParams } from './connection.ts';
import { StoreError } from './store-error.ts';
import { onCluster, SINGLE, type Topology } from './topology.ts';

export interface ClientPoolOptions {
  /** Limits of each statement; without them there are none. */
  readonly limits?: QueryLimits;
  /** Ends statements of the others: theirs is taken while they run. */
  readonly control?: ClickHouseClient;
  /** A statement may run on any node: which of them the control's connection reaches is up to what stands before. */
  readonly topology?: Topology;
}

/**
 * Clients of which each runs one statement at a time; further ones wait for the first that is free, in order.
 *
 * Neither chdb nor a broken connection ends a statement, so each carries a tag in a comment, by which it is killed
 * when nobody waits for it any more.
 */
export class ClientPool {
  readonly #all: readonly ClickHouseClient[];
  readonly #free: ClickHouseClient[];
  readonly #waiting: ((client: ClickHouseClient) => void)[] = [];
  readonly #limits: QueryLimits | undefined;
  readonly #control: ClickHouseClient | undefined;
  readonly #topology: Topology;

  constructor(clients: ClickHouseClient[], { limits, control, topology = SINGLE }: ClientPoolOptions = {}) {
    this.#all = clients;
    this.#free = [...clients];
    this.#limits = limits;
    this.#control = control;
    this.#topology = topology;
  }

  rows<T>(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<T[]> {
    return this.#run(sql, signal, async (client, query) => {
      const result = await client.query({
        query,
        format: 'JSONEachRow',
        ...(params && { query_params: { ...params } }),
      });
      return result.json<T>();
    });
  }

  bytes(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#run(sql, signal, async (client, query) => {
      const { stream } = await client.exec({ query, ...(params && { query_params: { ...params } }) });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    await this.#run(sql, undefined, (client, query) =>
      client.command({ query, ...(params && { query_params: { ...params } }) }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.close()));
  }

  async #run<T>(
    sql: string,
    signal: AbortSignal | undefined,
    work: (client: ClickHouseClient, query: string) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const client = this.#free.pop() ?? (await this.#turn(signal));
    const tag = randomBytes(8).toString('hex');
    const kill = () => void this.#kill(tag);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', kill);
      return await work(client, `/* everflame ${tag} */ ${this.#limited(sql)}`);
    } catch (error) {
      // What was killed failed because of that.
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', kill);
      const next = this.#waiting.shift();
      if (next) next(client);
      else this.#free.push(client);
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<ClickHouseClient> {
    if (this.#limits && this.#waiting.length >= this.#limits.waiting) {
      throw new StoreError(
        'too_many_queries',
        `${this.#waiting.length} questions wait for their turn already. Ask again in a moment.`,
      );
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal?.reason);
      };
      const enter = (client: ClickHouseClient) => {
        signal?.removeEventListener('abort', leave);
        resolve(client);
      };
      this.#waiting.push(enter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** SETTINGS stand in the statement: what a client is given for itself sticks to its connection. */
  #limited(sql: string): string {
    if (!this.#limits) return sql;
    const { seconds, memory } = this.#limits;
    const settings =
      `max_execution_time = ${seconds}, max_memory_usage = ${memory}, ` +
      'do_not_merge_across_partitions_select_final = 1';
    const [, statement, format = ''] = /^([\s\S]*?)(\s+FORMAT \w+)?\s*$/.exec(sql) ?? [];
    return `${statement} SETTINGS ${settings}${format}`;
  }

  async #kill(tag: string): Promise<void> {
    await this.#control?.command({ query: killStatement(tag, this.#topology) }).catch(() => {});
  }
}

/** The tag is put together there, so that the statement does not find itself. SYNC would never return. */
export function killStatement(tag: string, topology: Topology): string {
  return `KILL QUERY${onCluster(topology)} WHERE position(query, concat('/* everflame ', '${tag}')) > 0 ASYNC`;
}

export function isSelect(sql: string): boolean {
  return /^\s*(SELECT|WITH)\b/.test(sql);
}
