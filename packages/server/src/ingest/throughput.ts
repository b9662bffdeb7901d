/** Bytes a millisecond, over the last stretch of time: in slices, so that a single addition costs nothing. */
export class Throughput {
  readonly #sliceMs: number;
  readonly #slices = new Float64Array(SLICES);
  /** Number of the slice that is being filled. */
  #slice: number;
  readonly #began: number;

  /**
   * @param ms how far back is looked
   * @param now monotonic ms
   */
  constructor(ms: number, now: number) {
    this.#sliceMs = ms / SLICES;
    this.#slice = this.#sliceAt(now);
    this.#began = now;
  }

  add(bytes: number, now: number): void {
    this.#goTo(now);
    this.#slices[this.#slice % SLICES] += bytes;
  }

  perMs(now: number): number {
    this.#goTo(now);
    const whole = (SLICES - 1) * this.#sliceMs + (now % this.#sliceMs);
    const measured = Math.max(this.#sliceMs, Math.min(whole, now - this.#began));
    return this.#slices.reduce((sum, bytes) => sum + bytes, 0) / measured;
  }

  #sliceAt(now: number): number {
    return Math.floor(now / this.#sliceMs);
  }

  #goTo(now: number): void {
    const slice = this.#sliceAt(now);
    if (slice - this.#slice >= SLICES) this.#slices.fill(0);
    else for (let next = this.#slice + 1; next <= slice; next++) this.#slices[next % SLICES] = 0;
    this.#slice = Math.max(this.#slice, slice);
  }
}

const SLICES = 8;
