import type { Push } from '../store/push.ts';

/** Where polled profiles go: the store of this server, or a server elsewhere. */
export interface Sink {
  /**
   * Resolves when the push is stored.
   *
   * @param signal aborts when nobody waits for the answer any more
   * @throws DeliveryError where it never will be, any other error where another attempt may succeed
   */
  write(push: Push, signal: AbortSignal): Promise<unknown>;
}

/** The push was refused for what it is: it will never be taken. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}

/** The push was not taken now, and whoever refused it said when to come again. */
export class TryLaterError extends Error {
  override readonly name = 'TryLaterError';
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}
