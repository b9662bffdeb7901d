import { frameAt, hashString, type Labels } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { IdSet } from './id-set.ts';
import { NativeBlock } from './native-block.ts';
import type { Push, PushReceipt } from './push.ts';
import { DATABASE } from './schema.ts';
import { type PreparedPush, prepareProfile, type SeriesRow } from './series-rows.ts';
import { StoreError } from './store-error.ts';

export interface WriterOptions {
  /** How long the first push of a group waits for company, ms. */
  readonly lingerMs?: number;
  /** Pairs of (stack, value) that may wait to be written; more is refused with `queue_full`. */
  readonly maxQueuedPairs?: number;
  /** Pushes that may wait. */
  readonly maxQueuedPushes?: number;
  /** Stacks and frames remembered as written. */
  readonly remembered?: number;
  /** Whether a push is taken, and its class of retention. May throw. */
  readonly accepts?: (service: string, labels: Labels, startNanos: bigint) => { readonly class: string };
  /** Called once rows are on disk, and before their pushes are acknowledged. */
  readonly onWritten?: (windows: readonly WrittenWindow[]) => void;
}

/** A window whose rows are on disk. */
export interface WrittenWindow {
  readonly service: string;
  readonly class: string;
  readonly startNanos: bigint;
}

interface Waiting {
  readonly prepared: PreparedPush;
  readonly class: string;
  readonly resolve: (receipt: PushReceipt) => void;
  readonly reject: (error: Error) => void;
}

/** Pushes written by one insert. More would make everyone behind them wait. */
const MAX_GROUP = 2048;
/** Days that one insert may touch: each is a part of its own, and the engine refuses more than a hundred. */
const MAX_DAYS = 64;
const DAY_NANOS = 86_400_000_000_000n;

/**
 * Writes pushes in groups. Within a group the names come first (frames, stacks, series), the profiles that use them
 * last: a profile that can be read can be drawn, whenever the process dies. A push is acknowledged when its group's
 * last insert has returned; a group that fails is acknowledged to nobody, and repeating it does no harm.
 */
export class Writer {
  readonly #connection: StoreConnection;
  readonly #options: Required<Omit<WriterOptions, 'accepts' | 'onWritten'>>;
  readonly #accepts: WriterOptions['accepts'];
  readonly #onWritten: WriterOptions['onWritten'];
  readonly #knownFrames: IdSet;
  readonly #knownStacks: IdSet;
  readonly #knownSeries: IdSet;
  #queue: Waiting[] = [];
  #queuedPairs = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closing = false;

