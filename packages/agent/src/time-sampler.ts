import type { Places } from './places.ts';
import type { Window } from './window.ts';

/** A stretch of time, unix microseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What a time sampler is asked for when a window closes. */
export interface TimeRequest {
  readonly window: Window;
  readonly places: Places;
  readonly cpu: boolean;
  readonly wall: boolean;
  /** Stretches in which the loop did not turn for at least `loopBlockMicros`; undefined: it is not watched. */
  readonly gaps: readonly Gap[] | undefined;
  readonly loopBlockMicros: number;
}

/** The loop turned at `from` and at `to`, and in between it did not, once it was late at `late`. Unix microseconds. */
export interface Gap extends Stretch {
  readonly late: number;
}

/** Samples CPU and wall time of the thread that it is started in. */
export interface TimeSampler {
  /** Samples per second that it was set to. */
  readonly hz: number;
  readonly kind: 'native' | 'inspector';
  /** `seconds`: the longest window to expect. */
  start(hz: number, seconds: number): void;
  /** Adds what was sampled since the start or the last call to the window, and goes on unless it is the last. */
  take(request: TimeRequest, goOn: boolean): void;
  stop(): void;
}
