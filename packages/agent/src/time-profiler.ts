import { time } from '@datadog/pprof';
import { CPU_TIME, type Profile, ProfileBuilder, WALL_TIME } from '@everflame/profile';
import { locateScript } from './script-location.ts';

export interface TimeProfilerOptions {
  /** Samples per second. */
  readonly rate?: number;
}

type PprofProfile = ReturnType<typeof time.stop>;

/**
 * Samples CPU and wall time of the main thread (and the CPU time of all other threads of the process together) with
 * V8's own profiler, by way of `@datadog/pprof`. One per process: V8 has one of it.
 */
export class TimeProfiler {
  readonly #intervalMicros: number;
  readonly #cwd = process.cwd();
  #startedNanos = 0n;

  constructor({ rate = 100 }: TimeProfilerOptions = {}) {
    this.#intervalMicros = Math.round(1e6 / rate);
  }

  start(): void {
    time.start({
      intervalMicros: this.#intervalMicros,
      // Contexts are what CPU time is measured with; the longest window between two calls of take().
      durationMillis: 60_000,
      withContexts: true,
      collectCpuTime: true,
    });
    this.#startedNanos = nowNanos();
  }

  /** The window since start() or the last take(); sampling goes on. */
  take(): Profile {
    return this.#read(true);
  }

  /** The last window; sampling ends. */
  stop(): Profile {
    return this.#read(false);
  }

  #read(restart: boolean): Profile {
    const startNanos = this.#startedNanos;
    const pprof = time.stop(restart);
    this.#startedNanos = nowNanos();
    return convert(pprof, startNanos, this.#startedNanos - startNanos, this.#cwd);
  }
}

/** Columns as `@datadog/pprof` makes them: samples, wall time, CPU time. */
const SAMPLES = 0;
const CPU = 2;

function convert(pprof: PprofProfile, startNanos: bigint, durationNanos: bigint, cwd: string): Profile {
  const text = (index: number | bigint) => pprof.stringTable.strings[Number(index)] ?? '';
  const functions = new Map(pprof.function.map((one) => [one.id, one]));
  const builder = new ProfileBuilder([CPU_TIME, WALL_TIME]);
  const frames = new Map(
    pprof.location.map((location) => {
      const line = location.line[0];
      const called = functions.get(line?.functionId ?? 0);
      const name = called ? text(called.name) : '';
      const startLine = Number(line?.line ?? 0);
      const frame = builder.frame({
        // All nameless functions of a file would be one box otherwise.
        function: name === '(anonymous)' && startLine > 0 ? `(anonymous:${startLine})` : name,
        startLine,
        ...locateScript(called ? text(called.filename) : '', cwd),
      });
      return [location.id, frame];
    }),
  );
  const period = BigInt(pprof.period);
  const idle = builder.frame({ function: '(idle)' });
  const eventLoop = builder.stack([builder.frame({ function: '(event loop)' })]);
  for (const sample of pprof.sample) {
    const stack = sample.locationId.map((id) => frames.get(id) ?? builder.frame({})).reverse();
    const cpu = BigInt(sample.value[CPU]);
    // Its wall column leaves out the time that the event loop waited; the samples do not.
    const wall = BigInt(sample.value[SAMPLES]) * period;
    if (stack.length === 1 && stack[0] === idle) {
      // V8 calls all idle that is no JavaScript: what CPU time there is, Node's loop has used.
      builder.sample(builder.stack(stack), [0n, wall]);
      builder.sample(eventLoop, [cpu, 0n]);
    } else {
      builder.sample(builder.stack(stack), [cpu, wall]);
    }
  }
  return builder.build({ startNanos, durationNanos, period });
}

function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
