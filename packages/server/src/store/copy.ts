import { writingSettings } from './cluster-settings.ts';
import type { StoreConnection } from './connection.ts';
import { migrate } from './migrate.ts';
import { DATABASE } from './schema.ts';

/** Names first: what can be read can then be drawn. */
const TABLES = ['frames', 'stacks', 'series', 'profiles_1h', 'profiles_5m', 'profiles'] as const;

/** How long the target may take for what was sent of one partition, s. */
const PATIENCE_SECONDS = 600;

export interface CopiedTable {
  readonly table: string;
  readonly partitions: number;
  /** Rows that count, here and there: the target has at least those. */
  readonly rows: number;
  readonly there: number;
}

/**
 * Copies an embedded store into a ClickHouse, partition by partition: the engine itself sends them, in Native format by
 * HTTP. Rows replace equal ones, so what was interrupted is simply done again, and the target may be in use meanwhile.
 *
 * @param url of the target, with user and password
 * @throws StoreError `schema_too_new` of the target; the engine's errors
 */
export async function copyStore(
  source: StoreConnection,
  target: StoreConnection,
  url: string,
  progress: (table: string, partition: string) => void = () => {},
): Promise<CopiedTable[]> {
  await migrate(source);
  await migrate(target);
  const copied: CopiedTable[] = [];
  for (const table of TABLES) {
    const partitions = await source.rows<{ id: string; partition: string }>(
      `SELECT DISTINCT partition_id AS id, partition FROM system.parts
      WHERE active AND database = '${DATABASE}' AND table = {table:String} ORDER BY id`,
      { table },
    );
    const columns = await columnsOf(source, table);
    for (const { id, partition } of partitions) {
      progress(table, partition);
      await source.background(sending(table, columns, url, writingSettings(target.topology ?? {})), { id });
    }
    const rows = await count(source, table);
    copied.push({ table, partitions: partitions.length, rows, there: await count(target, table) });
  }
  return copied;
}

/**
 * When a row of `profiles` came in is not copied: it comes in at the target now, and so the rollups of its bucket are
 * computed there again, with what else the target has of it.
 */
async function columnsOf(source: StoreConnection, table: string): Promise<string> {
  const rows = await source.rows<{ name: string }>(
    `SELECT name FROM system.columns WHERE database = '${DATABASE}' AND table = {table:String}
    AND name != 'inserted' ORDER BY position`,
    { table },
  );
  return rows.map(({ name }) => `\`${name}\``).join(', ');
}

function sending(table: string, columns: string, url: string, settings: object): string {
  const { origin, username, password } = new URL(url);
  const query = new URLSearchParams({
    query: `INSERT INTO ${DATABASE}.${table} (${columns}) FORMAT Native`,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
  });
  const user = quote(decodeURIComponent(username) || 'default');
  const key = quote(decodeURIComponent(password));
  return `INSERT INTO FUNCTION url(${quote(`${origin}/?${query}`)}, 'Native',
      headers('X-ClickHouse-User' = ${user}, 'X-ClickHouse-Key' = ${key}))
    SELECT ${columns} FROM ${DATABASE}.${table} WHERE _partition_id = {id:String}
    SETTINGS http_receive_timeout = ${PATIENCE_SECONDS}, http_send_timeout = ${PATIENCE_SECONDS}`;
}

async function count(connection: StoreConnection, table: string): Promise<number> {
  const [row] = await connection.background<{ n: number }>(
    `SELECT toFloat64(count()) AS n FROM ${DATABASE}.${table} FINAL`,
  );
  return row?.n ?? 0;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
