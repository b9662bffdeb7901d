import type { StoreConnection } from './connection.ts';
import { DATABASE } from './schema.ts';

export interface CheckedPart {
  readonly table: string;
  readonly part: string;
  /** What is wrong with it; undefined: nothing. */
  readonly damage: string | undefined;
}

/** Reads every part of every table and compares with its checksums, which opening does not do. */
export async function* checkParts(connection: StoreConnection): AsyncGenerator<CheckedPart> {
  const tables = await connection.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' ORDER BY name`,
    { database: DATABASE },
  );
  for (const { name: table } of tables) {
    const parts = await connection.rows<{ part_path: string; is_passed: number; message: string }>(
      `CHECK TABLE ${DATABASE}.${table}`,
    );
    for (const { part_path, is_passed, message } of parts) {
      yield { table, part: part_path, damage: is_passed ? undefined : message };
    }
  }
}

/** Takes a part out of its table: it is kept in `detached/`, and no longer read. */
export async function setAside(connection: StoreConnection, { table, part }: CheckedPart): Promise<void> {
  if (!/^\w+$/.test(part)) throw new Error(`${part} is no name of a part`);
  await connection.command(`ALTER TABLE ${DATABASE}.${table} DETACH PART '${part}'`);
}
