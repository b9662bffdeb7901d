import type { QueryParams } from './connection.ts';
import { FIVE_MINUTES, ONE_HOUR, type RollupLevel } from './rollup-level.ts';
import { DATABASE } from './schema.ts';

/** A bucket of a service whose rows changed after it was computed. */
export interface DirtyBucket {
  readonly service: string;
  /** Unix seconds of its start. */
  readonly bucket: number;
  /** Rows that came in lately. */
  readonly rows: number;
  /** Unix ms: when the first of these rows came and the last; when it was last computed, 0 where it never was. */
  readonly oldest: number;
  readonly newest: number;
  readonly computed: number;
}

/** Part of the buckets of some services, computed by one statement. */
export interface RollupJob {
  readonly level: RollupLevel;
  readonly services: readonly string[];
  /** Unix seconds. */
  readonly buckets: readonly number[];
  /** Series are taken in `parts` shares, by their id, so that no statement holds too much at once. */
  readonly part: number;
  readonly parts: number;
  /** Types that are levels, of those that there are. */
  readonly levelTypes: readonly string[];
  /** Labels that the hour's table does not keep. */
  readonly dropLabels: readonly string[];
}

export interface Statement {
  readonly sql: string;
  readonly params: QueryParams;
}

const LIMITS = 'max_threads = 1, do_not_merge_across_partitions_select_final = 1';

export interface DirtyQuestion {
  readonly level: RollupLevel;
  /** Unix ms: rows that came in before are known to be summed up. */
  readonly since: number;
  /** Unix ms: buckets that begin later are not closed. */
  readonly closed: number;
  /** Rows that came in less than this before a bucket was computed may have been overlooked, ms. */
  readonly margin: number;
  readonly limit: number;
}

/** Closed buckets that hold rows which the rollup may not know. */
export function dirtyBuckets({ level, since, closed, margin, limit }: DirtyQuestion): Statement {
  const source = level === FIVE_MINUTES ? 'profiles' : FIVE_MINUTES.table;
  const arrived = level === FIVE_MINUTES ? 'inserted' : 'computed';
  const bucket = bucketOf('ts', level);
  return {
    sql: `SELECT service, bucket, toUInt32(rows) AS rows, oldest, newest, computed FROM (
      SELECT toString(service) AS service, ${bucket} AS bucket, count() AS rows,
        toFloat64(toUnixTimestamp64Milli(min(${arrived}))) AS oldest,
        toFloat64(toUnixTimestamp64Milli(max(${arrived}))) AS newest
      FROM ${DATABASE}.${source}
      WHERE ${arrived} >= fromUnixTimestamp64Milli({since:Int64}) AND ${bucket} < {closed:UInt32}
      GROUP BY service, bucket
    ) AS source LEFT JOIN (
      SELECT toString(service) AS service, toUnixTimestamp(ts) AS bucket,
        toFloat64(toUnixTimestamp64Milli(max(computed))) AS computed
      FROM ${DATABASE}.${level.table}
      WHERE ts IN (
        SELECT DISTINCT toDateTime(${bucket}, 'UTC') FROM ${DATABASE}.${source}
        WHERE ${arrived} >= fromUnixTimestamp64Milli({since:Int64})
      )
      GROUP BY service, bucket
    ) AS target USING (service, bucket)
    WHERE newest + {margin:UInt32} > computed
    ORDER BY bucket, service LIMIT {limit:UInt32} SETTINGS max_threads = 1`,
    params: { since: String(since), closed: closed / 1000, margin, limit },
  };
}

/** Recomputes buckets from what lies beneath them. Doing it twice, or on two servers, gives the same rows. */
export function computeBuckets(job: RollupJob): Statement[] {
  return job.level === FIVE_MINUTES ? fromProfiles(job) : fromFiveMinutes(job);
}

const COLUMNS =
  'class, service, type, series, ts, period, duration, windows, reach, minutes, total, stacks, values, computed';

function fromProfiles(job: RollupJob): Statement[] {
  const bucket = bucketOf('ts', job.level);
  const at = `(toUnixTimestamp64Milli(ts) - toInt64(${bucket}) * 1000)`;
  const end = `(${at} + greatest(toInt64(intDiv(duration, 1000000)), 1))`;
  const first = `intDiv(${at}, 60000)`;
  const last = `least(4, intDiv(${end} - 1, 60000))`;
  const where = `${chosen(job)} AND series % {parts:UInt32} = {part:UInt32}`;
  const target = `INSERT INTO ${DATABASE}.${job.level.table} (${COLUMNS})`;
  const key = 'class, service, type, series, bucket, period';
  return [
    {
      sql: `${target} SELECT class, service, type, series, toDateTime(bucket, 'UTC'), period, sum(duration), count(),
          max(reach), groupBitOr(mask), sum(total), (sumMap(stacks, values) AS sums).1, sums.2, ${NOW}
        FROM (
          SELECT class, service, type, series, ${bucket} AS bucket, period, duration, total, stacks, values,
            toUInt32(intDiv(${end} + 999, 1000)) AS reach,
            bitShiftLeft(toUInt64(1), ${last} + 1) - bitShiftLeft(toUInt64(1), ${first}) AS mask
          FROM ${DATABASE}.profiles FINAL WHERE ${where} AND type NOT IN {levels:Array(String)}
        ) GROUP BY ${key} SETTINGS ${LIMITS}`,
      params: paramsOf(job),
    },
    ...(job.levelTypes.length === 0
      ? []
      : [
          {
            sql: `${target} SELECT class, service, type, series, toDateTime(bucket, 'UTC'), period, sum(duration),
                sum(windows), max(reach), groupBitOr(bitShiftLeft(toUInt64(1), minute)), sum(total),
                (sumMap(stacks, values) AS sums).1, sums.2, ${NOW}
              FROM (
                SELECT ${key}, minute, sum(length) AS duration, count() AS windows, max(reached) AS reach,
                  toInt64(round(avg(amount))) AS total, (sumMap(ids, amounts) AS sums).1 AS stacks,
                  arrayMap(value -> toInt64(round(value / windows)), sums.2) AS values
                FROM (
                  SELECT class, service, type, series, ${bucket} AS bucket, period, duration AS length,
                    total AS amount, stacks AS ids, values AS amounts, ${first} AS minute,
                    toUInt32(intDiv(${end} + 999, 1000)) AS reached
                  FROM ${DATABASE}.profiles FINAL WHERE ${where} AND type IN {levels:Array(String)}
                ) GROUP BY ${key}, minute
              ) GROUP BY ${key} SETTINGS ${LIMITS}`,
            params: paramsOf(job),
          },
        ]),
  ];
}

