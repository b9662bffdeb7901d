import type { StoreConnection } from './connection.ts';
import { DATABASE, MIGRATIONS, type Migration } from './schema.ts';
import { StoreError } from './store-error.ts';

/**
 * Brings the tables up to the newest version, one migration after another. Every statement can be repeated, so a
 * crash between two of them is mended by starting again.
 *
 * @returns the versions that were applied now
 * @throws StoreError `schema_too_new`: nothing was touched
 */
export async function migrate(
  connection: StoreConnection,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number[]> {
  await connection.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  await connection.command(`CREATE TABLE IF NOT EXISTS ${DATABASE}.migrations (
    version UInt32,
    name String,
    applied DateTime DEFAULT now()
  ) ENGINE = MergeTree ORDER BY version`);
  const rows = await connection.rows<{ version: number }>(
    `SELECT max(version) AS version FROM ${DATABASE}.migrations`,
  );
  const present = rows[0]?.version ?? 0;
  const newest = migrations.at(-1)?.version ?? 0;
  if (present > newest) {
    throw new StoreError(
      'schema_too_new',
      `The data was written by a newer Everflame (schema ${present}; this one knows ${newest}). ` +
        'Nothing was changed. Start the newer version, or point --data to another directory.',
    );
  }
  const applied: number[] = [];
  for (const { version, name, statements } of migrations) {
    if (version <= present) continue;
    for (const statement of statements) await connection.command(statement);
    await connection.command(
      `INSERT INTO ${DATABASE}.migrations (version, name) SELECT {version:UInt32}, {name:String}`,
      { version, name },
    );
    applied.push(version);
  }
  return applied;
}
