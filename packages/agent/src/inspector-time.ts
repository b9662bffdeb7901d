import { isMainThread } from 'node:worker_threads';
import { InspectorSession } from './inspector-session.ts';
import { fraction } from './jitter.ts';
import { NO_LABELS } from './label-set.ts';
import { processCpuNanos, type ThreadClock, threadClock } from './thread-cpu.ts';
import type { TimeRequest, TimeSampler } from './time-sampler.ts';
import { addTimedStacks, type TimedStack } from './timed-stacks.ts';
import { CPU, type StackNode } from './window.ts';

/** https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile, as far as it is read. */
interface InspectorProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/**
 * CPU and wall time without the native part, by the inspector's profiler. It knows when a sample was taken and not what
 * CPU time it stands for: the thread's CPU time in the window is shared out among the samples in which it was not idle.
 * It knows no labels.
 */
export class InspectorTimeSampler implements TimeSampler {
  readonly kind = 'inspector';
  hz = 0;
  #session: InspectorSession | undefined;
  #startedMicros = 0;
  #clock: ThreadClock = { cpuNanos: undefined, waitedNanos: 0 };
  #processCpu = 0;

  /** @throws where Node was built without the inspector. */
  start(hz: number): void {
    this.hz = hz;
    this.#session = new InspectorSession();
    this.#session.post('Profiler.enable');
    // Not exactly what was asked for: see NativeTimeSampler.
    const interval = Math.round((1e6 / hz) * (0.93 + 0.05 * fraction()));
    this.#session.post('Profiler.setSamplingInterval', { interval });
    this.#begin(this.#session);
  }

  take(request: TimeRequest, goOn: boolean): void {
    const session = this.#session;
    if (session === undefined) return;
    const { profile } = session.post('Profiler.stop') as { profile: InspectorProfile };
    const [clock, all, before] = [threadClock(), processCpuNanos(), this.#clock];
    const processCpu = all - this.#processCpu;
    const threadCpu =
      clock.cpuNanos !== undefined && before.cpuNanos !== undefined
        ? clock.cpuNanos - before.cpuNanos
        : undefined;
    const waitedNanos = clock.waitedNanos - before.waitedNanos;
    const startedMicros = this.#startedMicros;
    if (goOn) this.#begin(session);
    else this.stop();

    const samples = readSamples(profile, startedMicros, request);
    const cpuNanos = threadCpu ?? (isMainThread ? processCpu : busyNanos(samples, request));
    addTimedStacks(samples, { cpuNanos, waitedNanos }, request);
    if (request.cpu && isMainThread && threadCpu !== undefined) {
      const { window, places } = request;
      const others = window.child(window.root, places.frames.of('[other threads]'));
      window.add(others, CPU, Math.max(0, processCpu - threadCpu));
    }
  }

  stop(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  #begin(session: InspectorSession): void {
    this.#clock = threadClock();
    this.#processCpu = processCpuNanos();
    this.#startedMicros = Date.now() * 1000;
    session.post('Profiler.start');
  }
}

function readSamples(profile: InspectorProfile, startedMicros: number, request: TimeRequest): TimedStack[] {
  const { window, places } = request;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, StackNode>();
  const idle = new Set<number>();
  // Children have greater ids than their parents, and the root is first.
  const [root] = profile.nodes;
  const open: { id: number; parent: StackNode }[] = (root?.children ?? []).map((id) => ({
    id,
    parent: window.root,
  }));
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const node = nodes.get(entry.id);
    if (node === undefined) continue;
    const { functionName, url, lineNumber, columnNumber } = node.callFrame;
    const stack = window.child(
      entry.parent,
      places.frame({ name: functionName, script: url, line: lineNumber + 1, column: columnNumber + 1 }),
    );
    stacks.set(entry.id, stack);
    if (functionName === '(idle)') idle.add(entry.id);
    for (const id of node.children ?? []) open.push({ id, parent: stack });
  }
  const samples: TimedStack[] = [];
  let at = startedMicros;
  profile.samples?.forEach((id, i) => {
    at += profile.timeDeltas?.[i] ?? 0;
    const stack = stacks.get(id);
    if (stack === undefined) return;
    samples.push({ stack, at, cpuNanos: undefined, labels: NO_LABELS, idle: idle.has(id) });
  });
  return samples;
}

/** Where a thread's CPU time cannot be known: the time in which it did something. */
function busyNanos(samples: readonly TimedStack[], { window }: TimeRequest): number {
  const busy = samples.filter(({ idle }) => !idle).length;
  return samples.length > 0 ? (Number(window.endNanos - window.startNanos) * busy) / samples.length : 0;
}
