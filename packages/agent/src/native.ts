import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf } from './log.ts';

/**
 * The native part: V8's CPU profiler with CPU time and labels per sample, from `@datadog/pprof`.
 *
 * Its bindings are taken, not the API around them, which leaves out what V8 calls `(program)`, has no wall time for
 * what is idle, and makes a tree of objects that would be turned into another one here. The version is pinned for that
 * reason, and what is not as expected counts as absent.
 */
export interface NativeProfiler {
  start(): void;
  stop(restart: boolean): V8Profile;
  dispose(): void;
  /** Without AsyncContextFrame: what the samples from here on carry. */
  context: unknown;
  /** With it: what `AsyncLocalStorage.run` gets for what the samples within are to carry. */
  createContextHolder(context: unknown): object;
}

export interface V8Profile {
  readonly topDownRoot: V8Node;
  /** CPU time in ns of threads that run no JavaScript, and of workers without profiler; of the main thread's alone. */
  readonly nonJSThreadsCpuTime?: number;
}

export interface V8Node {
  readonly name?: string;
  readonly scriptName: string;
  readonly lineNumber?: number;
  readonly columnNumber?: number;
  readonly children: readonly V8Node[];
  readonly contexts?: readonly V8Sample[];
}

export interface V8Sample {
  /** Unix time in microseconds. */
  readonly timestamp: bigint;
  /** CPU time of the thread since its sample before, ns. */
  readonly cpuTime?: number;
  readonly context?: unknown;
}

export interface V8AllocationNode {
  readonly name?: string;
  readonly scriptName: string;
  readonly lineNumber?: number;
  readonly columnNumber?: number;
  readonly children: readonly V8AllocationNode[];
  readonly allocations: readonly { readonly sizeBytes: number; readonly count: number }[];
}

export interface Native {
  readonly TimeProfiler: new (options: Readonly<Record<string, unknown>>) => NativeProfiler;
  /** The system's id of this thread. */
  readonly threadId: (() => number) | undefined;
  readonly startHeap: (intervalBytes: number, depth: number) => void;
  readonly stopHeap: () => void;
  readonly heapProfile: () => V8AllocationNode;
  /** Whether samples can follow `AsyncLocalStorage`; else, how that is switched on. */
  readonly followsContext: boolean;
  readonly contextHint: string;
}

let loaded: Native | string | undefined;

/** The native part, or why there is none. */
export function loadNative(): Native | string {
  loaded ??= load();
  return loaded;
}

function load(): Native | string {
  try {
    // CommonJS when built; tests run the sources as ES modules, which have no file name.
    const require = createRequire(typeof __filename === 'string' ? __filename : join(process.cwd(), 'agent'));
    const time: unknown = require('@datadog/pprof/out/src/time-profiler-bindings.js');
    const heap: unknown = require('@datadog/pprof/out/src/heap-profiler-bindings.js');
    const frame: unknown = require('@datadog/pprof/out/src/async-context-frame.js');
    return {
      TimeProfiler: functionOf<Native['TimeProfiler']>(time, 'TimeProfiler'),
      threadId:
        process.platform === 'linux' ? functionOf<() => number>(time, 'getNativeThreadId') : undefined,
      startHeap: functionOf<Native['startHeap']>(heap, 'startSamplingHeapProfiler'),
      stopHeap: functionOf<Native['stopHeap']>(heap, 'stopSamplingHeapProfiler'),
      heapProfile: functionOf<Native['heapProfile']>(heap, 'getAllocationProfile'),
      followsContext: functionOf<() => boolean>(frame, 'isAsyncContextFrameActive')(),
      contextHint: functionOf<() => string>(frame, 'asyncContextFrameHint')(),
    };
  } catch (error) {
    return messageOf(error).split('\n')[0];
  }
}

/** @throws TypeError where the module has no such function. */
function functionOf<T>(module: unknown, name: string): T {
  const found: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof found !== 'function') throw new TypeError(`@datadog/pprof has no ${name}`);
  return found as T;
}
