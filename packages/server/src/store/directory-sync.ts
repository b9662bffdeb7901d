import { open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DATABASE } from './schema.ts';

/** Statements that make or change tables: files outside of parts. */
const CHANGES_TABLES =
  /^\s*(CREATE|RENAME|EXCHANGE|DROP TABLE|ALTER TABLE \S+\s+(ADD|DROP COLUMN|MODIFY|MATERIALIZE))/;
/** Tables lie in engine/store/abc/abcdef01-…/. */
const TABLE_DEPTH = 3;
const INSERT = /^\s*INSERT INTO (\w+)\.(\w+)/;
/**
 * Makes the names of new parts as durable as their contents. The engine syncs the files of a part and the part's own
 * directory, but never the directory above it, in which it renames the finished part from `tmp_insert_…` to its name.
 * After loss of power the part may have the old name again, and those are deleted at the start: an acknowledged push
 * would be gone (e2e/faults-power.test.ts shows it). So the table's directory is synced after each insert, and
 * everything after tables were made or changed.
 */
export class DirectorySync {
  readonly #engine: string;
  /** How often tables were changed, and how often when they were last synced. */
  #changes = 1;
  #synced = 0;

  /** @param engine ClickHouse's own directory */
  constructor(engine: string) {
    this.#engine = engine;
  }

  /** To be called when a statement is done. */
  async after(sql: string): Promise<void> {
    if (CHANGES_TABLES.test(sql)) this.#changes++;
    const [, database, table] = INSERT.exec(sql) ?? [];
    if (table !== undefined) await this.afterInsert(`${database}.${table}`);
  }

  /** @param table `database.table` */
  async afterInsert(table: string): Promise<void> {
    const changes = this.#changes;
    if (this.#synced < changes) {
      await this.#syncTables();
      this.#synced = changes;
    }
    const [database, name] = table.split('.');
    // A symbolic link to the table's directory, kept by the engine.
    await syncOne(join(this.#engine, 'data', database, name));
  }

  /** What the engine writes once for a table. Parts are not gone into: there may be thousands. */
  async #syncTables(): Promise<void> {
    await syncTree(join(this.#engine, 'data', DATABASE, 'migrations'), 1);
    await syncTree(this.#engine, TABLE_DEPTH);
    // The entries of the engine's directory and of the data directory.
    await syncOne(dirname(this.#engine));
    await syncOne(dirname(dirname(this.#engine)));
  }
}

/** What lies directly in a directory and, down to `depth`, beneath it. */
async function syncTree(dir: string, depth: number): Promise<void> {
  const entries = (await readdir(dir, { withFileTypes: true }).catch(ignoreGone)) ?? [];
  await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => syncOne(join(dir, entry.name))));
  for (const entry of depth > 0 ? entries : []) {
    if (entry.isDirectory()) await syncTree(join(dir, entry.name), depth - 1);
  }
  await syncOne(dir);
}

/** Parts that were merged away meanwhile are no loss. */
async function syncOne(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(ignoreGone);
  if (!handle) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
