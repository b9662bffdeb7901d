import { UserError } from '../base/user-error.ts';

/** A service that pushed within this time counts as active, ms. */
const ACTIVE_MS = 15_000;
/** Services kept in mind; more are taken for one. */
const MAX_SERVICES = 10_000;

interface Share {
  bytes: number;
  seenAt: number;
}

/**
 * Bounds the bytes of pushes that are between their first byte and their answer. Past the bound a push is refused
 * before its body is read: overload is said, not suffered.
 *
 * One loud service must not shut the others out: once half of the bound is taken, each may hold its share of it and no
 * more, the bound divided by the services that pushed of late.
 */
export class Admission {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #services = new Map<string, Share>();
  #bytes = 0;

  /** @param now monotonic ms */
  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Bytes of pushes under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns gives the bytes back; calling it twice does no harm. @throws UserError `queue_full` */
  admit(bytes: number, service = ''): () => void {
    const share = this.#shareOf(service);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limit) {
      throw this.#full('More is being pushed than this server takes in. Send it again later.');
    }
    const isCrowded = this.#bytes + bytes > this.#limit / 2;
    if (isCrowded && share.bytes > 0 && share.bytes + bytes > this.#limit / this.#services.size) {
      throw this.#full('This service pushes more than its share while others push too. Send it again later.');
    }
    this.#bytes += bytes;
    share.bytes += bytes;
    let admitted = bytes;
    return () => {
      this.#bytes -= admitted;
      share.bytes -= admitted;
      admitted = 0;
    };
  }

  #shareOf(service: string): Share {
    const now = this.#now();
    let share = this.#services.get(service);
    // In order of their last push: the first are those that have been silent for longest.
    if (share) this.#services.delete(service);
    else share = { bytes: 0, seenAt: now };
    share.seenAt = now;
    this.#services.set(service, share);
    for (const [name, { bytes, seenAt }] of this.#services) {
      if (this.#services.size <= MAX_SERVICES && (bytes > 0 || now - seenAt < ACTIVE_MS)) break;
      this.#services.delete(name);
    }
    return share;
  }

  /** Later where more waits, and not all at the same moment. */
  #full(message: string): UserError {
    const seconds = 1 + 3 * (this.#bytes / this.#limit) * (0.5 + Math.random());
    return new UserError('queue_full', message, { retryAfter: Math.ceil(seconds) });
  }
}
