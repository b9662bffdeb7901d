import type { Logger } from 'pino';
import type { Push } from '../store/push.ts';
import { DeliveryError, type Sink } from './sink.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

interface Parcel {
  readonly push: Push;
  readonly bytes: number;
  readonly onSettled: () => void;
}

export interface DeliveryOptions {
  readonly sink: Sink;
  readonly logger: Logger;
  /** Bytes that may wait; beyond, the oldest is given up. */
  readonly maxBytes?: number;
}

/**
 * Brings polled profiles to the sink. A sampler that was reset has nothing any more: what could not be stored is kept
 * here, and tried again until it is, or until there is too much of it.
 */
export class Delivery {
  readonly #sink: Sink;
  readonly #logger: Logger;
  readonly #maxBytes: number;
  readonly #waiting: Parcel[] = [];
  #waitingBytes = 0;
  #delay = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor({ sink, logger, maxBytes = 128 << 20 }: DeliveryOptions) {
    this.#sink = sink;
    this.#logger = logger;
    this.#maxBytes = maxBytes;
  }

  /** Takes a profile on. @param onSettled called once it is stored or given up */
  send(push: Push, onSettled: () => void): void {
    const bytes = sizeOf(push);
    this.#waiting.push({ push, bytes, onSettled });
    this.#waitingBytes += bytes;
    while (this.#waitingBytes > this.#maxBytes && this.#waiting.length > 1) {
      this.#settle(this.#waiting[0]);
      this.#logger.error('too many profiles wait for the store: the oldest was given up');
    }
    if (!this.#timer) void this.#run();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** One more attempt at all that waits, for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    clearTimeout(this.#timer);
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, deadlineMs).unref());
    await Promise.race([this.#run(), deadline]);
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0)
      this.#logger.error(`${this.#waiting.length} profiles could not be stored and are lost`);
  }

  #run(): Promise<void> {
    this.#timer = undefined;
    this.#running ??= this.#deliver().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #deliver(): Promise<void> {
    // Several at once, so that the store can write them as one group.
    let parcels = this.#waiting.slice(0, 64);
    while (parcels.length > 0) {
      const failed = (await Promise.all(parcels.map((parcel) => this.#attempt(parcel)))).some((ok) => !ok);
      if (failed) {
        this.#timer = setTimeout(() => void this.#run(), this.#delay * (0.5 + Math.random()));
        this.#timer.unref();
        this.#delay = Math.min(this.#delay * 2, LAST_RETRY_MS);
        return;
      }
      this.#delay = FIRST_RETRY_MS;
      parcels = this.#waiting.slice(0, 64);
    }
  }

  async #attempt(parcel: Parcel): Promise<boolean> {
    try {
      await this.#sink.write(parcel.push);
    } catch (error) {
      if (!(error instanceof DeliveryError)) {
        this.#logger.warn({ err: error }, 'a profile could not be stored; it is kept and tried again');
        return false;
      }
      this.#logger.error({ err: error }, 'a profile was refused');
    }
    this.#settle(parcel);
    return true;
  }

  #settle(parcel: Parcel): void {
    const index = this.#waiting.indexOf(parcel);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#waitingBytes -= parcel.bytes;
    parcel.onSettled();
  }
}

/** About what a push holds in memory. */
function sizeOf({ profile }: Push): number {
  const { strings, frames, stacks, samples } = profile;
  return (
    strings.bytes.length +
    frames.length * 40 +
    stacks.frames.length * 4 +
    samples.length * (8 + 8 * samples.values.length)
  );
}