  constructor(connection: StoreConnection, options: WriterOptions = {}) {
    this.#connection = connection;
    this.#options = {
      lingerMs: options.lingerMs ?? 40,
      maxQueuedPairs: options.maxQueuedPairs ?? 4_000_000,
      maxQueuedPushes: options.maxQueuedPushes ?? 20_000,
      remembered: options.remembered ?? 500_000,
    };
    this.#accepts = options.accepts;
    this.#onWritten = options.onWritten;
    this.#knownFrames = new IdSet(this.#options.remembered);
    this.#knownStacks = new IdSet(this.#options.remembered);
    this.#knownSeries = new IdSet(50_000);
  }

  /**
   * Stores a push; resolves when its rows are in a part on disk.
   *
   * @throws StoreError `queue_full`, `disk_full`, `store_failed`, `closing`; what `accepts` throws
   */
  async write(push: Push): Promise<PushReceipt> {
    const name = this.#admit(push);
    return this.#enqueue({ push, ...prepareProfile(push, push.profile) }, name);
  }

  /** The same, for a push that was prepared elsewhere. */
  async writePrepared(prepared: PreparedPush): Promise<PushReceipt> {
    return this.#enqueue(prepared, this.#admit(prepared.push));
  }

  /** @returns the class of retention */
  #admit({ service, labels, startNanos }: Push): string {
    if (this.#closing)
      throw new StoreError('closing', 'The server is shutting down. Send it again in a moment.');
    const full =
      this.#queue.length >= this.#options.maxQueuedPushes ||
      this.#queuedPairs >= this.#options.maxQueuedPairs;
    if (full) {
      throw new StoreError(
        'queue_full',
        'More profiles are waiting than can be written. Send it again later.',
      );
    }
    return this.#accepts?.(service, labels, startNanos).class ?? 'default';
  }

  #enqueue(prepared: PreparedPush, name: string): Promise<PushReceipt> {
    this.#queuedPairs += pairsOf(prepared);
    const written = new Promise<PushReceipt>((resolve, reject) => {
      this.#queue.push({ prepared, class: name, resolve, reject });
    });
    this.#schedule(this.#options.lingerMs);
    return written;
  }

  /**
   * Runs `work` while nothing is written, and forgets what is known to be in the store: names may go away meanwhile.
   * Pushes wait for so long.
   */
  async rest<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running) await this.#running;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const resting = work().finally(() => {
      for (const known of [this.#knownFrames, this.#knownStacks, this.#knownSeries]) known.clear();
    });
    const rested = () => this.#rested();
    this.#running = resting.then(rested, rested);
    return resting;
  }

  #rested(): void {
    this.#running = undefined;
    if (this.#queue.length > 0) this.#schedule(0);
  }

  /** Writes what waits, and refuses what comes later. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#running || this.#queue.length > 0) {
      await (this.#running ?? this.#run());
    }
  }

  #schedule(delay: number): void {
    if (this.#running || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, delay);
  }

  #run(): Promise<void> {
    this.#running = this.#flush().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#schedule(this.#closing ? 0 : this.#options.lingerMs);
    });
    return this.#running;
  }

  async #flush(): Promise<void> {
    const group = takeGroup(this.#queue);
    this.#queue = this.#queue.slice(group.length);
    try {
      await this.#insert(group);
      this.#onWritten?.(
        group.map(({ prepared: { push }, class: name }) => ({
          service: push.service,
          class: name,
          startNanos: push.startNanos,
        })),
      );
      for (const { prepared, resolve } of group) resolve(receipt(prepared));
    } catch (error) {
      for (const { reject } of group) reject(failureOf(error));
    } finally {
      for (const { prepared } of group) this.#queuedPairs -= pairsOf(prepared);
    }
  }

  async #insert(group: readonly Waiting[]): Promise<void> {
    const names = new NewNames(this.#knownFrames, this.#knownStacks, this.#knownSeries);
    for (const { prepared } of group) names.collect(prepared);
    for (const [table, block] of names.blocks()) await this.#connection.insert(`${DATABASE}.${table}`, block);
    await this.#connection.insert(`${DATABASE}.profiles`, profilesBlock(group));
    names.remember();
  }
}

/** What the store says of itself (`disk_full`) goes on as it is. */
function failureOf(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('store_failed', `The profile could not be stored: ${reason}`, { cause });
}

/** What a group names that is not known to be in the store. */
class NewNames {
  readonly #known: { readonly frames: IdSet; readonly stacks: IdSet; readonly series: IdSet };
  readonly #frames = new Map<string, { prepared: PreparedPush; week: number; frame: number }>();
  readonly #stacks = new Map<string, { prepared: PreparedPush; week: number; stack: number }>();
  readonly #series = new Map<string, { row: SeriesRow; week: number }>();
  readonly #learned: [IdSet, number, number][] = [];
  readonly #scratch = new Uint32Array(2);

  constructor(frames: IdSet, stacks: IdSet, series: IdSet) {
    this.#known = { frames, stacks, series };
  }

