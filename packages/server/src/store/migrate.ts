import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreConnection } from './connection.ts';
import { bookkeeping, DATABASE, MIGRATIONS, type Migration } from './schema.ts';
import { StoreError } from './store-error.ts';
import { SINGLE } from './topology.ts';

/**
 * The engine's errors of a statement that met another server doing the same: the table's metadata changed meanwhile
 * (517 CANNOT_ASSIGN_ALTER), the replica is being made already (253 REPLICA_ALREADY_EXISTS).
 */
const MET_ANOTHER = new Set(['517', '253']);
const ATTEMPTS = 10;
const PAUSE_MS = 500;

/**
 * Brings the tables up to the newest version, one migration after another. Every statement can be repeated, so a
 * crash between two of them is mended by starting again, and servers that start at once do no harm: each does all of
 * it, or finds it done.
 *
 * @returns the versions that were applied now
 * @throws StoreError `schema_too_new`: nothing was touched; what the connection makes of the engine's errors
 */
export async function migrate(
  connection: StoreConnection,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number[]> {
  try {
    return await applyAll(connection, migrations);
  } catch (error) {
    throw connection.explain?.(error) ?? error;
  }
}

async function applyAll(connection: StoreConnection, migrations: readonly Migration[]): Promise<number[]> {
  const topology = connection.topology ?? SINGLE;
  // Statements on all nodes wait for all nodes: a start with nothing to do must not depend on a node that is down.
  if (topology.cluster === undefined || !(await isThere(connection))) {
    for (const statement of bookkeeping(topology)) await run(connection, statement);
  }
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
    for (const statement of statements(topology)) await run(connection, statement);
    await connection.command(
      `INSERT INTO ${DATABASE}.migrations (version, name) SELECT {version:UInt32}, {name:String}`,
      { version, name },
    );
    applied.push(version);
  }
  return applied;
}

async function isThere(connection: StoreConnection): Promise<boolean> {
  const rows = await connection.rows<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM system.tables WHERE database = '${DATABASE}' AND name = 'migrations'`,
  );
  return (rows[0]?.n ?? 0) > 0;
}

async function run(connection: StoreConnection, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connection.command(statement);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (attempt >= ATTEMPTS || !MET_ANOTHER.has(code)) throw error;
      await sleep(PAUSE_MS * attempt);
    }
  }
}
