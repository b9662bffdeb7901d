import type { Box } from '@everflame/profile';
import type { NamesFilter } from '../store/names.ts';
import type { Reader } from '../store/reader.ts';

const UNKNOWN: Box = Object.freeze({ function: '[unknown]', module: '', file: '' });

/**
 * What stacks and frames are called. Ids are hashes of their content, so what was once read stays true: the cache is
 * bounded, and never out of date.
 */
export class Symbols {
  readonly #maxStacks: number;
  readonly #maxFrames: number;
  #stacks = new Map<bigint, BigUint64Array>();
  #boxes = new Map<bigint, Box>();

  constructor({ maxStacks = 100_000, maxFrames = 200_000 } = {}) {
    this.#maxStacks = maxStacks;
    this.#maxFrames = maxFrames;
  }

  /** The frames of each stack, root first, and what each frame draws as. */
  async resolve(
    reader: Reader,
    stacks: BigUint64Array,
    within: NamesFilter,
  ): Promise<{
    framesOf: (stack: bigint) => BigUint64Array;
    boxOf: (frame: bigint) => Box;
  }> {
    if (this.#stacks.size > this.#maxStacks) this.#stacks = new Map();
    if (this.#boxes.size > this.#maxFrames) this.#boxes = new Map();
    const knownStacks = this.#stacks;
    const knownBoxes = this.#boxes;
    const missing: bigint[] = [];
    for (const stack of stacks) if (!knownStacks.has(stack)) missing.push(stack);
    if (missing.length > 0) {
      for (const [stack, frames] of await reader.stackFrames(missing, within)) knownStacks.set(stack, frames);
    }
    const frames = new Set<bigint>();
    for (const stack of stacks) {
      for (const frame of knownStacks.get(stack) ?? []) if (!knownBoxes.has(frame)) frames.add(frame);
    }
    if (frames.size > 0) {
      for (const [frame, box] of await reader.frameBoxes([...frames], within)) knownBoxes.set(frame, box);
    }
    const nothing = new BigUint64Array();
    return {
      framesOf: (stack) => knownStacks.get(stack) ?? nothing,
      boxOf: (frame) => knownBoxes.get(frame) ?? UNKNOWN,
    };
  }
}
