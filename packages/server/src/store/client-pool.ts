import type { ClickHouseClient } from '@clickhouse/client';
import type { QueryParams } from './connection.ts';

/**
 * Clients that read: each runs one statement at a time, further ones wait for the first that is free, in order.
 */
export class ClientPool {
  readonly #all: readonly ClickHouseClient[];
  readonly #free: ClickHouseClient[];
  readonly #waiting: ((client: ClickHouseClient) => void)[] = [];

  constructor(clients: ClickHouseClient[]) {
    this.#all = clients;
    this.#free = [...clients];
  }

  async rows<T>(query: string, params?: QueryParams): Promise<T[]> {
    return this.#with(async (client) => {
      const result = await client.query({
        query,
        format: 'JSONEachRow',
        ...(params && { query_params: { ...params } }),
      });
      return result.json<T>();
    });
  }

  async bytes(query: string, params?: QueryParams): Promise<Uint8Array> {
    return this.#with(async (client) => {
      const { stream } = await client.exec({ query, ...(params && { query_params: { ...params } }) });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  async command(query: string, params?: QueryParams): Promise<void> {
    await this.#with((client) => client.command({ query, ...(params && { query_params: { ...params } }) }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.close()));
  }

  async #with<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const client =
      this.#free.pop() ?? (await new Promise<ClickHouseClient>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(client);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(client);
      else this.#free.push(client);
    }
  }
}

export function isSelect(sql: string): boolean {
  return /^\s*(SELECT|WITH)\b/.test(sql);
}