/**
 * The hour is the sum of its twelve parts, for levels too: their minutes are told apart by bits. Labels that tell
 * single processes apart fall away, which makes other series.
 */
function fromFiveMinutes(job: RollupJob): Statement[] {
  const bucket = bucketOf('ts', job.level);
  const params = { ...paramsOf(job), drop: [...job.dropLabels] };
  const named = `SELECT series, any(kind) AS kind, any(labels) AS all,
      mapFilter((name, value) -> NOT has({drop:Array(String)}, name), all) AS kept,
      if(length(kept) = length(all), series,
        sipHash64(any(service), any(type), arraySort(mapKeys(kept)), mapValues(mapSort(kept)))) AS target
    FROM ${DATABASE}.series WHERE service IN {services:Array(String)} AND week IN {weeks:Array(Date)}
    GROUP BY series`;
  return [
    ...(job.part > 0
      ? []
      : [
          {
            sql: `INSERT INTO ${DATABASE}.series (service, week, type, series, kind, labels)
              SELECT DISTINCT service, week, type, target, kind, kept
              FROM (SELECT DISTINCT service, week, type, series FROM ${DATABASE}.series
                WHERE service IN {services:Array(String)} AND week IN {weeks:Array(Date)}) AS present
              INNER JOIN (${named}) AS named USING (series)
              WHERE target != series AND (service, week, target) NOT IN (
                SELECT service, week, series FROM ${DATABASE}.series
                WHERE service IN {services:Array(String)} AND week IN {weeks:Array(Date)})
              SETTINGS max_threads = 1`,
            params,
          },
        ]),
    {
      sql: `INSERT INTO ${DATABASE}.${ONE_HOUR.table} (${COLUMNS})
        SELECT class, service, type, long, toDateTime(bucket, 'UTC'), period, sum(duration), sum(windows), max(reach),
          groupBitOr(minutes), sum(total), (sumMap(stacks, values) AS sums).1, sums.2, ${NOW}
        FROM (
          SELECT class, service, type, if(target = 0, series, target) AS long, ${bucket} AS bucket, period, duration,
            windows, total, stacks, values, toUInt32(reach + toUnixTimestamp(ts) - bucket) AS reach,
            bitShiftLeft(minutes, toUInt8(intDiv(toUnixTimestamp(ts) - bucket, 60))) AS minutes
          FROM (SELECT * FROM ${DATABASE}.${FIVE_MINUTES.table} FINAL WHERE ${chosen(job)}) AS source
          LEFT JOIN (${named}) AS named USING (series)
          WHERE long % {parts:UInt32} = {part:UInt32}
        ) GROUP BY class, service, type, long, bucket, period SETTINGS ${LIMITS}`,
      params,
    },
  ];
}

/** The clock that rows get their time of arrival from. */
const NOW = 'now64(3)';

function bucketOf(column: string, { widthMs }: RollupLevel): string {
  const width = widthMs / 1000;
  return `toUInt32(intDiv(toUnixTimestamp(${column}), ${width}) * ${width})`;
}

function chosen({ level }: RollupJob): string {
  return `service IN {services:Array(String)} AND ts >= toDateTime({first:UInt32}, 'UTC')
    AND ts < toDateTime({end:UInt32}, 'UTC') AND ${bucketOf('ts', level)} IN {buckets:Array(UInt32)}`;
}

function paramsOf({ level, services, buckets, part, parts, levelTypes }: RollupJob): QueryParams {
  const weeks = new Set(buckets.map((bucket) => mondayOf(bucket)));
  return {
    services: [...services],
    buckets: [...buckets],
    first: Math.min(...buckets),
    end: Math.max(...buckets) + level.widthMs / 1000,
    part,
    parts,
    levels: [...levelTypes],
    weeks: [...weeks],
  };
}

/** The Monday of the week that a time lies in, as YYYY-MM-DD. @param seconds unix time */
function mondayOf(seconds: number): string {
  const day = Math.floor(seconds / 86_400);
  const monday = Math.max(0, day - ((day + 3) % 7));
  return new Date(monday * 86_400_000).toISOString().slice(0, 10);
}
