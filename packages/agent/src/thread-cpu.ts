import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** CPU time of the process in ns. */
export function processCpuNanos(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** What a thread has used so far, ns. */
export interface ThreadClock {
  /** Undefined where it cannot be known. */
  readonly cpuNanos: number | undefined;
  /** Time for which it could have run and others did; 0 where it cannot be known. */
  readonly waitedNanos: number;
}

/**
 * This thread's clocks. Linux has both (Documentation/scheduler/sched-stats.rst, per-process: time on the CPU, time on the
 * run queue); elsewhere Node has the first, from 23.9 on. A thread's id is known of the main thread, and of others where
 * somebody says it.
 */
export function threadClock(nativeId = isMainThread ? process.pid : undefined): ThreadClock {
  if (process.platform === 'linux' && nativeId !== undefined) {
    try {
      const [cpu, waited] = readFileSync(`/proc/self/task/${nativeId}/schedstat`, 'latin1')
        .split(' ')
        .map(Number);
      if (Number.isFinite(cpu) && Number.isFinite(waited)) return { cpuNanos: cpu, waitedNanos: waited };
    } catch {
      // A kernel without it, or no /proc.
    }
  }
  return { cpuNanos: ofNode(), waitedNanos: 0 };
}

function ofNode(): number | undefined {
  const read: unknown = Reflect.get(process, 'threadCpuUsage');
  if (typeof read !== 'function') return undefined;
  const usage: unknown = Reflect.apply(read, process, []);
  if (typeof usage !== 'object' || usage === null || !('user' in usage && 'system' in usage))
    return undefined;
  return (Number(usage.user) + Number(usage.system)) * 1000;
}
