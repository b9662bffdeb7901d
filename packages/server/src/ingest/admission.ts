import { UserError } from '../base/user-error.ts';
import { Throughput } from './throughput.ts';

/** A service that pushed within this time counts as active, ms. */
const ACTIVE_MS = 15_000;
/** Services kept in mind; more are taken for one. */
const MAX_SERVICES = 10_000;
/** Longer than this from body to answer is too long, ms: then less is taken in. */
const SLOW_MS = 700;
/** What was answered lately says how much is answered in SLOW_MS; measured over so many ms. */
const MEASURED_MS = 2000;
/** The window becomes no narrower than this, bytes, or than a thirty-second of the bound. */
const NARROWEST = 1 << 20;

interface Share {
  bytes: number;
  seenAt: number;
}

/** A push that was admitted. */
export interface Ticket {
  /** The body is here: what takes time from now on is up to this server, not to the sender. */
  received(): void;
  /** Gives the bytes back; calling it twice does no harm. */
  release(): void;
}

/**
 * Bounds the bytes of pushes that are between their first byte and their answer. Past the bound a push is refused
 * before its body is read: overload is said, not suffered.
 *
 * How much can be under way and still be answered within a second depends on the machine. So there is a window within
 * the bound: while answers are slow it is what was answered lately in the time that an answer may take, and it becomes
 * wider while they are quick. Less would leave the machine idle, more would only wait.
 *
 * One loud service must not shut the others out: once half of the window is taken, each may hold its share of it and no
 * more, the window divided by the services that pushed of late.
 */
export class Admission {
  readonly #limit: number;
  readonly #narrowest: number;
  readonly #now: () => number;
  readonly #services = new Map<string, Share>();
  #window: number;
  #bytes = 0;
  readonly #answered: Throughput;
  /** An answer took too long since the window was last looked at. */
  #isSlow = false;

  /** @param now monotonic ms */
  constructor(limit: number, now: () => number = () => performance.now(), narrowest = NARROWEST) {
    this.#limit = limit;
    this.#narrowest = Math.min(limit, Math.max(limit / 32, narrowest));
    this.#window = limit;
    this.#now = now;
    this.#answered = new Throughput(MEASURED_MS, now());
  }

  /** Bytes of pushes under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that may be under way. */
  get window(): number {
    this.#narrow();
    return this.#window;
  }

  /** @throws UserError `queue_full` */
  admit(bytes: number, service = ''): Ticket {
    this.#narrow();
    const share = this.#shareOf(service);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#window) {
      // Those that hold less than their share may go past the window, which the loud have filled, up to the bound.
      const isModest = share.bytes + bytes <= this.#window / this.#services.size;
      if (!isModest || this.#bytes + bytes > this.#limit) {
        throw this.#full('More is being pushed than this server takes in. Send it again later.');
      }
    }
    const isCrowded = this.#bytes + bytes > this.#window / 2;
    if (isCrowded && share.bytes > 0 && share.bytes + bytes > this.#window / this.#services.size) {
      throw this.#full('This service pushes more than its share while others push too. Send it again later.');
    }
    this.#bytes += bytes;
    share.bytes += bytes;
    let admitted = bytes;
    let receivedAt: number | undefined;
    return {
      received: () => {
        receivedAt ??= this.#now();
      },
      release: () => {
        if (admitted > 0 && receivedAt !== undefined) this.#adapt(admitted, receivedAt);
        this.#bytes -= admitted;
        share.bytes -= admitted;
        admitted = 0;
      },
    };
  }

  #adapt(bytes: number, receivedAt: number): void {
    const now = this.#now();
    const took = now - receivedAt;
    this.#answered.add(bytes, now);
    if (took > SLOW_MS) this.#isSlow = true;
    else if (took < SLOW_MS / 2 && this.#bytes > this.#window / 4) {
      this.#window = Math.min(this.#limit, this.#window + bytes / 2);
    }
  }

  /** Not at the first answer that is slow, but when all of its group have been given: what was answered is known then. */
  #narrow(): void {
    if (!this.#isSlow) return;
    this.#isSlow = false;
    const fits = this.#answered.perMs(this.#now()) * SLOW_MS;
    this.#window = Math.max(this.#narrowest, Math.min(this.#window, fits));
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
    const seconds = 2 * (this.#bytes / this.#window) * (0.5 + Math.random());
    return new UserError('queue_full', message, { retryAfter: Math.ceil(seconds) });
  }
}
