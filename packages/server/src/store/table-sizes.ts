import type { StoreConnection } from './connection.ts';
import { DATABASE, SINGLE, tableOf } from './topology.ts';

export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** On disk, compressed. */
  readonly bytes: number;
  readonly parts: number;
}

/** Whoever asks oftener gets what was measured last. */
const MEASURED_EVERY_MS = 15_000;

/**
 * What each table takes on disk, from the engine's list of parts. On a cluster: of the node that answers.
 */
export class TableSizes {
  readonly #connection: StoreConnection;
  readonly #now: () => number;
  #measured: Promise<readonly TableSize[]> | undefined;
  #at = 0;

  /** @param now monotonic time in ms */
  constructor(connection: StoreConnection, now: () => number = () => performance.now()) {
    this.#connection = connection;
    this.#now = now;
  }

  /** One question at a time; one that fails is not remembered. */
  async read(): Promise<readonly TableSize[]> {
    if (!this.#measured || this.#now() - this.#at > MEASURED_EVERY_MS) {
      this.#at = this.#now();
      this.#measured = this.#measure();
    }
    const measured = this.#measured;
    try {
      return await measured;
    } catch (error) {
      if (this.#measured === measured) this.#measured = undefined;
      throw error;
    }
  }

  async #measure(): Promise<readonly TableSize[]> {
    // Numbers of 64 bits come as strings; a table without parts is there with zeros.
    const rows = await this.#connection.rows<Record<'table' | 'rows' | 'bytes' | 'parts', string>>(
      `SELECT name AS table, toString(any(r)) AS rows, toString(any(b)) AS bytes, toString(any(n)) AS parts
      FROM system.tables AS t
      LEFT JOIN (
        SELECT table, sum(rows) AS r, sum(bytes_on_disk) AS b, count() AS n
        FROM system.parts WHERE active AND database = {database:String} GROUP BY table
      ) AS p ON p.table = t.name
      WHERE t.database = {database:String} AND t.engine LIKE '%MergeTree'
      GROUP BY name ORDER BY name`,
      { database: DATABASE },
    );
    return rows.map(({ table, rows: count, bytes, parts }) => ({
      table: tableOf(table, this.#connection.topology ?? SINGLE),
      rows: Number(count),
      bytes: Number(bytes),
      parts: Number(parts),
    }));
  }
}
