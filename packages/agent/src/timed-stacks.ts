import { shareOutCpu, type ThreadTime } from './cpu-shares.ts';
import { type LabelSet, NO_LABELS } from './label-set.ts';
import type { Gap, TimeRequest } from './time-sampler.ts';
import { CPU, LOOP_BLOCK, type StackNode, WALL } from './window.ts';

/** A sample with its time. */
export interface TimedStack {
  readonly stack: StackNode;
  /** Unix microseconds. */
  readonly at: number;
  /** CPU time of the thread since the sample before; undefined where that is not known. */
  readonly cpuNanos: number | undefined;
  readonly labels: LabelSet;
  readonly idle: boolean;
}

/** CPU time of the thread in the window, and the time for which it waited for a CPU. */
export type ThreadUse = Omit<ThreadTime, 'wallNanos'>;

/**
 * Adds samples to a window. Each counts for the wall time since the one before, the last one also for what is left of
 * the window, so that wall time adds up to the window's length; CPU time adds up to what the thread used.
 */
export function addTimedStacks(samples: TimedStack[], use: ThreadUse, request: TimeRequest): void {
  const { window, places } = request;
  if (request.cpu) window.declare(CPU);
  if (request.wall) window.declare(WALL);
  if (request.gaps !== undefined) window.declare(LOOP_BLOCK);
  samples.sort((a, b) => a.at - b.at);
  const wallNanos = Number(window.endNanos - window.startNanos);
  window.samples += samples.length;
  if (wallNanos > 5e8) window.rate = Math.min(window.rate, (samples.length * 1e9) / wallNanos);

  if (request.wall) addWall(samples, request);
  if (request.cpu) {
    const { ofSamples, ofLoop } = shareOutCpu(samples, { ...use, wallNanos });
    samples.forEach(({ stack, labels }, i) => {
      window.add(stack, CPU, ofSamples[i], labels);
    });
    window.add(window.child(window.root, places.frames.of('(event loop)')), CPU, ofLoop);
  }
  for (const gap of request.gaps ?? []) addBlock(samples, gap, request);
}

function addWall(samples: readonly TimedStack[], { window }: TimeRequest): void {
  const end = Number(window.endNanos / 1000n);
  let before = Number(window.startNanos / 1000n);
  samples.forEach(({ stack, at, idle, labels }, i) => {
    const until = Math.max(before, i === samples.length - 1 ? Math.max(end, at) : at);
    window.add(stack, WALL, (until - before) * 1000, idle ? NO_LABELS : labels);
    before = until;
  });
}

/**
 * A blocked loop: from the last moment at which it was seen waiting, or else was surely late, to when it turned again.
 * The stretch is shared out among the stacks that were sampled in it. One with next to no samples was no blocked loop,
 * but a stopped process.
 */
function addBlock(samples: readonly TimedStack[], gap: Gap, { window, loopBlockMicros }: TimeRequest): void {
  const within = samples.filter(({ at }) => at > gap.from && at <= gap.to);
  const idleAt = within.reduce((last, { at, idle }) => (idle && at < gap.late + 5_000 ? at : last), 0);
  const from = idleAt > 0 ? idleAt : gap.late;
  const length = gap.to - from;
  const busy = within.filter(({ at, idle }) => at > from && !idle);
  const expected = (length / 1e6) * window.rate;
  if (length < loopBlockMicros || busy.length === 0 || busy.length < expected / 5) return;
  for (const { stack, labels } of busy) window.add(stack, LOOP_BLOCK, (length * 1000) / busy.length, labels);
}
