import type { Push } from '../store/push.ts';

/** A profile on its way to the sink. */
export interface Parcel {
  readonly push: Push;
  /** About what it holds in memory. */
  readonly bytes: number;
  readonly onSettled: () => void;
}

/** What the smallest profile costs, an idle one: objects, labels, tables with nothing in them. */
const OVERHEAD_BYTES = 4096;

/** About what a push holds in memory. */
export function sizeOf({ profile }: Push): number {
  const { strings, frames, stacks, samples } = profile;
  return (
    OVERHEAD_BYTES +
    strings.bytes.length +
    strings.length * 8 +
    frames.length * 41 +
    stacks.offsets.length * 4 +
    stacks.frames.length * 4 +
    samples.length * (8 + 8 * samples.values.length)
  );
}
