import { UserError } from '../base/user-error.ts';

/**
 * Bounds the bytes of pushes that are between their first byte and their answer. Past the bound a push is refused
 * before its body is read: overload is said, not suffered.
 */
export class Admission {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of pushes under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns gives the bytes back; calling it twice does no harm. @throws UserError `queue_full` */
  admit(bytes: number): () => void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limit) {
      throw new UserError(
        'queue_full',
        'More is being pushed than this server takes in. Send it again later.',
        {
          retryAfter: 2,
        },
      );
    }
    this.#bytes += bytes;
    let admitted = bytes;
    return () => {
      this.#bytes -= admitted;
      admitted = 0;
    };
  }
}
