import { ceilTo, floorTo, type Interval, type RollupLevel } from './rollup-level.ts';

/**
 * Which buckets of a rollup say what the table beneath it says: those before `boundary`, but for the stale ones, in
 * which something was written since they were computed.
 */
export class RollupCoverage {
  readonly level: RollupLevel;
  /** Starts of stale buckets, unix ms → when that was noticed. */
  readonly #stale = new Map<number, number>();
  #boundary = 0;
  #version = 0;

  constructor(level: RollupLevel) {
    this.level = level;
  }

  /** Unix ms up to which the rollup is complete, stale buckets apart. */
  get boundary(): number {
    return this.#boundary;
  }

  /** Another one whenever buckets that could be read before may say something else. */
  get version(): number {
    return this.#version;
  }

  /** Something was written into the bucket. @param time unix ms within it */
  touch(time: number, now: number): void {
    this.#stale.set(floorTo(time, this.level.widthMs), now);
  }

  /**
   * A round is over.
   *
   * @param began unix ms: what was touched before has been looked at
   * @param boundary up to which buckets were looked at
   * @param stale buckets that could not be computed yet
   */
  settle(began: number, boundary: number, stale: Iterable<number>): void {
    for (const [bucket, noticed] of this.#stale) {
      if (noticed >= began || bucket >= boundary) continue;
      this.#stale.delete(bucket);
      this.#version++;
    }
    for (const bucket of stale) this.#stale.set(bucket, began);
    this.#boundary = Math.max(this.#boundary, boundary);
  }

  /** Rows were taken away: nothing counts as computed. */
  reset(): void {
    this.#stale.clear();
    this.#boundary = 0;
    this.#version++;
  }

  /** The whole buckets within a stretch of time that can be read, as intervals. */
  readable({ from, until }: Interval): Interval[] {
    const { widthMs } = this.level;
    const first = ceilTo(from, widthMs);
    const end = Math.min(floorTo(until, widthMs), this.#boundary);
    const stale = [...this.#stale.keys()].filter((at) => at >= first && at < end).sort((a, b) => a - b);
    const intervals: Interval[] = [];
    let at = first;
    for (const bucket of [...stale, end]) {
      if (bucket > at) intervals.push({ from: at, until: bucket });
      at = bucket + widthMs;
    }
    return intervals;
  }
}
