import type { StoreConnection } from './connection.ts';
import { type Expired, expire } from './expiry.ts';
import type { Lease } from './lease.ts';
import type { Retention } from './retention.ts';
import type { Rollups } from './rollups.ts';

/** Whom the upkeep of the store tells what it does. */
export interface MaintenanceLog {
  expired(partitions: readonly Expired[]): void;
  failed(what: string, error: unknown): void;
}

const ROLLUP_EVERY_MS = 30_000;
/**
 * Where other servers write too: how often what came in late at them is looked for. Until then this one reads rollups
 * that do not hold it.
 */
const LOOK_EVERY_MS = 5000;
const EXPIRE_EVERY_MS = 10 * 60_000;

/** What a store needs from time to time: rollups computed, and what is old enough dropped. */
export class Maintenance {
  readonly #connection: StoreConnection;
  readonly #rollups: Rollups;
  readonly #retention: Retention;
  readonly #log: MaintenanceLog;
  readonly #lease: Lease;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #computedAt = Number.NEGATIVE_INFINITY;
  #expiredAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  /** @param lease so that one of several servers does what changes the tables */
  constructor(
    connection: StoreConnection,
    rollups: Rollups,
    retention: Retention,
    log: MaintenanceLog,
    lease: Lease,
  ) {
    this.#connection = connection;
    this.#rollups = rollups;
    this.#retention = retention;
    this.#log = log;
    this.#lease = lease;
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#rollups.stop();
    await this.#running;
    await this.#lease.giveBack();
  }

  #schedule(delay: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#run().finally(() => this.#schedule(this.#every));
    }, delay);
    this.#timer.unref();
  }

  get #every(): number {
    return this.#connection.mode === 'embedded' ? ROLLUP_EVERY_MS : LOOK_EVERY_MS;
  }

  async #run(): Promise<void> {
    let holds: boolean;
    try {
      const started = performance.now();
      if (started - this.#computedAt < ROLLUP_EVERY_MS - LOOK_EVERY_MS / 2) {
        await this.#rollups.update(Date.now, false);
        return;
      }
      this.#computedAt = started;
      holds = await this.#lease.during(async (isOurs) => {
        await this.#rollups.update(Date.now, isOurs);
        return isOurs;
      });
    } catch (error) {
      // What is not summed up yet must not expire.
      if (!this.#stopped) this.#log.failed('rollups', error);
      return;
    }
    if (!holds || this.#stopped || performance.now() - this.#expiredAt < EXPIRE_EVERY_MS) return;
    this.#expiredAt = performance.now();
    try {
      const expired = await expire(this.#connection, this.#retention);
      if (expired.length > 0) this.#log.expired(expired);
    } catch (error) {
      this.#log.failed('retention', error);
    }
  }
}
