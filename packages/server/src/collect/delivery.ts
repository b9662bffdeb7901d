import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Push } from '../store/push.ts';
import { StoreError } from '../store/store-error.ts';
import { type Parcel, sizeOf } from './parcel.ts';
import { DeliveryError, type Sink, TryLaterError } from './sink.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
/** While stopping there is no time for patience. */
const STOPPING_RETRY_MS = 250;
/** Under way at once: enough for the store to write them as one group. */
const PARALLEL = 32;
const COMPLAIN_EVERY_MS = 60_000;

export interface DeliveryOptions {
  readonly sink: Sink;
  readonly logger: Logger;
  /** Bytes that may wait; beyond, the oldest is given up. */
  readonly maxBytes?: number;
}

/**
 * Brings polled profiles to the sink. A sampler that was reset has nothing any more: what could not be stored is kept
 * here, and tried again until it is, or until there is too much of it.
 *
 * A new profile is tried at once, which also finds out that the sink is back; what failed waits in the backlog, and
 * goes to its end when it fails again, so that one that can never be stored holds up no other.
 */
export class Delivery {
  readonly #sink: Sink;
  readonly #logger: Logger;
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #backlog = new Set<Parcel>();
  readonly #underWay = new Set<Promise<boolean>>();
  readonly #abandon = new AbortController();
  #bytes = 0;
  #delay = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #trouble: string | undefined;
  #stored = 0;
  #lost = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor({ sink, logger, maxBytes = 128 << 20 }: DeliveryOptions) {
    this.#sink = sink;
    this.#logger = logger;
    this.#maxBytes = maxBytes;
  }

  /** Profiles taken on and neither stored nor given up. */
  get waiting(): number {
    return this.#backlog.size + this.#underWay.size;
  }

  /** Profiles stored, and profiles given up, since the start. */
  get counts(): { readonly stored: number; readonly lost: number } {
    return { stored: this.#stored, lost: this.#lost };
  }

  /** Takes a profile on. @param onSettled called once it is stored or given up */
  send(push: Push, onSettled: () => void): void {
    const parcel = { push, bytes: sizeOf(push), onSettled };
    this.#bytes += parcel.bytes;
    for (const oldest of this.#backlog) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#backlog.delete(oldest);
      this.#giveUp(oldest, 'too many profiles wait to be stored: the oldest are given up');
    }
    if (this.#underWay.size < PARALLEL && !this.#closing) this.#start(parcel);
    else this.#backlog.add(parcel);
  }

  /** Tries all that waits again and again, for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { signal } = this.#abandon;
    const late = new Promise<boolean[]>((resolve) => {
      signal.addEventListener('abort', () => resolve([]), { once: true });
    });
    const deadline = setTimeout(() => this.#abandon.abort(), deadlineMs);
    while (this.waiting > 0 && !signal.aborted) {
      this.#startBacklog(PARALLEL);
      const stored = await Promise.race([Promise.all(this.#underWay), late]);
      if (stored.includes(false)) await sleep(STOPPING_RETRY_MS, undefined, { signal }).catch(() => {});
    }
    clearTimeout(deadline);
    if (this.waiting > 0) {
      const why = this.#trouble ?? 'there was no answer in time';
      this.#logger.error(`${this.waiting} profiles could not be stored and are lost: ${why}`);
    }
  }

  #start(parcel: Parcel): void {
    const attempt = this.#attempt(parcel).then((stored) => {
      this.#underWay.delete(attempt);
      if (!this.#closing && this.#backlog.size > 0) {
        // Each that is stored draws two after it: a sink that is back is soon busy, one that is overloaded is not.
        if (stored) this.#startBacklog(2);
        this.#timer ??= setTimeout(() => this.#retry(), this.#delay * (1 + Math.random() / 2)).unref();
      }
      return stored;
    });
    this.#underWay.add(attempt);
  }

  #startBacklog(most: number): void {
    let started = 0;
    for (const parcel of this.#backlog) {
      if (started++ >= most || this.#underWay.size >= PARALLEL) break;
      this.#backlog.delete(parcel);
      this.#start(parcel);
    }
  }

  /** One of the backlog is sent to see whether the sink is back; if it is, the others follow. */
  #retry(): void {
    this.#timer = undefined;
    if (this.#backlog.size === 0) return;
    this.#delay = Math.min(this.#delay * 2, LAST_RETRY_MS);
    this.#startBacklog(1);
  }

  /** @returns false where the parcel is back in the backlog */
  async #attempt(parcel: Parcel): Promise<boolean> {
    try {
      await this.#sink.write(parcel.push, this.#abandon.signal);
      this.#stored++;
    } catch (error) {
      if (!isRefusal(error)) {
        this.#keep(parcel, error);
        return false;
      }
      this.#giveUp(parcel, `a profile was refused and is lost: ${error.message}`);
      return true;
    }
    if (this.#trouble !== undefined) this.#logger.info('profiles are stored again');
    this.#trouble = undefined;
    this.#delay = FIRST_RETRY_MS;
    this.#settle(parcel);
    return true;
  }

  #keep(parcel: Parcel, error: unknown): void {
    this.#backlog.add(parcel);
    if (error instanceof TryLaterError) this.#delay = Math.min(error.afterMs, LAST_RETRY_MS);
    const message = error instanceof Error ? error.message : String(error);
    // One line for each trouble, not for each attempt.
    if (this.#trouble === message || this.#abandon.signal.aborted) return;
    this.#trouble = message;
    this.#logger.warn(`profiles cannot be stored; they are kept and tried again: ${message}`);
  }

  #giveUp(parcel: Parcel, why: string): void {
    this.#lost++;
    this.#settle(parcel);
    const now = performance.now();
    if (now - this.#complainedAt < COMPLAIN_EVERY_MS) return;
    this.#complainedAt = now;
    const { service, labels } = parcel.push;
    this.#logger.error({ service, labels, lost: this.#lost }, why);
  }

  #settle(parcel: Parcel): void {
    this.#bytes -= parcel.bytes;
    parcel.onSettled();
  }
}

/** It will never be taken, here or elsewhere. */
function isRefusal(error: unknown): error is Error {
  return error instanceof DeliveryError || (error instanceof StoreError && error.code === 'too_old');
}
