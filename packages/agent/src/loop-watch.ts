import { performance } from 'node:perf_hooks';
import type { Gap } from './time-sampler.ts';

/**
 * How often a busy loop is asked to turn, ms. One that mostly waits is asked only as often as a stretch is long that
 * matters, which is enough to meet each: samples say when it last waited. Waking a process that does nothing is what
 * costs (measured: 40 times a second took 0.9 % of a core on a virtual machine).
 */
const BUSY_MS = 25;
/** A timer that is later than this was kept from running, ms. */
const LATE_MS = 5;
/** No more stretches than this are remembered for a window; a program that is blocked more often than that is known to be. */
const MAX_GAPS = 500;

/** Sees when the event loop of this thread could not turn: a timer that should have run did not. */
export class LoopWatch {
  readonly #least: number;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #due = 0;
  #use = performance.eventLoopUtilization();
  #gaps: Gap[] = [];

  /** `leastMs`: shorter stretches are nobody's business. */
  constructor(leastMs: number) {
    this.#least = leastMs;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The stretches since the last call. */
  take(): Gap[] {
    // The loop may turn for the first time after a stretch right now.
    if (this.#timer !== undefined && performance.now() >= this.#due + LATE_MS) {
      clearTimeout(this.#timer);
      this.#turned();
      this.#arm();
    }
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }

  #arm(): void {
    const use = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(use, this.#use);
    this.#use = use;
    const wait = utilization > 0.5 ? Math.min(BUSY_MS, this.#least) : this.#least;
    this.#last = performance.now();
    this.#due = this.#last + wait;
    this.#timer = setTimeout(() => {
      this.#turned();
      this.#arm();
    }, wait);
    this.#timer.unref();
  }

  #turned(): void {
    const now = performance.now();
    const [last, due] = [this.#last, this.#due];
    if (now - last < this.#least || now - due < LATE_MS || this.#gaps.length >= MAX_GAPS) return;
    // By the clock that samples have; it may have been set, so it is looked at now and not once.
    const micros = (at: number) => Math.round((Date.now() - (now - at)) * 1000);
    this.#gaps.push({ from: micros(last), late: micros(due), to: micros(now) });
  }
}
