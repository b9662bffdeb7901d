import { batch, signal } from '@preact/signals';
import { type ApiError, get, type Params } from '../api/client.ts';

/**
 * One question to the API and its newest answer. While a new answer is on its way, and when none comes, the old one
 * stays: the page draws what it has.
 */
export class Resource<Raw, T> {
  readonly value = signal<T | undefined>(undefined);
  readonly error = signal<ApiError | undefined>(undefined);
  readonly pending = signal(false);
  readonly #path: string;
  readonly #read: (raw: Raw) => T;
  #running: AbortController | undefined;
  #key = '';

  constructor(path: string, read: (raw: Raw) => T) {
    this.#path = path;
    this.#read = read;
  }

  /** The parameters of the newest request, as one string. */
  get key(): string {
    return this.#key;
  }

  /** Gives the question up: what was there stays. The server ends its work when nobody waits for it. */
  cancel(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.pending.value = false;
  }

  /**
   * Asks. The same question while it is under way is not asked twice: a slow answer would never come if each tick of
   * the clock began anew.
   */
  async load(params: Params): Promise<void> {
    const key = JSON.stringify(params);
    if (this.#running && key === this.#key) return;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.#key = key;
    this.pending.value = true;
    try {
      const result = await get<Raw>(this.#path, params, running.signal);
      if (running.signal.aborted) return;
      batch(() => {
        this.pending.value = false;
        if (!result.ok) {
          this.error.value = result.error;
          return;
        }
        try {
          this.value.value = this.#read(result.value);
          this.error.value = undefined;
        } catch (cause) {
          const message = cause instanceof Error ? cause.message : String(cause);
          this.error.value = { code: 'unexpected_answer', message, status: 200 };
        }
      });
    } catch (cause) {
      // Overtaken by a newer question.
      if (!running.signal.aborted) throw cause;
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }
}
