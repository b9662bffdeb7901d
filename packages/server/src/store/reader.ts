import type { Box } from '@everflame/profile';
import { addressName, type ProfileKind } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { compileFilter, compileSeriesFilter, type Filter } from './filter.ts';
import { DATABASE } from './schema.ts';
import { readTimeline, type TimelineRequest, type TimelineRow } from './timeline.ts';

/** Ids of stacks and what each is worth. */
export interface StackSums {
  readonly stacks: BigUint64Array;
  readonly values: Float64Array;
}

export interface ServiceSummary {
  readonly service: string;
  readonly types: readonly string[];
  /** Unix ms: start of the first and end of the last window. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** What a selection holds of one type. */
export interface TypeStats {
  readonly type: string;
  readonly profiles: number;
  readonly total: number;
  /** Unix ms: start of the first and end of the last window. */
  readonly first: number;
  readonly last: number;
}

/** Stack ids in one statement; their digits make it about 100 KB of SQL. */
const IDS_PER_QUERY = 5000;

/** Levels are averaged over slices of this length before they are averaged over the range, ms. */
const LEVEL_SLICE_MS = 60_000;

/**
 * Reads the store. Every number is computed with FINAL, so that a retried push counts once whether or not the engine
 * has merged its parts yet.
 */
export class Reader {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  async services(filter: Filter): Promise<ServiceSummary[]> {
    const { sql, params } = compileFilter(filter);
    return this.#connection.rows<ServiceSummary>(
      `SELECT toString(service) AS service, arraySort(groupUniqArray(toString(type))) AS types,
        toFloat64(toUnixTimestamp64Milli(min(ts))) AS firstSeen, ${LAST_END} AS lastSeen
      FROM ${DATABASE}.profiles WHERE ${sql} GROUP BY service ORDER BY service`,
      params,
    );
  }

