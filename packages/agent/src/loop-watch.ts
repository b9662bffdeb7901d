import type { Gap } from './time-sampler.ts';

/** How often the loop is asked to turn, ms: 40 timers a second, which is what the watch costs. */
const INTERVAL_MS = 25;
/** No more stretches than this are remembered for a window; a program that is blocked more often than that is known to be. */
const MAX_GAPS = 500;

/** Sees when the event loop of this thread could not turn: a timer that should have run did not. */
export class LoopWatch {
  readonly #least: number;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #gaps: Gap[] = [];

  /** `leastMs`: shorter stretches are nobody's business. */
  constructor(leastMs: number) {
    this.#least = leastMs;
  }

  start(): void {
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#turned(), INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The stretches since the last call. */
  take(): Gap[] {
    // The loop may turn for the first time after a stretch right now.
    this.#turned();
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }

  #turned(): void {
    const now = performance.now();
    const last = this.#last;
    this.#last = now;
    if (now - last < this.#least || this.#gaps.length >= MAX_GAPS) return;
    // By the clock that samples have; it may have been set, so it is looked at now and not once.
    const micros = (at: number) => Math.round((Date.now() - (now - at)) * 1000);
    this.#gaps.push({ from: micros(last), late: micros(last + INTERVAL_MS), to: micros(now) });
  }
}
