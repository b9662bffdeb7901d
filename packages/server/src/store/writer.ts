import type { Labels } from '@everflame/profile';
import type { StoreConnection } from './connection.ts';
import { GroupNames } from './group-names.ts';
import { IdSet } from './id-set.ts';
import { KnownNames } from './known-names.ts';
import { profilesBlock } from './profiles-block.ts';
import type { Push, PushReceipt } from './push.ts';
import { DATABASE } from './schema.ts';
import { type PreparedPush, prepareProfile } from './series-rows.ts';
import { StoreError } from './store-error.ts';
import { type WaitingPush, WriteQueue } from './write-queue.ts';

export interface WriterOptions {
  /** How long the first push of a group waits for company, ms. */
  readonly lingerMs?: number;
  /** How long it waits while more is on its way, ms: the larger a group, the less each of its pushes costs. */
  readonly patienceMs?: number;
  /** Bytes of pushes that may wait to be written; more is refused with `queue_full`. */
  readonly maxQueuedBytes?: number;
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

/** How often it is looked whether more is coming, ms. */
const LOOK_AGAIN_MS = 5;

/** What a writer has done so far, and what it has before it. */
export interface WriterLoad {
  readonly waitingPushes: number;
  readonly waitingBytes: number;
  /** Groups written since the start. */
  readonly groups: number;
}

/**
 * Writes pushes in groups. Within a group the names come first (frames, stacks, series), the profiles that use them
 * last: a profile that can be read can be drawn, whenever the process dies. A push is acknowledged when its group's
 * last insert has returned; a group that fails is acknowledged to nobody, and repeating it does no harm.
 */
export class Writer {
  /** Names that are in the store; whoever decodes pushes elsewhere may ask. */
  readonly known: KnownNames;
  readonly #knownSeries = new IdSet(50_000);
  readonly #connection: StoreConnection;
  readonly #lingerMs: number;
  readonly #patienceMs: number;
  readonly #accepts: WriterOptions['accepts'];
  readonly #onWritten: WriterOptions['onWritten'];
  readonly #queue: WriteQueue;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #groups = 0;
  /** Pushes on their way here. */
  #coming = 0;
  /** Names found in an older epoch may be gone. */
  #oldestEpoch = 0;
  /** While names may go away, none are learned. */
  #learns = true;
  #closing = false;

