import type { Box, ProfileKind } from '@everflame/profile';
import { Catalog } from './catalog.ts';
import { boundTo, type StoreConnection } from './connection.ts';
import { readFacts, type TypeFacts } from './facts.ts';
import type { Filter } from './filter.ts';
import { type FunctionShareRequest, type FunctionShareRow, readFunctionShares } from './function-shares.ts';
import { Names, type NamesFilter } from './names.ts';
import { DATABASE } from './schema.ts';
import { readSums, type StackSums } from './sums.ts';
import { readTimeline, type TimelineRequest, type TimelineRow } from './timeline.ts';
import { readWindows, type Windows } from './windows.ts';

/**
 * Reads the store. Every number is computed with FINAL, so that a retried push counts once whether or not the engine
 * has merged its parts yet.
 */
export class Reader {
  readonly catalog: Catalog;
  readonly #connection: StoreConnection;
  readonly #names: Names;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
    this.catalog = new Catalog(connection);
    this.#names = new Names(connection);
  }

  /** The same, whose questions end in the engine when the signal does. */
  within(signal: AbortSignal): Reader {
    return new Reader(boundTo(this.#connection, signal));
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

  /** What is told of a selection, by type. @param slice how finely the time covered is measured, ms */
  facts(filter: Filter, slice = 5000): Promise<TypeFacts[]> {
    return readFacts(this.#connection, filter, slice);
  }

  /** For flows the sum of every stack; for levels its average over the time covered, summed over processes. */
  sumByStack(filter: Filter, kind: ProfileKind, perPeriod = false): Promise<StackSums> {
    return readSums(this.#connection, filter, kind, perPeriod);
  }

  /** The frames of stacks, root first. A stack that is not there is not in the answer. */
  stackFrames(stacks: readonly bigint[], within: NamesFilter): Promise<Map<bigint, BigUint64Array>> {
    return this.#names.stackFrames(stacks, within);
  }

  /** What frames draw as. */
  frameBoxes(frames: readonly bigint[], within: NamesFilter): Promise<Map<bigint, Box>> {
    return this.#names.frameBoxes(frames, within);
  }

  functionShares(filter: Filter, request: FunctionShareRequest): Promise<FunctionShareRow[]> {
    return readFunctionShares(this.#connection, filter, request);
  }

  windows(filter: Filter, isFlow: boolean, limit: number): Promise<Windows> {
    return readWindows(this.#connection, filter, isFlow, limit);
  }

  timeline(filter: Filter, request: TimelineRequest): Promise<TimelineRow[]> {
    return readTimeline(this.#connection, filter, request);
  }
}
