import { UserError } from '../base/user-error.ts';

/** How long somebody who asks is kept waiting: probes give up after a second. */
const PATIENCE_MS = 500;
/** An answer that is younger needs no new question. */
const FRESH_MS = 1000;
/**
 * A question to the store waits behind others, which may take up to limits.query_seconds each. Only after this long
 * does silence mean that the store is gone: a server must not be taken out of service for being busy.
 */
const SILENCE_MS = 60_000;

/** Whether the store answers. */
export class Readiness {
  readonly #ping: () => Promise<void>;
  readonly #now: () => number;
  #asking: Promise<void> | undefined;
  #lastAnswer = Number.NEGATIVE_INFINITY;
  #fault: string | undefined;

  /** @param now monotonic time in ms */
  constructor(ping: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#ping = ping;
    this.#now = now;
  }

  /** @throws UserError `not_ready` with the reason */
  async check(): Promise<void> {
    if (this.#now() - this.#lastAnswer < FRESH_MS) return;
    this.#asking ??= this.#ask();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((over) => {
      timer = setTimeout(over, PATIENCE_MS);
    });
    await Promise.race([this.#asking, patience]);
    clearTimeout(timer);
    if (this.#fault !== undefined) throw notReady(`The store does not answer: ${this.#fault}`);
    if (this.#now() - this.#lastAnswer > SILENCE_MS) {
      throw notReady('The store has not answered for a minute.');
    }
  }

  /** Never rejects: whoever waits for it may have gone. */
  async #ask(): Promise<void> {
    try {
      await this.#ping();
      this.#fault = undefined;
      this.#lastAnswer = this.#now();
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    } finally {
      this.#asking = undefined;
    }
  }
}

function notReady(message: string): UserError {
  return new UserError('not_ready', message, { retryAfter: 5 });
}