  collect(prepared: PreparedPush): void {
    const { push } = prepared;
    const week = mondayOf(push.startNanos);
    // Names are kept once a service and week: the salt makes the same stack elsewhere a different memory.
    const salt = saltOf(push.service, week);
    for (const row of prepared.rows) {
      this.#scratch[0] = Number(row.series & 0xffffffffn);
      this.#scratch[1] = Number(row.series >> 32n);
      const key = this.#isNew(this.#known.series, salt, this.#scratch, 0);
      if (key && !this.#series.has(key)) this.#series.set(key, { row, week });
    }
    const { stacks } = push.profile;
    for (let stack = 0; stack < stacks.length; stack++) {
      const key = this.#isNew(this.#known.stacks, salt, prepared.stackIds, stack);
      if (!key || this.#stacks.has(key)) continue;
      this.#stacks.set(key, { prepared, week, stack });
      for (let at = stacks.offsets[stack]; at < stacks.offsets[stack + 1]; at++) {
        const frame = stacks.frames[at];
        const frameKey = this.#isNew(this.#known.frames, salt, prepared.frameIds, frame);
        if (frameKey && !this.#frames.has(frameKey)) this.#frames.set(frameKey, { prepared, week, frame });
      }
    }
  }

  *blocks(): Generator<[table: string, block: NativeBlock]> {
    if (this.#frames.size > 0) yield ['frames', this.#framesBlock()];
    if (this.#stacks.size > 0) yield ['stacks', this.#stacksBlock()];
    if (this.#series.size > 0) yield ['series', this.#seriesBlock()];
  }

  /** To be called once the group is on disk, and not before. */
  remember(): void {
    for (const [set, low, high] of this.#learned) set.add(low, high);
  }

  /** A key for a name not known yet, undefined for a known one. */
  #isNew(known: IdSet, salt: readonly [number, number], ids: Uint32Array, index: number): string | undefined {
    const low = (ids[index * 2] ^ salt[0]) >>> 0;
    const high = (ids[index * 2 + 1] ^ salt[1]) >>> 0;
    if (known.has(low, high)) return undefined;
    this.#learned.push([known, low, high]);
    return `${low},${high}`;
  }

  #framesBlock(): NativeBlock {
    const entries = [...this.#frames.values()];
    const frames = entries.map(({ prepared, frame }) => frameAt(prepared.push.profile, frame));
    return new NativeBlock(entries.length)
      .strings(
        'service',
        entries.map(({ prepared }) => prepared.push.service),
      )
      .numbers(
        'week',
        'Date',
        Uint16Array.from(entries, ({ week }) => week),
      )
      .numbers(
        'frame',
        'UInt64',
        BigUint64Array.from(entries, ({ prepared, frame }) => idAt(prepared.frameIds, frame)),
      )
      .strings(
        'function',
        frames.map((frame) => frame.function),
      )
      .strings(
        'system_name',
        frames.map((frame) => frame.systemName),
      )
      .strings(
        'file',
        frames.map((frame) => frame.file),
      )
      .strings(
        'module',
        frames.map((frame) => frame.module),
      )
      .strings(
        'build_id',
        frames.map((frame) => frame.buildId),
      )
      .numbers(
        'line',
        'UInt32',
        Uint32Array.from(frames, (frame) => frame.line),
      )
      .numbers(
        'start_line',
        'UInt32',
        Uint32Array.from(frames, (frame) => frame.startLine),
      )
      .numbers(
        'address',
        'UInt64',
        BigUint64Array.from(frames, (frame) => frame.address),
      )
      .numbers(
        'inlined',
        'UInt8',
        Uint8Array.from(frames, (frame) => (frame.inlined ? 1 : 0)),
      );
  }

  #stacksBlock(): NativeBlock {
    const entries = [...this.#stacks.values()];
    return new NativeBlock(entries.length)
      .strings(
        'service',
        entries.map(({ prepared }) => prepared.push.service),
      )
      .numbers(
        'week',
        'Date',
        Uint16Array.from(entries, ({ week }) => week),
      )
      .numbers(
        'stack',
        'UInt64',
        BigUint64Array.from(entries, ({ prepared, stack }) => idAt(prepared.stackIds, stack)),
      )
      .arrays(
        'frames',
        'UInt64',
        entries.map(({ prepared, stack }) => {
          const { offsets, frames } = prepared.push.profile.stacks;
          const of = frames.subarray(offsets[stack], offsets[stack + 1]);
          return BigUint64Array.from(of, (frame) => idAt(prepared.frameIds, frame));
        }),
      );
  }

  #seriesBlock(): NativeBlock {
    const entries = [...this.#series.values()];
    return new NativeBlock(entries.length)
      .strings(
        'service',
        entries.map(({ row }) => row.service),
      )
      .numbers(
        'week',
        'Date',
        Uint16Array.from(entries, ({ week }) => week),
      )
      .strings(
        'type',
        entries.map(({ row }) => row.type),
      )
      .numbers(
        'series',
        'UInt64',
        BigUint64Array.from(entries, ({ row }) => row.series),
      )
      .strings(
        'kind',
        entries.map(({ row }) => row.kind),
      )
      .maps(
        'labels',
        entries.map(({ row }) => row.labels),
      );
  }
}

function profilesBlock(group: readonly Waiting[]): NativeBlock {
  const entries = group.flatMap(({ prepared: { push, rows }, class: name }) =>
    rows.map((row) => ({ push, row, class: name })),
  );
  return new NativeBlock(entries.length)
    .strings(
      'class',
      entries.map((entry) => entry.class),
    )
    .strings(
      'service',
      entries.map(({ row }) => row.service),
    )
    .strings(
      'type',
      entries.map(({ row }) => row.type),
    )
    .numbers(
      'series',
      'UInt64',
      BigUint64Array.from(entries, ({ row }) => row.series),
    )
    .numbers(
      'ts',
      "DateTime64(9, 'UTC')",
      BigInt64Array.from(entries, ({ push }) => push.startNanos),
    )
    .numbers(
      'push',
      'UInt64',
      BigUint64Array.from(entries, ({ push }) => push.identity),
    )
    .numbers(
      'duration',
      'UInt64',
      BigUint64Array.from(entries, ({ push }) => push.durationNanos),
    )
    .numbers(
      'period',
      'Int64',
      BigInt64Array.from(entries, ({ push }) => push.profile.period),
    )
    .numbers(
      'total',
      'Int64',
      BigInt64Array.from(entries, ({ row }) => row.total),
    )
    .arrays(
      'stacks',
      'UInt64',
      entries.map(({ row }) => row.stacks),
    )
    .arrays(
      'values',
      'Int64',
      entries.map(({ row }) => row.values),
    );
}

/** As many of the oldest waiting pushes as fit one insert. */
function takeGroup(queue: readonly Waiting[]): Waiting[] {
  const days = new Set<bigint>();
  const group: Waiting[] = [];
  for (const waiting of queue) {
    days.add(waiting.prepared.push.startNanos / DAY_NANOS);
    if (group.length >= MAX_GROUP || days.size > MAX_DAYS) break;
    group.push(waiting);
  }
  return group;
}

function receipt({ rows, mergedLabelSets }: PreparedPush): PushReceipt {
  return {
    series: rows.length,
    samples: rows.reduce((sum, row) => sum + row.stacks.length, 0),
    mergedLabelSets,
  };
}

function pairsOf({ rows }: PreparedPush): number {
  return rows.reduce((sum, row) => sum + row.stacks.length, 0);
}

function idAt(words: Uint32Array, index: number): bigint {
  return (BigInt(words[index * 2 + 1]) << 32n) | BigInt(words[index * 2]);
}

function saltOf(service: string, week: number): readonly [number, number] {
  const hash = hashString(`${week} ${service}`);
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}

/** Days from 1970 to the Monday of the week; 1970-01-01 was a Thursday. */
export function mondayOf(nanos: bigint): number {
  const day = Number(nanos / DAY_NANOS);
  return Math.max(0, day - ((day + 3) % 7));
}