  constructor(connection: StoreConnection, options: WriterOptions = {}) {
    this.#connection = connection;
    this.#lingerMs = options.lingerMs ?? 40;
    this.#patienceMs = Math.max(this.#lingerMs, options.patienceMs ?? 150);
    this.#accepts = options.accepts;
    this.#onWritten = options.onWritten;
    this.#queue = new WriteQueue({
      bytes: options.maxQueuedBytes ?? 64 << 20,
      pushes: options.maxQueuedPushes ?? 20_000,
    });
    this.known = new KnownNames(options.remembered ?? 500_000);
  }

  get load(): WriterLoad {
    const { pushes, bytes } = this.#queue.load;
    return { waitingPushes: pushes, waitingBytes: bytes, groups: this.#groups };
  }

  /**
   * Stores a push; resolves when its rows are in a part on disk.
   *
   * @throws StoreError `queue_full`, `disk_full`, `store_failed`, `closing`; what `accepts` throws
   */
  async write(push: Push): Promise<PushReceipt> {
    const name = this.#admit(push);
    const { profile, ...rest } = push;
    return this.#enqueue({ ...rest, ...prepareProfile(push, profile, this.known) }, name);
  }

  /** The same, for a push that was prepared elsewhere. */
  async writePrepared(push: PreparedPush): Promise<PushReceipt> {
    const name = this.#admit(push);
    if (push.names.epoch < this.#oldestEpoch) {
      throw new StoreError('store_failed', 'The store was being cleared while this came. Send it again.');
    }
    return this.#enqueue(push, name);
  }

  /** A push is on its way. @returns to be called once, when it is here or will not come */
  expect(): () => void {
    this.#coming++;
    return () => {
      this.#coming--;
    };
  }

  /** @returns the class of retention */
  #admit({ service, labels, startNanos }: Omit<Push, 'profile'>): string {
    if (this.#closing)
      throw new StoreError('closing', 'The server is shutting down. Send it again in a moment.');
    this.#queue.refuseWhenFull();
    return this.#accepts?.(service, labels, startNanos).class ?? 'default';
  }

  #enqueue(push: PreparedPush, name: string): Promise<PushReceipt> {
    const written = this.#queue.add({ push, class: name });
    this.#schedule();
    return written;
  }

  /**
   * Runs `work` while nothing is written, and forgets what is known to be in the store: names may go away meanwhile.
   * Pushes wait for so long. Those that were prepared before bring only names that were new then: they are written
   * first, and what comes too late for that is to be sent again.
   */
  async rest<T>(work: () => Promise<T>): Promise<T> {
    while (!this.#learns) await this.#running;
    this.#learns = false;
    this.known.clear();
    this.#knownSeries.clear();
    const { epoch } = this.known;
    const isOlder = ({ push }: WaitingPush) => push.names.epoch < epoch;
    while (this.#running || this.#queue.some(isOlder)) await (this.#running ?? this.#run());
    this.#oldestEpoch = epoch;
    this.#stopTimer();
    const resting = work();
    const rested = () => {
      this.#learns = true;
      this.#running = undefined;
      if (this.#queue.length > 0) this.#schedule();
    };
    this.#running = resting.then(rested, rested);
    return resting;
  }

  /** Writes what waits, and refuses what comes later. */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#running || this.#queue.length > 0) await (this.#running ?? this.#run());
    this.#stopTimer();
  }

  /** A group is written when its first push has waited long enough; the time of the group before counts. */
  #schedule(): void {
    if (this.#running || this.#timer) return;
    const waited = performance.now() - this.#queue.oldest;
    const delay = this.#closing || waited >= this.#patienceMs ? 0 : this.#lingerMs - waited;
    this.#timer = setTimeout(() => this.#due(), Math.max(0, delay));
  }

  #due(): void {
    this.#timer = undefined;
    const isPatient = !this.#closing && performance.now() - this.#queue.oldest < this.#patienceMs;
    if (isPatient && this.#coming > 0) this.#timer = setTimeout(() => this.#due(), LOOK_AGAIN_MS);
    else void this.#run();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): Promise<void> {
    this.#stopTimer();
    this.#running = this.#flush().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#schedule();
    });
    return this.#running;
  }

  async #flush(): Promise<void> {
    const group = this.#queue.takeGroup();
    try {
      await this.#insert(group);
      this.#onWritten?.(
        group.map(({ push, class: name }) => ({
          service: push.service,
          class: name,
          startNanos: push.startNanos,
        })),
      );
      for (const { push, resolve } of group) resolve(receipt(push));
    } catch (error) {
      for (const { reject } of group) reject(failureOf(error));
    } finally {
      for (const waiting of group) this.#queue.done(waiting);
    }
  }

  async #insert(group: readonly WaitingPush[]): Promise<void> {
    const names = new GroupNames(this.known, this.#knownSeries);
    for (const { push } of group) names.collect(push);
    const blocks = [...names.blocks()];
    await Promise.all(blocks.map(([table, block]) => this.#connection.insert(`${DATABASE}.${table}`, block)));
    await this.#connection.insert(`${DATABASE}.profiles`, profilesBlock(group));
    if (this.#learns) names.remember();
    this.#groups++;
  }
}

/** What the store says of itself (`disk_full`) goes on as it is. */
function failureOf(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('store_failed', `The profile could not be stored: ${reason}`, { cause });
}

function receipt({ rows, mergedLabelSets }: PreparedPush): PushReceipt {
  return {
    series: rows.length,
    samples: rows.reduce((sum, row) => sum + row.stacks.length, 0),
    mergedLabelSets,
  };
}
