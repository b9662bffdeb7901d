/**
 * The tables. One statement per entry, `CREATE … IF NOT EXISTS`; a migration is never edited once it was released,
 * a later one changes what it made.
 */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

export const DATABASE = 'everflame';

/**
 * `profiles`: one row is one profile of one series. A row is some kilobytes wide (two arrays), so a granule of 512
 * rows is as small as an index lookup needs (ARCHITECTURE.md has the measurement). Partitions are days within a
 * retention class: expiry is dropping partitions, also where services are kept for different times.
 *
 * `stacks`, `frames`, `series`: what the ids in `profiles` mean, once a week and service, so that they expire by
 * partition like the profiles that name them. The identity (version 1) is over every column of `frames` but
 * service and week.
 */
const BASE_TABLES: Migration = {
  version: 1,
  name: 'base tables',
  statements: [
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.profiles (
      class LowCardinality(String),
      service LowCardinality(String),
      type LowCardinality(String),
      series UInt64,
      ts DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
      push UInt64,
      duration UInt64 COMMENT 'nanoseconds' CODEC(ZSTD(1)),
      period Int64 CODEC(ZSTD(1)),
      total Int64 CODEC(ZSTD(1)),
      stacks Array(UInt64) COMMENT 'ids, ascending' CODEC(ZSTD(1)),
      values Array(Int64) CODEC(ZSTD(1))
    ) ENGINE = ReplacingMergeTree
    PARTITION BY (class, toDate(ts))
    ORDER BY (service, type, series, ts, push)
    SETTINGS index_granularity = 512`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.series (
      service LowCardinality(String),
      week Date COMMENT 'its Monday',
      type LowCardinality(String),
      series UInt64,
      kind LowCardinality(String) COMMENT 'flow or level',
      labels Map(LowCardinality(String), String)
    ) ENGINE = ReplacingMergeTree
    PARTITION BY week
    ORDER BY (service, type, series, week)`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.stacks (
      service LowCardinality(String),
      week Date,
      stack UInt64,
      frames Array(UInt64) COMMENT 'root first' CODEC(ZSTD(1))
    ) ENGINE = ReplacingMergeTree
    PARTITION BY week
    ORDER BY (service, stack, week)
    SETTINGS index_granularity = 1024`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.frames (
      service LowCardinality(String),
      week Date,
      frame UInt64,
      function String,
      system_name String,
      file LowCardinality(String),
      module LowCardinality(String),
      build_id LowCardinality(String),
      line UInt32,
      start_line UInt32,
      address UInt64,
      inlined UInt8
    ) ENGINE = ReplacingMergeTree
    PARTITION BY week
    ORDER BY (service, frame, week)
    SETTINGS index_granularity = 1024`,
  ],
};

/** What the rollups of 5 minutes and of an hour have in common; they differ in their partitions. */
function rollupTable(name: string, partition: string): string {
  return `CREATE TABLE IF NOT EXISTS ${DATABASE}.${name} (
      class LowCardinality(String),
      service LowCardinality(String),
      type LowCardinality(String),
      series UInt64,
      ts DateTime('UTC') COMMENT 'start of the bucket' CODEC(Delta, ZSTD(1)),
      period Int64 CODEC(ZSTD(1)),
      duration UInt64 COMMENT 'nanoseconds, of all windows' CODEC(ZSTD(1)),
      windows UInt32 COMMENT 'that start in the bucket' CODEC(ZSTD(1)),
      reach UInt32 COMMENT 'seconds from ts to the end of the last window' CODEC(ZSTD(1)),
      minutes UInt64 COMMENT 'bit n: something was watched in minute n of the bucket' CODEC(ZSTD(1)),
      total Int64 CODEC(ZSTD(1)),
      stacks Array(UInt64) COMMENT 'ids, ascending' CODEC(ZSTD(1)),
      values Array(Int64) COMMENT 'flows: sums; levels: sums over minutes of the average' CODEC(ZSTD(1)),
      computed DateTime64(3, 'UTC') COMMENT 'when its computation began' CODEC(Delta, ZSTD(1)),
      INDEX computed_range computed TYPE minmax GRANULARITY 1
    ) ENGINE = ReplacingMergeTree(computed)
    PARTITION BY ${partition}
    ORDER BY (service, type, series, ts, period)
    SETTINGS index_granularity = 512`;
}

/**
 * Rollups, and when a row came in: what tells which buckets have to be computed again. The column is written out for
 * rows that were there before, or it would be "now" each time that they are read.
 */
const ROLLUPS: Migration = {
  version: 2,
  name: 'rollups',
  statements: [
    `ALTER TABLE ${DATABASE}.profiles
      ADD COLUMN IF NOT EXISTS inserted DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))`,
    `ALTER TABLE ${DATABASE}.profiles MATERIALIZE COLUMN inserted SETTINGS mutations_sync = 1`,
    `ALTER TABLE ${DATABASE}.profiles ADD INDEX IF NOT EXISTS inserted_range inserted TYPE minmax GRANULARITY 1`,
    rollupTable('profiles_5m', '(class, toDate(ts))'),
    rollupTable('profiles_1h', '(class, toYYYYMM(ts))'),
  ],
};

/**
 * The engine's default leaves it to the system when bytes reach the disk: kill -9 loses nothing, loss of power does.
 * What a merge makes needs none of this: the parts that it was made of stay for eight minutes (old_parts_lifetime).
 * Rollups neither: they can be computed again.
 */
const DURABLE: Migration = {
  version: 3,
  name: 'on disk before it is acknowledged',
  statements: ['profiles', 'series', 'stacks', 'frames'].map(
    (table) =>
      `ALTER TABLE ${DATABASE}.${table} MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1`,
  ),
};

export const MIGRATIONS: readonly Migration[] = [BASE_TABLES, ROLLUPS, DURABLE];
