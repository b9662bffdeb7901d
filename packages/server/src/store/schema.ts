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

export const MIGRATIONS: readonly Migration[] = [BASE_TABLES];
