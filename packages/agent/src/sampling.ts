import type { Capture } from './control.ts';
import { type HeapSampler, heapSampler } from './heap-sampler.ts';
import { InspectorTimeSampler } from './inspector-time.ts';
import type { LabelContext } from './label-context.ts';
import { Limiter } from './limiter.ts';
import { type Logger, messageOf } from './log.ts';
import { LoopWatch } from './loop-watch.ts';
import { loadNative, type Native } from './native.ts';
import { NativeTimeSampler } from './native-time.ts';
import { Places } from './places.ts';
import type { MemoryMode, Settings } from './settings.ts';
import { SourceMaps } from './source-maps.ts';
import { processCpuNanos, threadClock } from './thread-cpu.ts';
import type { TimeSampler } from './time-sampler.ts';
import { Window } from './window.ts';

/** The samplers of one thread, and what of them is on. */
export class Sampling {
  readonly limiter = new Limiter();
  readonly #settings: Settings;
  readonly #logger: Logger;
  readonly #native: Native | undefined;
  readonly #time: TimeSampler | undefined;
  readonly #maps: SourceMaps | undefined;
  readonly #places: Places;
  readonly #watch: LoopWatch | undefined;
  #heap: HeapSampler | undefined;
  #capture: Capture | undefined;
  #hz: number;
  #isOn = false;
  #said = false;
  #began = 0;
  #cpuBefore = 0;

  constructor(settings: Settings, labels: LabelContext, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    const native = settings.native ? loadNative() : 'it is switched off (EVERFLAME_NATIVE)';
    this.#native = typeof native === 'string' ? undefined : native;
    this.#hz = settings.rate || settings.wallRate;
    if (this.#hz > 0) {
      this.#time = this.#native
        ? new NativeTimeSampler(this.#native, labels, settings.asyncHooks)
        : new InspectorTimeSampler();
    }
    if (typeof native === 'string')
      logger.warn(
        `Node's inspector samples in place of the native part: CPU time is estimated, there are no labels (${native})`,
      );
    this.#maps = settings.sourceMaps ? new SourceMaps() : undefined;
    this.#places = new Places(this.#maps);
    this.#watch = settings.loopBlock > 0 && this.#hz > 0 ? new LoopWatch(settings.loopBlock) : undefined;
  }

  /** Whether samples carry labels; else, why not. */
  get labelsMissing(): string | undefined {
    const native = this.#native;
    if (this.#time === undefined || native?.followsContext || (native && this.#settings.asyncHooks))
      return undefined;
    if (native === undefined) return 'the native part is missing';
    return `${native.contextHint}; or set EVERFLAME_ASYNC_HOOKS=1, which costs (see the README)`;
  }

  /** What the labels of the process say of the sampler. */
  get profiler(): 'inspector' | undefined {
    return this.#time?.kind === 'inspector' ? 'inspector' : undefined;
  }

  /** @throws where there is nothing that could sample here. */
  start(): void {
    this.#time?.start(this.limiter.limit(this.#hz), this.#longestWindow);
    this.#watch?.start();
    this.#isOn = true;
    this.#useHeap(this.#settings.memory);
    this.#begin();
  }

  stop(): void {
    this.#isOn = false;
    this.#watch?.stop();
    this.#time?.stop();
    this.#heap?.stop();
    this.#heap = undefined;
  }

  /** Samples per second from here on; undefined: as the program was started. What it has switched off stays off. */
  setRate(hz: number | undefined): void {
    if (this.#settings.rate > 0) this.#apply(hz ?? this.#settings.rate);
  }

  captures(): readonly string[] {
    const { rate, wallRate } = this.#settings;
    return [
      ...(this.#time && rate > 0 ? ['cpu'] : []),
      ...(this.#time && wallRate > 0 ? ['wall'] : []),
      ...(this.#settings.memory === 'allocated' ? [] : ['heap']),
    ];
  }

  whyNoCapture(capture: Capture): string | undefined {
    if (this.captures().includes(capture.type)) return undefined;
    if (capture.type === 'heap')
      return "V8's one heap sampler is busy with what is allocated (EVERFLAME_MEMORY)";
    return `${capture.type} is not sampled in this process`;
  }

  beginCapture(capture: Capture): void {
    this.#capture = capture;
    if (capture.type === 'heap') this.#useHeap('live');
    else if (capture.hz !== undefined) this.#apply(capture.hz);
  }

  /** The rate is set again with the next window. */
  endCapture(): void {
    if (this.#capture?.type === 'heap') this.#useHeap(this.#settings.memory);
    if (this.#settings.rate === 0) this.#apply(this.#settings.wallRate);
    this.#capture = undefined;
  }

  /** What was measured since the start or the last call; sampling goes on unless it is the last. */
  collect(goOn: boolean): Window {
    const entered = performance.now();
    const spent = stopwatch();
    const endNanos = BigInt(Date.now()) * 1_000_000n;
    // The end by the wall clock, the length by one that nobody sets: a clock that is set makes no gap.
    const length = BigInt(Math.round((entered - this.#began) * 1e6));
    const window = new Window(endNanos - length, endNanos, this.#time?.hz ?? 0);
    const { rate, wallRate, loopBlock } = this.#settings;
    this.#maps?.refill();
    this.#time?.take(
      {
        window,
        places: this.#places,
        cpu: rate > 0,
        wall: wallRate > 0,
        gaps: this.#watch?.take(),
        loopBlockMicros: loopBlock * 1000,
      },
      goOn,
    );
    this.#heap?.take(window, this.#places);
    if (!goOn) this.stop();
    const cpu = processCpuNanos();
    const used = cpu - this.#cpuBefore;
    this.limiter.heed(window.samples * busyShare(window, used), spent(), used);
    this.#begin(entered);
    if (window.labels.merged > 0 && !this.#said) {
      this.#said = true;
      this.#logger.warn(
        'more than 127 different sets of labels in one window: the others count without labels; label by route or kind, not by id',
      );
    }
    return window;
  }

  get #longestWindow(): number {
    return Math.max(60, this.#settings.window * 1.2, 300 * 1.2);
  }

  #apply(hz: number): void {
    this.#hz = hz;
    const limited = this.limiter.limit(hz);
    if (this.#time === undefined || !this.#isOn || this.#time.hz === limited) return;
    this.#time.stop();
    this.#time.start(limited, this.#longestWindow);
  }

  #useHeap(mode: MemoryMode): void {
    if (this.#heap?.mode === mode) return;
    try {
      this.#heap?.stop();
      this.#heap = undefined;
      if (mode === 'off') return;
      const heap = heapSampler(mode, this.#settings.memoryInterval, this.#native);
      heap.start();
      this.#heap = heap;
    } catch (error) {
      this.#logger.warn(`the heap is not sampled: ${messageOf(error)}`);
    }
  }

  #begin(at = performance.now()): void {
    this.#began = at;
    this.#cpuBefore = processCpuNanos();
  }
}

/** CPU time of this thread from now on, ns; where it cannot be known, time. */
function stopwatch(): () => number {
  const [cpu, time] = [threadClock().cpuNanos, performance.now()];
  return () => {
    const now = threadClock().cpuNanos;
    return cpu !== undefined && now !== undefined ? now - cpu : (performance.now() - time) * 1e6;
  };
}

/** The part of the time in which the process ran: a sample of an idle thread costs next to nothing. */
function busyShare(window: Window, cpuNanos: number): number {
  const length = Number(window.endNanos - window.startNanos);
  return length > 0 ? Math.min(1, cpuNanos / length) : 1;
}