  /** Start of the window, in ns, of a push stored within the last day. */
  async findStart(service: string, identity: bigint): Promise<bigint | undefined> {
    const rows = await this.#connection.rows<{ start: string }>(
      `SELECT toString(toUnixTimestamp64Nano(ts)) AS start FROM ${DATABASE}.profiles
      WHERE service = {service:String} AND push = {identity:UInt64} AND ts > now() - INTERVAL 1 DAY
      ORDER BY ts LIMIT 1`,
      { service, identity: String(identity) },
    );
    return rows[0] && BigInt(rows[0].start);
  }

  async types(filter: Filter): Promise<{ type: string; kind: ProfileKind }[]> {
    const { sql, params } = compileSeriesFilter(filter);
    return this.#connection.rows(
      `SELECT toString(type) AS type, toString(any(kind)) AS kind FROM ${DATABASE}.series
      WHERE ${sql} GROUP BY type ORDER BY type`,
      params,
    );
  }

  async labelNames(filter: Filter): Promise<string[]> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ name: string }>(
      `SELECT DISTINCT toString(arrayJoin(mapKeys(labels))) AS name FROM ${DATABASE}.series
      WHERE ${sql} ORDER BY name`,
      params,
    );
    return rows.map(({ name }) => name);
  }

  async labelValues(filter: Filter, label: string, limit: number): Promise<string[]> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ value: string }>(
      `SELECT DISTINCT labels[{name:String}] AS value FROM ${DATABASE}.series
      WHERE ${sql} AND mapContains(labels, {name:String}) ORDER BY value LIMIT {limit:UInt32}`,
      { ...params, name: label, limit },
    );
    return rows.map(({ value }) => value);
  }

  /** Values of some labels for every service. */
  async serviceLabels(
    filter: Filter,
    names: readonly string[],
  ): Promise<Map<string, Record<string, string[]>>> {
    const { sql, params } = compileSeriesFilter(filter);
    const rows = await this.#connection.rows<{ service: string; name: string; values: string[] }>(
      `SELECT toString(service) AS service, toString(name) AS name, arraySort(groupUniqArray(20)(labels[name])) AS values
      FROM ${DATABASE}.series ARRAY JOIN {names:Array(String)} AS name
      WHERE ${sql} AND mapContains(labels, name) GROUP BY service, name`,
      { ...params, names: [...names] },
    );
    const byService = new Map<string, Record<string, string[]>>();
    for (const { service, name, values } of rows) {
      const labels = byService.get(service) ?? {};
      labels[name] = values;
      byService.set(service, labels);
    }
    return byService;
  }

  async stats(filter: Filter): Promise<TypeStats[]> {
    const { sql, params } = compileFilter(filter);
    return this.#connection.rows<TypeStats>(
      `SELECT toString(type) AS type, toUInt32(uniqExact(ts, push)) AS profiles, sum(toFloat64(total)) AS total,
        toFloat64(toUnixTimestamp64Milli(min(ts))) AS first, ${LAST_END} AS last
      FROM ${DATABASE}.profiles FINAL WHERE ${sql} GROUP BY type ORDER BY type`,
      params,
    );
  }

  /** How much of the range was watched at all, in ms: the slices of `slice` ms that some window touches. */
  async coveredMs(filter: Filter, slice: number): Promise<number> {
    const { sql, params } = compileFilter(filter);
    const rows = await this.#connection.rows<{ slices: number }>(
      `SELECT toUInt32(uniqExact(arrayJoin(range(
          intDiv(toUnixTimestamp64Milli(ts), {slice:Int64}),
          intDiv(toUnixTimestamp64Milli(ts) + intDiv(greatest(duration, 1000000) - 1, 1000000), {slice:Int64}) + 1
        )))) AS slices
      FROM ${DATABASE}.profiles WHERE ${sql}`,
      { ...params, slice },
    );
    return (rows[0]?.slices ?? 0) * slice;
  }

  /** For flows the sum of every stack; for levels its average over the time covered, summed over processes. */
  async sumByStack(filter: Filter, kind: ProfileKind, perPeriod = false): Promise<StackSums> {
    const { sql, params } = compileFilter(filter);
    const columns = perPeriod ? `stacks, arrayMap(v -> v / period, values) AS values` : 'stacks, values';
    const bytes = await this.#connection.bytes(
      kind === 'flow'
        ? `SELECT stack, sum(toFloat64(value)) AS sum
          FROM (SELECT ${columns} FROM ${DATABASE}.profiles FINAL WHERE ${sql}${perPeriod ? ' AND period > 0' : ''})
          ARRAY JOIN stacks AS stack, values AS value
          GROUP BY stack FORMAT RowBinary`
        : // A process with four windows in a slice counts each a quarter; slices in which nobody was seen are not
          // time covered.
          `WITH rows AS (
            SELECT series, intDiv(toUnixTimestamp64Milli(ts), ${LEVEL_SLICE_MS}) AS slice, stacks, values
            FROM ${DATABASE}.profiles FINAL WHERE ${sql}
          ), weighted AS (
            SELECT stacks, values, 1 / count() OVER (PARTITION BY series, slice) AS weight FROM rows
          )
          SELECT stack, sum(toFloat64(value) * weight) / assumeNotNull((SELECT uniqExact(slice) FROM rows)) AS sum
          FROM weighted ARRAY JOIN stacks AS stack, values AS value
          GROUP BY stack FORMAT RowBinary`,
      params,
    );
    // Rows of 16 bytes: an id and a double.
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const count = Math.floor(aligned.byteLength / 16);
    const ids = new BigUint64Array(aligned.buffer, aligned.byteOffset, count * 2);
    const doubles = new Float64Array(aligned.buffer, aligned.byteOffset, count * 2);
    const stacks = new BigUint64Array(count);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      stacks[i] = ids[i * 2];
      values[i] = doubles[i * 2 + 1];
    }
    return { stacks, values };
  }

  /** The frames of stacks, root first. A stack that is not there is not in the answer. */
  async stackFrames(stacks: readonly bigint[]): Promise<Map<bigint, BigUint64Array>> {
    const found = new Map<bigint, BigUint64Array>();
    for (const ids of chunks(stacks)) {
      const bytes = await this.#connection.bytes(
        `SELECT stack, any(frames) FROM ${DATABASE}.stacks WHERE stack IN (${ids.join()})
        GROUP BY stack FORMAT RowBinary`,
      );
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      while (at < bytes.byteLength) {
        const stack = view.getBigUint64(at, true);
        at += 8;
        let length = 0;
        let shift = 0;
        let byte: number;
        do {
          byte = view.getUint8(at++);
          length += (byte & 0x7f) * 2 ** shift;
          shift += 7;
        } while (byte & 0x80);
        const frames = new BigUint64Array(length);
        for (let i = 0; i < length; i++, at += 8) frames[i] = view.getBigUint64(at, true);
        found.set(stack, frames);
      }
    }
    return found;
  }

  /** What frames draw as. */
  async frameBoxes(frames: readonly bigint[]): Promise<Map<bigint, Box>> {
    const found = new Map<bigint, Box>();
    for (const ids of chunks(frames)) {
      const rows = await this.#connection.rows<{
        id: string;
        name: string;
        module: string;
        file: string;
        address: string;
      }>(
        `SELECT toString(frame) AS id, any(function) AS name, toString(any(module)) AS module,
          toString(any(file)) AS file, toString(any(address)) AS address
        FROM ${DATABASE}.frames WHERE frame IN (${ids.join()}) GROUP BY frame`,
      );
      for (const { id, name, module, file, address } of rows) {
        found.set(BigInt(id), { function: name || addressName(BigInt(address)), module, file });
      }
    }
    return found;
  }

  timeline(filter: Filter, request: TimelineRequest): Promise<TimelineRow[]> {
    return readTimeline(this.#connection, filter, request);
  }
}

const LAST_END = 'toFloat64(max(toUnixTimestamp64Milli(ts) + toInt64(intDiv(duration, 1000000))))';

function* chunks(ids: readonly bigint[]): Generator<bigint[]> {
  for (let i = 0; i < ids.length; i += IDS_PER_QUERY) yield ids.slice(i, i + IDS_PER_QUERY);
}
