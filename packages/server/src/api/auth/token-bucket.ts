import type { RateLimit } from './token.ts';

/**
 * A bucket that holds `burst` requests and is refilled at `perSecond`. Not @fastify/rate-limit: that one counts in fixed
 * windows by a key of the request, so that two bursts meet at the border of a window, and it has no bursts of its own.
 */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** @param now monotonic time in ms */
  constructor(limit: RateLimit, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
    this.#left = limit.burst;
    this.#at = now();
  }

  /** Takes one request. @returns 0 where there was one, else the seconds after which there will be */
  take(): number {
    const { perSecond, burst } = this.#limit;
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#left < 1) return (1 - this.#left) / perSecond;
    this.#left--;
    return 0;
  }
}
