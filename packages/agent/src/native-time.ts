import { AsyncLocalStorage } from 'node:async_hooks';
import { isMainThread } from 'node:worker_threads';
import { fraction } from './jitter.ts';
import { type Bridge, HookBridge, type LabelContext } from './label-context.ts';
import { NO_LABELS } from './label-set.ts';
import { LabelState } from './label-state.ts';
import type { Native, NativeProfiler, V8Node, V8Sample } from './native.ts';
import { type ThreadClock, threadClock } from './thread-cpu.ts';
import type { TimeRequest, TimeSampler } from './time-sampler.ts';
import { addTimedStacks, type TimedStack } from './timed-stacks.ts';
import { CPU, type StackNode } from './window.ts';

/** V8 cuts a stack off at so many frames, on the root's side. */
const MAX_DEPTH = 255;
/**
 * CPU and wall time by V8's profiler and the native part: a signal to the thread at each sample, at which its CPU
 * clock is read.
 */
export class NativeTimeSampler implements TimeSampler {
  readonly kind = 'native';
  hz = 0;
  readonly #native: Native;
  readonly #labels: LabelContext;
  readonly #asyncHooks: boolean;
  #profiler: NativeProfiler | undefined;
  #hooks: HookBridge | undefined;
  #startedAt = 0;
  #seconds = 0;
  #clock: ThreadClock = { cpuNanos: undefined, waitedNanos: 0 };

  constructor(native: Native, labels: LabelContext, asyncHooks: boolean) {
    this.#native = native;
    this.#labels = labels;
    this.#asyncHooks = asyncHooks;
  }

  start(hz: number, seconds: number): void {
    this.hz = hz;
    this.#seconds = seconds;
    const follows = this.#native.followsContext;
    // A store of its own for each profiler: what an older one has left in a context must never be read by this one.
    const store = follows ? new AsyncLocalStorage<object>() : undefined;
    const profiler = new this.#native.TimeProfiler({
      // Not exactly what was asked for, and not the same in each process: work with a rhythm of its own, of ten
      // milliseconds say, would otherwise be met in the same place each time.
      intervalMicros: Math.round((1e6 / hz) * (0.93 + 0.05 * fraction())),
      // It keeps so many samples; a blocked loop makes a window longer than it was to be.
      durationMillis: Math.round(seconds * 2000),
      withContexts: true,
      collectCpuTime: true,
      lineNumbers: false,
      collectAsyncId: false,
      // Its way round a defect of V8 holds up the thread for a whole interval at each stop. See #isStuck.
      workaroundV8Bug: false,
      useCPED: follows,
      CPEDKey: store,
      isMainThread,
    });
    profiler.start();
    this.#clock = this.#readClock();
    this.#profiler = profiler;
    this.#startedAt = performance.now();
    if (store !== undefined) this.#labels.bridge = new ContextBridge(profiler, store);
    else {
      profiler.context = LabelState.NONE;
      if (this.#asyncHooks) this.#labels.bridge = this.#hooks = new HookBridge(profiler, this.#labels);
    }
  }

  take(request: TimeRequest, goOn: boolean): void {
    const profiler = this.#profiler;
    if (profiler === undefined) return;
    const profile = profiler.stop(goOn);
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#startedAt = performance.now();
    if (!goOn) this.#dispose();
    const samples: TimedStack[] = [];
    const { window, places } = request;
    for (const top of profile.topDownRoot.children) collect(top, request, samples);
    const [clock, before] = [this.#readClock(), this.#clock];
    this.#clock = clock;
    // What the samples know ends with the last of them.
    const cpuNanos =
      clock.cpuNanos !== undefined && before.cpuNanos !== undefined
        ? clock.cpuNanos - before.cpuNanos
        : samples.reduce((sum, sample) => sum + (sample.cpuNanos ?? 0), 0);
    addTimedStacks(samples, { cpuNanos, waitedNanos: clock.waitedNanos - before.waitedNanos }, request);
    if (request.cpu && profile.nonJSThreadsCpuTime !== undefined) {
      const others = window.child(window.root, places.frames.of('[other threads]'));
      window.add(others, CPU, profile.nonJSThreadsCpuTime);
    }
    if (goOn && this.#isStuck(samples.length, seconds)) {
      const { hz } = this;
      this.stop();
      this.start(hz, this.#seconds);
    }
  }

  stop(): void {
    if (this.#profiler === undefined) return;
    this.#profiler.stop(false);
    this.#dispose();
  }

  /**
   * V8's thread that reads samples can hang for good (https://issues.chromium.org/issues/42210818): then there are none,
   * and only a new profiler helps.
   */
  #isStuck(samples: number, seconds: number): boolean {
    return seconds > 1 && samples < (this.hz * seconds) / 20;
  }

  #readClock(): ThreadClock {
    return threadClock(this.#native.threadId?.());
  }

  #dispose(): void {
    this.#labels.bridge = undefined;
    this.#hooks?.close();
    this.#hooks = undefined;
    this.#profiler?.dispose();
    this.#profiler = undefined;
  }
}

/** The bridge with AsyncContextFrame: the handler of the signal looks into the frame that Node has for the work. */
class ContextBridge implements Bridge {
  readonly #profiler: NativeProfiler;
  readonly #store: AsyncLocalStorage<object>;

  constructor(profiler: NativeProfiler, store: AsyncLocalStorage<object>) {
    this.#profiler = profiler;
    this.#store = store;
  }

  run<T>(state: LabelState, call: () => T): T {
    return this.#store.run(this.#holder(state), call);
  }

  enter(state: LabelState): void {
    this.#store.enterWith(this.#holder(state));
  }

  /**
   * A new one each time. The profiler holds on to the state for as long as the holder lives: a state that held on to its
   * holder would never be let go.
   */
  #holder(state: LabelState): object {
    return this.#profiler.createContextHolder(state);
  }
}

/** The samples of a tree; without recursion, because programs recurse deeply. */
function collect(top: V8Node, request: TimeRequest, samples: TimedStack[]): void {
  const { window, places } = request;
  const idle = top.name === '(idle)';
  const open: { node: V8Node; parent: StackNode; depth: number }[] = [
    { node: top, parent: window.root, depth: 1 },
  ];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { node, parent, depth } = entry;
    const frame = places.frame({
      name: node.name ?? '',
      script: node.scriptName,
      line: node.lineNumber ?? 0,
      column: node.columnNumber ?? 0,
    });
    const stack = window.child(parent, frame);
    for (const sample of node.contexts ?? []) {
      samples.push({
        stack: depth < MAX_DEPTH ? stack : underTruncated(stack, request),
        at: Number(sample.timestamp),
        cpuNanos: Number.isFinite(sample.cpuTime) ? (sample.cpuTime ?? 0) : 0,
        labels: labelsOf(sample),
        idle,
      });
    }
    for (const child of node.children) open.push({ node: child, parent: stack, depth: depth + 1 });
  }
}

function labelsOf({ context }: V8Sample) {
  return context instanceof LabelState ? context.toLabels() : NO_LABELS;
}

/** The same stack, said to be without its beginning. */
function underTruncated(leaf: StackNode, { window, places }: TimeRequest): StackNode {
  const path: StackNode[] = [];
  for (let at: StackNode | undefined = leaf; at?.frame !== undefined; at = at.parent) path.push(at);
  let stack = window.child(window.root, places.frames.of('[truncated]'));
  for (const { frame } of path.reverse()) if (frame !== undefined) stack = window.child(stack, frame);
  return stack;
}
