import { type Identity, type Push, seal } from './push.ts';
import { MAX_ROWS, type Window } from './window.ts';

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_SPAN_NANOS = 300_000_000_000n;

/**
 * What has been measured and not been acknowledged, within bounds.
 *
 * Usually one window, for as long as its push takes. In an outage the windows that follow are merged with one another,
 * up to five minutes each; never with one that has been sent, which the server may have, and whose identity stands for
 * its exact body. What is sealed is kept up to 8 MB, and then the oldest goes, counted.
 */
export class Outbox {
  /** Samples lost since the last acknowledged push. */
  dropped = 0;
  readonly #identity: Identity;
  readonly #prefix: string;
  readonly #maxBytes: number;
  readonly #sealed: Push[] = [];
  #bytes = 0;
  #open: Window | undefined;
  #sequence = 0;

  constructor(identity: Identity, prefix: string, maxBytes = MAX_BYTES) {
    this.#identity = identity;
    this.#prefix = prefix;
    this.#maxBytes = maxBytes;
  }

  add(window: Window): void {
    this.dropped += window.dropped;
    if (this.#open !== undefined) {
      if (fitTogether(this.#open, window)) {
        this.#open.merge(window);
        return;
      }
      this.#seal();
    }
    this.#open = window;
  }

  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#open === undefined;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What to send next: the same until it is settled, or gives way to newer ones. */
  first(): Push | undefined {
    if (this.#sealed.length === 0) this.#seal();
    return this.#sealed[0];
  }

  /** All that waits, oldest first, for the end of the process. */
  all(): readonly Push[] {
    this.#seal();
    return this.#sealed;
  }

  pack(push: Push, packed: Uint8Array): void {
    if (this.#sealed.includes(push)) this.#bytes += packed.length - push.body.length;
    push.body = packed;
    push.packed = true;
  }

  /** The server has it, and has read that so many samples were dropped. */
  acknowledge(push: Push, reported: number): void {
    this.dropped = Math.max(0, this.dropped - reported);
    this.#remove(push);
  }

  /** The server will never take it. */
  giveUp(push: Push): void {
    if (this.#remove(push)) this.dropped += push.samples;
  }

  #seal(): void {
    if (this.#open === undefined) return;
    const push = seal(this.#open, this.#identity, this.#sequence++, this.#prefix);
    this.#open = undefined;
    this.#sealed.push(push);
    this.#bytes += push.body.length;
    while (this.#bytes > this.#maxBytes && this.#sealed.length > 0) this.giveUp(this.#sealed[0]);
  }

  /** Whether it was there: one that is being sent may have been dropped meanwhile. */
  #remove(push: Push): boolean {
    const at = this.#sealed.indexOf(push);
    if (at < 0) return false;
    this.#sealed.splice(at, 1);
    this.#bytes -= push.body.length;
    return true;
  }
}

function fitTogether(earlier: Window, later: Window): boolean {
  const span = later.endNanos - earlier.startNanos;
  const captures = earlier.capture !== undefined || later.capture !== undefined;
  return !captures && span >= 0n && span <= MAX_SPAN_NANOS && earlier.rows + later.rows <= MAX_ROWS;
}
