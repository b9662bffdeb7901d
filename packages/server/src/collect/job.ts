import type { Profile } from '@everflame/profile';
import type { ByteBudget } from './byte-budget.ts';

/** What one poll brought. */
export interface Polled {
  readonly profile: Profile;
  /** Unix ns. */
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
}

export interface PollContext {
  readonly signal: AbortSignal;
  /** What the answers of all targets may hold together. */
  readonly budget: ByteBudget;
}

/** One thing that is asked of a target again and again. */
export interface PollJob {
  /** For people: which profile. */
  readonly name: string;
  /** The request itself lasts as long as its window, so the next one follows at once. */
  readonly covers: boolean;
  /** The target forgets what it has answered: a request under way is not broken off lightly. */
  readonly resets: boolean;
  poll(context: PollContext): Promise<Polled>;
}

export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
