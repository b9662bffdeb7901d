import { CPU_TIME, type Frame, type Profile, ProfileBuilder, WALL_TIME } from '@everflame/profile';

export interface RawOptions {
  readonly idle: boolean;
  readonly startMs: number;
  readonly durationMs: number;
  /** Samples per second. */
  readonly hz: number;
}

/** `thread (1234): name`, the outermost frame with `-t`. A thread without a name has its number only. */
const THREAD = /^thread \(([^)]*)\)(?:: (.*))?$/;
/** `function (file:line)`; of the file py-spy writes the part within its package. */
const FRAME = /^(.*?) \((.*?)(?::(\d+))?\)$/;

/**
 * What py-spy wrote (`-f raw -t`) as a profile: frames with file and line, the name of the thread as the label `thread`.
 * Lines that are not `stack count` are passed over: it writes what it wants.
 */
export function rawProfile(text: string, { idle, startMs, durationMs, hz }: RawOptions): Profile {
  const builder = new ProfileBuilder([idle ? WALL_TIME : CPU_TIME]);
  const period = BigInt(Math.round(1e9 / hz));
  for (const line of text.split('\n')) {
    const [, stack, count] = /^(.+) (\d{1,15})$/.exec(line) ?? [];
    if (stack === undefined || count === undefined) continue;
    const [outermost = '', ...rest] = stack.split(';');
    const thread = THREAD.exec(outermost);
    const frames = (thread ? rest : [outermost, ...rest]).map((frame) => builder.frame(frameOf(frame)));
    const name = thread?.[2];
    const labels = name ? builder.labels({ text: { thread: name }, numbers: {} }) : 0;
    builder.sample(builder.stack(frames), [BigInt(count) * period], labels);
  }
  return builder.build({
    startNanos: BigInt(Math.round(startMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(durationMs)) * 1_000_000n,
    period,
  });
}

function frameOf(text: string): Partial<Frame> {
  const [, name, file, line] = FRAME.exec(text) ?? [];
  if (name === undefined || file === undefined) return { function: text };
  return { function: name, file, line: Number(line ?? 0) };
}
