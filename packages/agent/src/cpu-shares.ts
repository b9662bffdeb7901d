/** What is known of a sample of a window, in the order of time. */
export interface Instant {
  /** Nothing ran: the loop waited, or Node worked outside of JavaScript. V8 cannot tell these apart. */
  readonly idle: boolean;
  /** CPU time of the thread since the sample before, ns; undefined: not known. */
  readonly cpuNanos: number | undefined;
}

/** What the thread used in the window. */
export interface ThreadTime {
  readonly wallNanos: number;
  readonly cpuNanos: number;
  /** Time for which it could have run and others did. */
  readonly waitedNanos: number;
}

export interface CpuShares {
  /** For each sample, ns. */
  readonly ofSamples: Float64Array;
  /** What is left: Node's own work between calls of JavaScript. */
  readonly ofLoop: number;
}

/** CPU time that a sample itself makes a thread use which is blocked, ns: at most; less where less was seen. */
const MOST_PER_SAMPLE = 150_000;

/**
 * Shares out the CPU time of a thread among samples that were taken by the wall clock.
 *
 * The obvious way, by which each sample gets the CPU time since the one before, is wrong for a program that works in
 * bursts: of a burst of 10 ms the function that comes last gets what the others did. So what a sample stands for is the
 * time between two samples, the same for each, in so far as the thread had a CPU: by the ratio of its CPU time to the
 * time for which it wanted one.
 *
 * Samples in which the thread is blocked (a synchronous read, `Atomics.wait`, `execSync`) stand for nothing: the thread
 * used no CPU time before them, nor after.
 */
export function shareOutCpu(instants: readonly Instant[], thread: ThreadTime): CpuShares {
  const total = Math.max(0, thread.cpuNanos);
  const wanted = total + thread.waitedNanos;
  const each = wanted > 0 ? ((thread.wallNanos / Math.max(1, instants.length)) * total) / wanted : 0;
  const least = leastAround(instants);
  const ofSamples = Float64Array.from(instants, ({ idle, cpuNanos }, i) => {
    const around = cpuNanos === undefined ? least : cpuNanos + (instants[i + 1]?.cpuNanos ?? cpuNanos);
    return idle || around < least ? 0 : each;
  });
  const sum = ofSamples.reduce((all, one) => all + one, 0);
  if (sum <= total) return { ofSamples, ofLoop: total - sum };
  return { ofSamples: ofSamples.map((one) => (one * total) / sum), ofLoop: 0 };
}

/** CPU time before and after a sample up to which its thread did nothing but take samples. */
function leastAround(instants: readonly Instant[]): number {
  const used = instants.flatMap(({ cpuNanos }) => cpuNanos ?? []).sort((a, b) => a - b);
  const tenth = used[Math.floor(used.length / 10)] ?? 0;
  return 2 * Math.min(1.5 * tenth, MOST_PER_SAMPLE);
}
