import type { Profile } from '@everflame/profile';

/** What one poll brought. */
export interface Polled {
  readonly profile: Profile;
  /** Unix ns. */
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
}

/** One thing that is asked of a target again and again. */
export interface PollJob {
  /** For people: which profile. */
  readonly name: string;
  /** The request itself lasts as long as the interval, so the next one follows at once. */
  readonly covers: boolean;
  poll(signal: AbortSignal): Promise<Polled>;
}

export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
