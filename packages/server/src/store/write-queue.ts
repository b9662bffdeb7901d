import type { ClassedPush } from './profiles-block.ts';
import type { PushReceipt } from './push.ts';
import { sizeOf } from './series-rows.ts';
import { StoreError } from './store-error.ts';

export interface WriteQueueLimits {
  /** Bytes of rows and names that may wait or be written. */
  readonly bytes: number;
  /** Pushes that may wait or be written. */
  readonly pushes: number;
}

/** A push that waits to be written, and whom to tell. */
export interface WaitingPush extends ClassedPush {
  readonly bytes: number;
  /** When it came, monotonic ms. */
  readonly at: number;
  readonly resolve: (receipt: PushReceipt) => void;
  readonly reject: (error: Error) => void;
}

/** Pushes written by one insert. More would make everyone behind them wait. */
const MAX_GROUP = 2048;
/** Days that one insert may touch: each is a part of its own, and the engine refuses more than a hundred. */
const MAX_DAYS = 64;
const DAY_NANOS = 86_400_000_000_000n;

/** Pushes in the order in which they came. What was taken counts until it is done with. */
export class WriteQueue {
  readonly #limits: WriteQueueLimits;
  #waiting: WaitingPush[] = [];
  #bytes = 0;
  #pushes = 0;

  constructor(limits: WriteQueueLimits) {
    this.#limits = limits;
  }

  /** Pushes that no group has taken yet. */
  get length(): number {
    return this.#waiting.length;
  }

  /** When the first of those came that no group has taken, monotonic ms. */
  get oldest(): number {
    return this.#waiting[0]?.at ?? performance.now();
  }

  /** Of pushes that wait and those that are being written. */
  get load(): { readonly pushes: number; readonly bytes: number } {
    return { pushes: this.#pushes, bytes: this.#bytes };
  }

  /** @throws StoreError `queue_full` */
  refuseWhenFull(): void {
    if (this.#pushes < this.#limits.pushes && this.#bytes < this.#limits.bytes) return;
    throw new StoreError('queue_full', 'More profiles are waiting than can be written. Send it again later.');
  }

  /** @returns resolves when the push is on disk */
  add(classed: ClassedPush): Promise<PushReceipt> {
    const bytes = sizeOf(classed.push);
    this.#bytes += bytes;
    this.#pushes++;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...classed, bytes, at: performance.now(), resolve, reject });
    });
  }

  /** Whether a push waits for which this holds. */
  some(test: (waiting: WaitingPush) => boolean): boolean {
    return this.#waiting.some(test);
  }

  /** As many of the oldest as fit one insert. */
  takeGroup(): WaitingPush[] {
    const days = new Set<bigint>();
    let length = 0;
    for (const { push } of this.#waiting) {
      days.add(push.startNanos / DAY_NANOS);
      if (length >= MAX_GROUP || days.size > MAX_DAYS) break;
      length++;
    }
    const group = this.#waiting.slice(0, length);
    this.#waiting = this.#waiting.slice(length);
    return group;
  }

  /** To be called for each push that was taken, whatever became of it. */
  done({ bytes }: WaitingPush): void {
    this.#bytes -= bytes;
    this.#pushes--;
  }
}
