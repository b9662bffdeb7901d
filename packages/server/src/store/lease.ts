import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreConnection } from './connection.ts';
import { DATABASE, onCluster, SINGLE } from './topology.ts';

/** How long a lease lasts that nobody renews, s: after that long others do what the one that died did. */
const SECONDS = 90;
/** Renewed so often while work is under way, ms. */
const RENEW_MS = 30_000;
/** Giving it back is a courtesy: a server that stops does not wait longer for an engine that is silent, ms. */
const COURTESY_MS = 2000;

const TABLE = `${DATABASE}.leases`;

/**
 * Lets one of several servers do what would be done by all. It saves work and nothing else: whoever cannot tell
 * (ClickHouse has no Keeper, or it does not answer) holds it, and two that hold it at once compute the same.
 *
 * A row of a KeeperMap table, which all nodes of a cluster have in common: a write in strict mode fails if the row
 * came, or changed, meanwhile.
 */
export class Lease {
  readonly holder: string;
  readonly #connection: StoreConnection;
  readonly #name: string;
  readonly #seconds: number;
  #table: Promise<boolean> | undefined;

  constructor(
    connection: StoreConnection,
    name: string,
    {
      holder = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`,
      seconds = SECONDS,
    }: { readonly holder?: string; readonly seconds?: number } = {},
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#seconds = seconds;
    this.holder = holder;
  }

  /** Takes the lease, or renews it. @returns whether the work is this one's; never rejects */
  async take(): Promise<boolean> {
    // In this process there is nobody else.
    if (this.#connection.mode === 'embedded') return true;
    this.#table ??= this.#create();
    if (!(await this.#table)) return true;
    try {
      return await this.#take();
    } catch {
      return true;
    }
  }

  /**
   * Does the work, told whether it holds the lease, and keeps it meanwhile. Work that fails gives it back: another
   * server may have more luck.
   */
  async during<T>(work: (holds: boolean) => Promise<T>): Promise<T> {
    const holds = await this.take();
    const timer = holds ? setInterval(() => void this.take(), RENEW_MS) : undefined;
    try {
      return await work(holds);
    } catch (error) {
      if (holds) await this.giveBack();
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /** Lets go of it, if this one has it. Never rejects. */
  async giveBack(): Promise<void> {
    if (this.#connection.mode === 'embedded' || !(await this.#table)) return;
    const sql = `DELETE FROM ${TABLE} WHERE name = {name:String} AND holder = {holder:String}`;
    const params = { name: this.#name, holder: this.holder };
    const given = this.#connection.background(sql, params).catch(() => {});
    await Promise.race([given, sleep(COURTESY_MS, undefined, { ref: false })]);
  }

  async #take(): Promise<boolean> {
    const found = await this.#read();
    const params = { name: this.#name, holder: this.holder, seconds: this.#seconds };
    const until = 'toUnixTimestamp(now()) + {seconds:UInt32}';
    const strict = 'SETTINGS keeper_map_strict_mode = 1';
    try {
      if (!found) {
        await this.#connection.background(
          `INSERT INTO ${TABLE} (name, holder, until) ${strict} SELECT {name:String}, {holder:String}, ${until}`,
          params,
        );
      } else if (found.holder === this.holder || found.left <= 0) {
        await this.#connection.background(
          `ALTER TABLE ${TABLE} UPDATE holder = {holder:String}, until = ${until}
          WHERE name = {name:String} AND holder = {before:String} AND until = {was:UInt32} ${strict}`,
          { ...params, before: found.holder, was: found.until },
        );
      } else return false;
    } catch {
      // Somebody else was faster, or Keeper does not answer: reading tells which.
    }
    return (await this.#read())?.holder === this.holder;
  }

  async #read(): Promise<{ holder: string; until: number; left: number } | undefined> {
    const [row] = await this.#connection.background<{ holder: string; until: number; left: number }>(
      `SELECT holder, until, toFloat64(until) - toFloat64(toUnixTimestamp(now())) AS left FROM ${TABLE}
      WHERE name = {name:String}`,
      { name: this.#name },
    );
    return row;
  }

  /** @returns whether there is a table, which takes Keeper and `keeper_map_path_prefix` */
  async #create(): Promise<boolean> {
    try {
      const there = await this.#connection.background(
        `SELECT 1 FROM system.tables WHERE database = '${DATABASE}' AND name = 'leases'`,
      );
      if (there.length > 0) return true;
      await this.#connection.background(
        `CREATE TABLE IF NOT EXISTS ${TABLE}${onCluster(this.#connection.topology ?? SINGLE)} (
          name String,
          holder String,
          until UInt32 COMMENT 'unix time'
        ) ENGINE = KeeperMap('/${DATABASE}/leases') PRIMARY KEY name`,
      );
      return true;
    } catch (error) {
      // The engine said no, and will again; what never reached it may be tried again.
      if (!isEngineError(error)) this.#table = undefined;
      return false;
    }
  }
}

function isEngineError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^\d+$/.test(String(error.code));
}
