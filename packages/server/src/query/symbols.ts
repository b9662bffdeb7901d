import { BoxTable } from '@everflame/profile';
import type { NamesFilter } from '../store/names.ts';
import type { Reader } from '../store/reader.ts';

const UNKNOWN = { function: '[unknown]', module: '', file: '' };

/** Stacks as paths of numbers of boxes, root first. */
export interface Paths {
  readonly table: BoxTable;
  pathOf(stack: bigint): Uint32Array;
}

/** What is known of stacks and frames. One at a time: when it is full, the next one begins empty. */
class Generation {
  readonly table = new BoxTable();
  readonly stacks = new Map<bigint, Uint32Array>();
  /** Number of the box that a frame draws as. */
  readonly frames = new Map<bigint, number>();
}

const NO_PATH = new Uint32Array();

/**
 * What stacks and frames are called. Ids are hashes of their content, so what was once read stays true: the cache is
 * bounded, and never out of date.
 */
export class Symbols {
  readonly #maxStacks: number;
  readonly #maxFrames: number;
  #current = new Generation();

  constructor({ maxStacks = 200_000, maxFrames = 300_000 } = {}) {
    this.#maxStacks = maxStacks;
    this.#maxFrames = maxFrames;
  }

  /** The boxes of each stack. Frames that the store does not know are drawn as such. */
  async resolve(reader: Reader, parts: readonly BigUint64Array[], within: NamesFilter): Promise<Paths> {
    const { stacks: known, frames, table } = this.#generation();
    const missing: bigint[] = [];
    for (const stacks of parts) for (const stack of stacks) if (!known.has(stack)) missing.push(stack);
    if (missing.length > 0) {
      const found = await reader.stackFrames([...new Set(missing)], within);
      const unknown = new Set<bigint>();
      for (const ids of found.values()) for (const id of ids) if (!frames.has(id)) unknown.add(id);
      if (unknown.size > 0) {
        for (const [id, box] of await reader.frameBoxes([...unknown], within)) {
          frames.set(id, table.indexOf(box));
        }
      }
      for (const [stack, ids] of found) {
        const path = new Uint32Array(ids.length);
        ids.forEach((id, i) => {
          path[i] = frames.get(id) ?? table.indexOf(UNKNOWN);
        });
        known.set(stack, path);
      }
    }
    return { table, pathOf: (stack) => known.get(stack) ?? NO_PATH };
  }

  #generation(): Generation {
    const { stacks, frames } = this.#current;
    if (stacks.size > this.#maxStacks || frames.size > this.#maxFrames) this.#current = new Generation();
    return this.#current;
  }
}
