import { InspectorSession } from './inspector-session.ts';
import type { Native, V8AllocationNode } from './native.ts';
import type { Places } from './places.ts';
import type { MemoryMode } from './settings.ts';
import { ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE, type StackNode, type Window } from './window.ts';

/** V8 has one sampling heap profiler: either of what is there, or of what was allocated. */
export interface HeapSampler {
  readonly mode: Exclude<MemoryMode, 'off'>;
  start(): void;
  take(window: Window, places: Places): void;
  stop(): void;
}

/** Frames of a stack of an allocation. */
const DEPTH = 64;

/** The sampler of a mode; live by the native part where there is one, which spares the inspector's JSON. */
export function heapSampler(
  mode: HeapSampler['mode'],
  intervalBytes: number,
  native: Native | undefined,
): HeapSampler {
  if (mode === 'live' && native !== undefined) return new NativeHeapSampler(native, intervalBytes);
  return new InspectorHeapSampler(mode, intervalBytes);
}

class NativeHeapSampler implements HeapSampler {
  readonly mode = 'live';
  readonly #native: Native;
  readonly #intervalBytes: number;

  constructor(native: Native, intervalBytes: number) {
    this.#native = native;
    this.#intervalBytes = intervalBytes;
  }

  start(): void {
    this.#native.startHeap(this.#intervalBytes, DEPTH);
  }

  take(window: Window, places: Places): void {
    addExternal(window, places);
    walk(this.#native.heapProfile(), window, places, (node: V8AllocationNode) => ({
      name: node.name ?? '',
      script: node.scriptName,
      line: node.lineNumber ?? 0,
      column: node.columnNumber ?? 0,
      add: (stack) => {
        for (const { sizeBytes, count } of node.allocations) {
          window.add(stack, INUSE_OBJECTS, count);
          window.add(stack, INUSE_SPACE, sizeBytes * count);
        }
      },
    }));
  }

  stop(): void {
    this.#native.stopHeap();
  }
}

/** https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#type-SamplingHeapProfileNode */
interface InspectorNode {
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly selfSize: number;
  readonly children: readonly InspectorNode[];
}

class InspectorHeapSampler implements HeapSampler {
  readonly mode: HeapSampler['mode'];
  readonly #intervalBytes: number;
  #session: InspectorSession | undefined;

  constructor(mode: HeapSampler['mode'], intervalBytes: number) {
    this.mode = mode;
    this.#intervalBytes = intervalBytes;
  }

  start(): void {
    this.#session ??= new InspectorSession();
    const collected = this.mode === 'allocated';
    this.#session.post('HeapProfiler.startSampling', {
      samplingInterval: this.#intervalBytes,
      // What was allocated, whether or not it is still there.
      includeObjectsCollectedByMajorGC: collected,
      includeObjectsCollectedByMinorGC: collected,
    });
  }

  take(window: Window, places: Places): void {
    if (this.#session === undefined) return;
    const allocated = this.mode === 'allocated';
    // What was allocated is kept until the sampler stops: each window begins anew.
    const method = allocated ? 'HeapProfiler.stopSampling' : 'HeapProfiler.getSamplingProfile';
    const { profile } = this.#session.post(method) as { profile: { head: InspectorNode } };
    if (allocated) this.start();
    else addExternal(window, places);
    const type = allocated ? ALLOC_SPACE : INUSE_SPACE;
    window.declare(type);
    walk(profile.head, window, places, ({ callFrame, selfSize }: InspectorNode) => ({
      name: callFrame.functionName,
      script: callFrame.url,
      line: callFrame.lineNumber + 1,
      column: callFrame.columnNumber + 1,
      add: (stack) => window.add(stack, type, selfSize),
    }));
  }

  stop(): void {
    try {
      this.#session?.post('HeapProfiler.stopSampling');
    } finally {
      this.#session?.close();
      this.#session = undefined;
    }
  }
}

interface Place {
  readonly name: string;
  readonly script: string;
  readonly line: number;
  readonly column: number;
  add(stack: StackNode): void;
}

/** Adds a tree beneath its root, which stands for nothing. */
function walk<T extends { readonly children: readonly T[] }>(
  root: T,
  window: Window,
  places: Places,
  read: (node: T) => Place,
): void {
  const open = root.children.map((node) => ({ node, parent: window.root }));
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const place = read(entry.node);
    const stack = window.child(entry.parent, places.frame(place));
    place.add(stack);
    for (const node of entry.node.children) open.push({ node, parent: stack });
  }
}

/** Buffers and their like are not in V8's heap, and have no stack. */
function addExternal(window: Window, places: Places): void {
  window.declare(INUSE_SPACE);
  const stack = window.child(window.root, places.frames.of('[external memory]'));
  window.add(stack, INUSE_SPACE, process.memoryUsage().external);
}
