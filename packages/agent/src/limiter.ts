/** The agent takes no more of the CPU time that it measures. */
const MOST = 0.01;
const LEAST_HZ = 1;
/** Cheap windows in a row before it tries more samples again: a new rate costs some milliseconds itself. */
const PATIENCE = 6;
/**
 * What a sample of a busy thread is taken to cost, ns: the signal, V8's walk over the stack, and its thread that reads it.
 * Measured: that thread takes 40,000 to 50,000 for stacks of some 60 frames, by its own clock (bench/overhead-node.mjs);
 * the rest is an estimate, because nothing in the process can tell it apart from the program's own CPU time.
 */
export const SAMPLE_COST_NANOS = 55_000;

/** What closing a window takes whatever the rate, ns: fewer samples would not make it less. */
const CLOSE_COST_NANOS = 3_000_000;

/** Below this part of the bound twice as many samples leave room, too. */
const CHEAP = 0.375 * MOST;

/** Halves the rate of samples while they cost too much, and goes back slowly. */
export class Limiter {
  #factor = 1;
  #cheap = 0;
  #isFirst = true;

  /** Samples per second in place of those that are wanted. */
  limit(hz: number): number {
    return Math.max(Math.min(LEAST_HZ, hz), hz * this.#factor);
  }

  /**
   * After a window: the samples in it in which the program ran, the time that closing it took, and the CPU time that
   * the process used meanwhile.
   */
  heed(busySamples: number, ownNanos: number, cpuNanos: number): void {
    // The first window is closed by code that has never run before, which takes ten times as long as it will.
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst || cpuNanos < 100_000_000) return;
    const share = (busySamples * SAMPLE_COST_NANOS + Math.max(0, ownNanos - CLOSE_COST_NANOS)) / cpuNanos;
    this.#cheap = share < CHEAP ? this.#cheap + 1 : 0;
    if (share > MOST) this.#factor = Math.max(this.#factor / 2, 1 / 64);
    else if (this.#cheap >= PATIENCE && this.#factor < 1) {
      this.#factor = Math.min(1, this.#factor * 2);
      this.#cheap = 0;
    }
  }
}
