import type { StoreConnection } from './connection.ts';
import { DATABASE } from './schema.ts';

/** A part that the engine could not read and set aside, in `detached/` beside the table's other parts. */
export interface DamagedPart {
  readonly table: string;
  readonly part: string;
  /** The engine's word for it: broken, broken-on-start, … */
  readonly reason: string;
  /** Parts within its range that are read instead, those it was merged from; 0: its rows are missing. */
  readonly instead: number;
  readonly path: string;
}

/** What the engine sets aside for other reasons is no damage: by a user's DETACH, or what a newer part has replaced. */
const DAMAGE =
  "(reason LIKE 'broken%' OR reason IN ('unexpected', 'noquorum', 'covered-by-broken', " +
  "'merge-not-byte-identical', 'mutate-not-byte-identical'))";
/** Whoever asks oftener gets what was found last, ms. */
const FRESH_MS = 15_000;

/**
 * Parts that were found to be damaged. The engine looks at the newest parts of a table when it opens it, and at those
 * they were merged from in the background: more may be found in the first seconds.
 */
export class Damage {
  readonly #connection: StoreConnection;
  readonly #now: () => number;
  #found: Promise<readonly DamagedPart[]> | undefined;
  #at = 0;

  /** @param now monotonic time in ms */
  constructor(connection: StoreConnection, now: () => number = () => performance.now()) {
    this.#connection = connection;
    this.#now = now;
  }

  async read(): Promise<readonly DamagedPart[]> {
    if (!this.#found || this.#now() - this.#at > FRESH_MS) {
      this.#at = this.#now();
      this.#found = this.#look();
    }
    const found = this.#found;
    try {
      return await found;
    } catch (error) {
      if (this.#found === found) this.#found = undefined;
      throw error;
    }
  }

  #look(): Promise<DamagedPart[]> {
    return this.#connection.rows<DamagedPart>(
      `SELECT d.table AS table, d.name AS part, toString(d.reason) AS reason, d.path AS path,
        toUInt32(countIf(p.active AND p.min_block_number >= d.min_block_number
          AND p.max_block_number <= d.max_block_number)) AS instead
      FROM (
        SELECT table, name, assumeNotNull(reason) AS reason, path, partition_id, min_block_number, max_block_number
        FROM system.detached_parts WHERE database = {database:String} AND ${DAMAGE}
      ) AS d
      LEFT JOIN (
        SELECT table, partition_id, active, min_block_number, max_block_number
        FROM system.parts WHERE database = {database:String} AND active
      ) AS p ON p.table = d.table AND p.partition_id = d.partition_id
      GROUP BY ALL ORDER BY table, part`,
      { database: DATABASE },
    );
  }
}
