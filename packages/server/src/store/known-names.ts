import { IdSet, type SharedIds } from './id-set.ts';

/** What other threads need to see the same names. */
export interface SharedNames {
  readonly frames: SharedIds;
  readonly stacks: SharedIds;
  readonly epoch: SharedArrayBuffer;
}

/** What whoever decodes a profile may ask. */
export interface NamesInStore {
  readonly frames: Pick<IdSet, 'has'>;
  readonly stacks: Pick<IdSet, 'has'>;
  /**
   * Grows when names are forgotten because they may go away. To be read before anything is asked: what was asked in an
   * older epoch may not be so any more.
   */
  readonly epoch: number;
}

/**
 * Frames and stacks that are in the store, by id and a salt for service and week. It lies in memory that the threads
 * which decode share: what is known already never leaves them.
 */
export class KnownNames implements NamesInStore {
  readonly frames: IdSet;
  readonly stacks: IdSet;
  readonly #epochMemory = new SharedArrayBuffer(4);
  readonly #epoch = new Int32Array(this.#epochMemory);

  /** @param remembered frames, and as many stacks */
  constructor(remembered: number) {
    this.frames = new IdSet(remembered);
    this.stacks = new IdSet(remembered);
  }

  get epoch(): number {
    return Atomics.load(this.#epoch, 0);
  }

  get shared(): SharedNames {
    return {
      frames: this.frames.shared,
      stacks: this.stacks.shared,
      epoch: this.#epochMemory,
    };
  }

  /** Emptied first: who reads the new epoch must not find what was known in the old one. */
  clear(): void {
    this.frames.clear();
    this.stacks.clear();
    Atomics.add(this.#epoch, 0, 1);
  }
}

/** The names as another thread sees them. */
export function namesSeenBy({ frames, stacks, epoch }: SharedNames): NamesInStore {
  const counter = new Int32Array(epoch);
  return {
    frames: IdSet.of(frames),
    stacks: IdSet.of(stacks),
    get epoch() {
      return Atomics.load(counter, 0);
    },
  };
}

const nothing = { has: () => false };

/** For whoever cannot know: all names are new, and stay so whatever happens to the store. */
export const NO_NAMES: NamesInStore = { frames: nothing, stacks: nothing, epoch: Number.POSITIVE_INFINITY };
