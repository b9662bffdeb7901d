import { DATABASE, onCluster, SINGLE, storedName, storedTable, type Topology } from './topology.ts';

export { DATABASE } from './topology.ts';

/**
 * The tables. Statements that can be repeated, in order; a migration is never edited once it was released, a later
 * one changes what it made.
 */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(topology?: Topology): readonly string[];
}

interface Table {
  readonly name: string;
  readonly columns: string;
  /** Of rows with the same key the one stays for which this is greatest; else the one that came last. */
  readonly version?: string;
  readonly partition: string;
  readonly order: string;
  /** Rows of a granule, where it is not the engine's 8192. */
  readonly granularity?: number;
}

/**
 * All rows of a service are on one shard: what is joined or looked up for a profile (its series, stacks, frames) is
 * beside it, and rows that replace one another meet. Changing this, or the number of shards, takes the rows moved.
 */
const SHARDING_KEY = 'cityHash64(service)';

/**
 * Replicas drop an insert that is equal to an earlier one, also where its rows were deleted since: a name that a push
 * writes again would be missing. Rows replace one another by their key, so nothing is lost by turning that off.
 */
const REPLICATED_SETTINGS = ['replicated_deduplication_window = 0'];

/** `CREATE` of a table; on a cluster of the one that holds the rows on each node, and of the one over all shards. */
function create(table: Table, topology: Topology): string[] {
  const { name, columns, version, partition, order, granularity } = table;
  const { cluster } = topology;
  const engine =
    cluster === undefined
      ? `ReplacingMergeTree${version === undefined ? '' : `(${version})`}`
      : `ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/${DATABASE}/${name}', '{replica}'${
          version === undefined ? '' : `, ${version}`
        })`;
  const settings = [
    ...(granularity === undefined ? [] : [`index_granularity = ${granularity}`]),
    ...(cluster === undefined ? [] : REPLICATED_SETTINGS),
  ];
  const stored = `CREATE TABLE IF NOT EXISTS ${storedTable(name, topology)} (
      ${columns}
    ) ENGINE = ${engine}
    PARTITION BY ${partition}
    ORDER BY ${order}${settings.length === 0 ? '' : `\n    SETTINGS ${settings.join(', ')}`}`;
  if (cluster === undefined) return [stored];
  return [
    stored,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.${name}${onCluster(topology)} AS ${DATABASE}.${storedName(name, topology)}
    ENGINE = Distributed('${cluster}', '${DATABASE}', '${storedName(name, topology)}', ${SHARDING_KEY})`,
  ];
}

/**
 * `profiles`: one row is one profile of one series. A row is some kilobytes wide (two arrays), so a granule of 512
 * rows is as small as an index lookup needs (ARCHITECTURE.md has the measurement). Partitions are days within a
 * retention class: expiry is dropping partitions, also where services are kept for different times.
 */
const PROFILES: Table = {
  name: 'profiles',
  columns: `class LowCardinality(String),
      service LowCardinality(String),
      type LowCardinality(String),
      series UInt64,
      ts DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
      push UInt64,
      duration UInt64 COMMENT 'nanoseconds' CODEC(ZSTD(1)),
      period Int64 CODEC(ZSTD(1)),
      total Int64 CODEC(ZSTD(1)),
      stacks Array(UInt64) COMMENT 'ids, ascending' CODEC(ZSTD(1)),
      values Array(Int64) CODEC(ZSTD(1))`,
  partition: '(class, toDate(ts))',
  order: '(service, type, series, ts, push)',
  granularity: 512,
};

/**
 * `stacks`, `frames`, `series`: what the ids in `profiles` mean, once a week and service, so that they expire by
 * partition like the profiles that name them. The identity (version 1) is over every column of `frames` but
 * service and week.
 */
const NAMES: readonly Table[] = [
  {
    name: 'series',
    columns: `service LowCardinality(String),
      week Date COMMENT 'its Monday',
      type LowCardinality(String),
      series UInt64,
      kind LowCardinality(String) COMMENT 'flow or level',
      labels Map(LowCardinality(String), String)`,
    partition: 'week',
    order: '(service, type, series, week)',
  },
  {
    name: 'stacks',
    columns: `service LowCardinality(String),
      week Date,
      stack UInt64,
      frames Array(UInt64) COMMENT 'root first' CODEC(ZSTD(1))`,
    partition: 'week',
    order: '(service, stack, week)',
    granularity: 1024,
  },
  {
    name: 'frames',
    columns: `service LowCardinality(String),
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
      inlined UInt8`,
    partition: 'week',
    order: '(service, frame, week)',
    granularity: 1024,
  },
];

/** What the rollups of 5 minutes and of an hour have in common; they differ in their partitions. */
function rollupTable(name: string, partition: string): Table {
  return {
    name,
    columns: `class LowCardinality(String),
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
      INDEX computed_range computed TYPE minmax GRANULARITY 1`,
    version: 'computed',
    partition,
    order: '(service, type, series, ts, period)',
    granularity: 512,
  };
}

const BASE_TABLES: Migration = {
  version: 1,
  name: 'base tables',
  statements: (topology = SINGLE) => [PROFILES, ...NAMES].flatMap((table) => create(table, topology)),
};

/**
 * Rollups, and when a row came in: what tells which buckets have to be computed again. The column is written out for
 * rows that were there before, or it would be "now" each time that they are read.
 */
const ROLLUPS: Migration = {
  version: 2,
  name: 'rollups',
  statements: (topology = SINGLE) => [
    ...addColumn('profiles', "inserted DateTime64(3, 'UTC') DEFAULT now64(3)", 'Delta, ZSTD(1)', topology),
    `ALTER TABLE ${storedTable('profiles', topology)} MATERIALIZE COLUMN inserted SETTINGS mutations_sync = 1`,
    `ALTER TABLE ${storedTable('profiles', topology)} ADD INDEX IF NOT EXISTS inserted_range inserted TYPE minmax GRANULARITY 1`,
    ...create(rollupTable('profiles_5m', '(class, toDate(ts))'), topology),
    ...create(rollupTable('profiles_1h', '(class, toYYYYMM(ts))'), topology),
  ],
};

/** The column on the nodes first: the table over all shards may promise only what they have. */
function addColumn(table: string, column: string, codec: string, topology: Topology): string[] {
  const stored = `ALTER TABLE ${storedTable(table, topology)}
      ADD COLUMN IF NOT EXISTS ${column} CODEC(${codec})`;
  if (topology.cluster === undefined) return [stored];
  return [
    // Every replica has it before the next statement, or says that it has not.
    `${stored} SETTINGS alter_sync = 2`,
    `ALTER TABLE ${DATABASE}.${table}${onCluster(topology)} ADD COLUMN IF NOT EXISTS ${column}`,
  ];
}

/**
 * The engine's default leaves it to the system when bytes reach the disk: kill -9 loses nothing, loss of power does.
 * What a merge makes needs none of this: the parts that it was made of stay for eight minutes (old_parts_lifetime).
 * Rollups neither: they can be computed again.
 */
const DURABLE: Migration = {
  version: 3,
  name: 'on disk before it is acknowledged',
  statements: (topology = SINGLE) =>
    ['profiles', 'series', 'stacks', 'frames'].map(
      (table) =>
        `ALTER TABLE ${storedTable(table, topology)} MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1`,
    ),
};

/**
 * What takes the room (ARCHITECTURE.md has the measurements): ids, which the same stacks of neighbouring rows repeat, and
 * which a higher level of ZSTD finds again further back; values, multiples of the period. Parts that are there already
 * get them when they are merged.
 */
const COMPACT: Migration = {
  version: 4,
  name: 'codecs that find what repeats',
  statements: (topology = SINGLE) => {
    const modify = (table: string, change: string) => `ALTER TABLE ${storedTable(table, topology)} ${change}`;
    return [
      ...['profiles', 'profiles_5m', 'profiles_1h'].flatMap((table) => [
        modify(table, 'MODIFY COLUMN stacks CODEC(ZSTD(5)), MODIFY COLUMN values CODEC(GCD, ZSTD(1))'),
        modify(table, 'MODIFY SETTING max_compress_block_size = 2097152'),
      ]),
      modify('stacks', 'MODIFY COLUMN frames CODEC(ZSTD(5))'),
      modify('stacks', 'MODIFY SETTING min_compress_block_size = 1048576'),
      modify('frames', 'MODIFY COLUMN function CODEC(ZSTD(3))'),
    ];
  },
};

/**
 * Samples that were taken in a span, once more beside the row's stacks: five arrays of one length, empty in most rows,
 * which then take next to nothing on disk. Rollups have none: a span is looked at while its profiles are kept.
 */
const SPANS: Migration = {
  version: 5,
  name: 'spans',
  statements: (topology = SINGLE) =>
    SPAN_COLUMNS.flatMap(([name, type]) => addColumn('profiles', `${name} ${type}`, 'ZSTD(1)', topology)),
};

const SPAN_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['span_ids', 'Array(UInt64)'],
  ['span_traces_high', 'Array(UInt64)'],
  ['span_traces_low', 'Array(UInt64)'],
  ['span_stacks', 'Array(UInt64)'],
  ['span_values', 'Array(Int64)'],
];

export const MIGRATIONS: readonly Migration[] = [BASE_TABLES, ROLLUPS, DURABLE, COMPACT, SPANS];

/**
 * What is to be there before migrations: the database, and the table that remembers them, on a cluster the same on
 * every node. `{replica}` may be equal in two shards, hence the name of both.
 */
export function bookkeeping(topology: Topology): readonly string[] {
  const engine =
    topology.cluster === undefined
      ? 'MergeTree'
      : `ReplicatedMergeTree('/clickhouse/tables/${DATABASE}/migrations', '{shard}-{replica}')`;
  return [
    `CREATE DATABASE IF NOT EXISTS ${DATABASE}${onCluster(topology)}`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.migrations${onCluster(topology)} (
    version UInt32,
    name String,
    applied DateTime DEFAULT now()
  ) ENGINE = ${engine} ORDER BY version`,
  ];
}
