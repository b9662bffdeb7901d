import type { StoreConnection } from './connection.ts';
import { compileNamesFilter, compileSeriesFilter, type Filter } from './filter.ts';
import { FIVE_MINUTES, ONE_HOUR, type ProfileTable } from './rollup-level.ts';
import type { Rollups } from './rollups.ts';
import { DATABASE } from './schema.ts';
import { SINGLE, storedName, storedTable, type Topology } from './topology.ts';

/** What is to be deleted: whole services, or their series with some labels, at any time. */
export type DeletionTarget = Pick<Filter, 'services' | 'labels'>;

/** What a deletion takes, or took. */
export interface DeletionCount {
  readonly services: readonly string[];
  readonly series: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<ProfileTable, number>>;
  /** Unix ms: start of the first and of the last window; null where there is none. */
  readonly first: number | null;
  readonly last: number | null;
  /**
   * A label is asked for that the table of hours does not keep: hours are summed up again without what is deleted, as
   * far back as five minutes are kept; the rows of older hours, this many, hold it merged with others, and stay.
   */
  readonly mergedHours: number;
}

const TABLES: readonly ProfileTable[] = ['profiles', FIVE_MINUTES.table, ONE_HOUR.table];

/** Deletes what was stored. The writer must rest meanwhile: it knows of names that go away. */
export class Deletion {
  readonly #connection: StoreConnection;
  readonly #rollups: Rollups;
  readonly #topology: Topology;

  constructor(connection: StoreConnection, rollups: Rollups) {
    this.#connection = connection;
    this.#rollups = rollups;
    this.#topology = connection.topology ?? SINGLE;
  }

  /** Counts, and changes nothing. @param fiveSince unix ms since which five minutes are kept */
  async count(target: DeletionTarget, fiveSince: number): Promise<DeletionCount> {
    const isMerged = this.#isMerged(target);
    const series = compileSeriesFilter(target);
    const services = await this.#connection.rows<{ service: string; series: number }>(
      `SELECT toString(service) AS service, toUInt32(uniqExact(series)) AS series FROM ${DATABASE}.series
      WHERE ${series.sql} GROUP BY service ORDER BY service`,
      series.params,
    );
    const rows: Record<ProfileTable, number> = { profiles: 0, profiles_5m: 0, profiles_1h: 0 };
    let first: number | null = null;
    let last: number | null = null;
    for (const table of TABLES) {
      if (table === ONE_HOUR.table && isMerged) continue;
      const { sql, params } = condition(target);
      const [row] = await this.#connection.rows<{ n: number; first: number; last: number }>(
        `SELECT toFloat64(count()) AS n, toFloat64(toUnixTimestamp(min(ts))) * 1000 AS first,
          toFloat64(toUnixTimestamp(max(ts))) * 1000 AS last
        FROM ${DATABASE}.${table} FINAL WHERE ${sql}`,
        params,
      );
      if (!row || row.n === 0) continue;
      rows[table] = row.n;
      first = Math.min(first ?? row.first, row.first);
      last = Math.max(last ?? row.last, row.last);
    }
    return {
      services: services.map(({ service }) => service),
      series: services.reduce((sum, one) => sum + one.series, 0),
      rows,
      first,
      last,
      mergedHours: isMerged
        ? await this.#hoursBefore(
            services.map(({ service }) => service),
            fiveSince,
          )
        : 0,
    };
  }

  /** Deletes, on disk too when it returns. */
  async run(target: DeletionTarget, fiveSince: number): Promise<DeletionCount> {
    const counted = await this.count(target, fiveSince);
    if (counted.series === 0) return counted;
    const { sql, params } = condition(target, this.#topology);
    const isMerged = this.#isMerged(target);
    for (const table of TABLES) {
      if (table === ONE_HOUR.table && isMerged) continue;
      await this.#delete(table, sql, params);
    }
    if (isMerged) {
      const hours = "service IN {services:Array(String)} AND ts >= toDateTime({since:UInt32}, 'UTC')";
      await this.#delete(ONE_HOUR.table, hours, { services: [...counted.services], since: fiveSince / 1000 });
    }
    // What rollups are left of these services says too much, or is gone.
    this.#rollups.forget();
    // Other servers on the same ClickHouse remember names as written and would not write them again; there they go
    // with their week.
    if (this.#connection.mode === 'embedded') await this.#deleteNames(target);
    return counted;
  }

  /** Names that nothing refers to any more. */
  async #deleteNames(target: DeletionTarget): Promise<void> {
    const { sql, params } = compileNamesFilter(target);
    const used = (column: string) =>
      TABLES.map((table) => `SELECT service, ${column} FROM ${DATABASE}.${table} WHERE ${sql}`).join(
        ' UNION ALL ',
      );
    await this.#delete('series', `${sql} AND (service, series) NOT IN (${used('series')})`, params);
    await this.#delete('stacks', `${sql} AND (service, stack) NOT IN (${used('arrayJoin(stacks)')})`, params);
    await this.#delete(
      'frames',
      `${sql} AND (service, frame) NOT IN (SELECT service, arrayJoin(frames) FROM ${DATABASE}.stacks WHERE ${sql})`,
      params,
    );
  }

  async #delete(table: string, sql: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    // Each replica evaluates the condition for itself: series, which it names, are never deleted there.
    const settings =
      this.#topology.cluster === undefined
        ? 'mutations_sync = 1'
        : 'mutations_sync = 2, allow_nondeterministic_mutations = 1';
    await this.#connection.command(
      `ALTER TABLE ${storedTable(table, this.#topology)} DELETE WHERE ${sql} SETTINGS ${settings}`,
      params,
    );
  }

  async #hoursBefore(services: readonly string[], fiveSince: number): Promise<number> {
    const [row] = await this.#connection.rows<{ n: number }>(
      `SELECT toFloat64(count()) AS n FROM ${DATABASE}.${ONE_HOUR.table} FINAL
      WHERE service IN {services:Array(String)} AND ts < toDateTime({since:UInt32}, 'UTC')`,
      { services: [...services], since: fiveSince / 1000 },
    );
    return row?.n ?? 0;
  }

  #isMerged({ labels }: DeletionTarget): boolean {
    return labels.some(({ label }) => this.#rollups.dropLabels.includes(label));
  }
}

/** The rows of a table of profiles that are meant. @param topology where each node evaluates it for its own rows */
function condition(target: DeletionTarget, topology: Topology = SINGLE) {
  if (target.labels.length === 0) return compileNamesFilter(target);
  const series = compileSeriesFilter(target);
  const services = compileNamesFilter(target);
  return {
    sql: `${services.sql} AND series IN (SELECT series FROM ${DATABASE}.${storedName('series', topology)} WHERE ${series.sql})`,
    params: { ...series.params, ...services.params },
  };
}
