import type { StoreConnection } from './connection.ts';
import { EXPIRING_TABLES, partitionEnd, type Retention } from './retention.ts';
import type { ProfileTable } from './rollup-level.ts';
import { DATABASE } from './schema.ts';
import { ofAllNodes, SINGLE, storedName, storedTable, tableOf } from './topology.ts';

/** A partition that was dropped, for the log. */
export interface Expired {
  readonly table: string;
  readonly partition: string;
}

const NAME_TABLES = ['stacks', 'frames', 'series'] as const;
const WEEK_MS = 7 * 86_400_000;
/** Partitions of the hour's table are months: its first rows outlive what is kept by as much. */
const MONTH_MS = 31 * 86_400_000;

interface Partition {
  readonly table: string;
  readonly partition: string;
  readonly id: string;
}

/**
 * Drops the partitions in which everything is older than it is kept. Names (stacks, frames, series) go with the week
 * after which nothing can name them any more.
 */
export async function expire(
  connection: StoreConnection,
  retention: Retention,
  now = Date.now(),
): Promise<Expired[]> {
  const topology = connection.topology ?? SINGLE;
  const partitions = await connection.rows<Partition>(
    `SELECT DISTINCT table, partition, partition_id AS id FROM ${ofAllNodes('system.parts', topology)}
    WHERE database = '${DATABASE}' AND active AND table IN {tables:Array(String)} ORDER BY table, partition`,
    { tables: [...EXPIRING_TABLES, ...NAME_TABLES].map((table) => storedName(table, topology)) },
  );
  const expired: Expired[] = [];
  for (const { table: stored, partition, id } of partitions) {
    const table = tableOf(stored, topology);
    const end = endOf(table, partition, retention);
    if (end === undefined || end > now) continue;
    await connection.command(`ALTER TABLE ${storedTable(table, topology)} DROP PARTITION ID {id:String}`, {
      id,
    });
    expired.push({ table, partition });
  }
  return expired;
}

/** Unix ms after which the partition is not needed; undefined for a name that is not understood, which stays. */
function endOf(table: string, partition: string, retention: Retention): number | undefined {
  const profiles = EXPIRING_TABLES.find((one) => one === table);
  if (!profiles) {
    const monday = Date.parse(`${partition.replaceAll("'", '')}T00:00:00Z`);
    return Number.isNaN(monday) ? undefined : monday + WEEK_MS + retention.longest + MONTH_MS;
  }
  const parsed = parsePartition(profiles, partition);
  if (!parsed) return undefined;
  return partitionEnd(profiles, parsed.start) + retention.keptFor(parsed.class)[profiles];
}

/** `('default','2026-05-06')` or, by month, `('default',202605)`. */
function parsePartition(
  table: ProfileTable,
  text: string,
): { readonly class: string; readonly start: number } | undefined {
  const match = /^\('(.*)',(?:'(\d{4})-(\d\d)-(\d\d)'|(\d{4})(\d\d))\)$/.exec(text);
  if (!match) return undefined;
  const [, name, year, month, day, longYear, longMonth] = match;
  const start =
    table === 'profiles_1h'
      ? Date.UTC(Number(longYear), Number(longMonth) - 1, 1)
      : Date.UTC(Number(year), Number(month) - 1, Number(day));
  return Number.isNaN(start) ? undefined : { class: name.replace(/\\(.)/g, '$1'), start };
}
