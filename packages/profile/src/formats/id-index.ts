/**
 * From 64-bit ids, two words each, to the indices 0, 1, 2, … of what they name.
 *
 * Ids are any numbers, and mostly 1, 2, 3, …: those need no table at all, and others that are small take an array.
 * All else takes a hash table with open addressing, since a Map would need a bigint or a string for each id beyond
 * 2^53. The hash is seeded with random numbers, so that nobody can send ids that all fall into one place.
 */
export interface IdIndex {
  /** Where all ids are 1, 2, 3, … how many there are, else 0: for look-ups in hot loops without a call. */
  readonly sequential: number;
  /** Index of the first id that was there before, or -1. */
  readonly duplicate: number;
  /** The index that `ids` had for this id, or -1. */
  find(low: number, high: number): number;
}

/** `ids` holds two words for each of `count` ids, low word first. */
export function indexIds(ids: Int32Array, count: number): IdIndex {
  let largest = 0;
  let sequential = true;
  for (let i = 0; i < count; i++) {
    const low = ids[i * 2];
    // A negative word is one past 2^31.
    if (ids[i * 2 + 1] !== 0 || low < 0) return new HashedIds(ids, count);
    if (low > largest) largest = low;
    if (low !== i + 1) sequential = false;
  }
  if (sequential) return new SequentialIds(count);
  return largest < count * 4 + 64 ? new DenseIds(ids, count, largest) : new HashedIds(ids, count);
}

class SequentialIds implements IdIndex {
  readonly sequential: number;
  readonly duplicate = -1;

  constructor(count: number) {
    this.sequential = count;
  }

  find(low: number, high: number): number {
    return high === 0 && low > 0 && low <= this.sequential ? low - 1 : -1;
  }
}

class DenseIds implements IdIndex {
  readonly sequential = 0;
  readonly duplicate: number;
  /** Index + 1 of each id, 0 for none. */
  readonly #indices: Uint32Array;

  constructor(ids: Int32Array, count: number, largest: number) {
    this.#indices = new Uint32Array(largest + 1);
    let duplicate = -1;
    for (let i = 0; i < count; i++) {
      const id = ids[i * 2];
      if (this.#indices[id] === 0) this.#indices[id] = i + 1;
      else if (duplicate < 0) duplicate = i;
    }
    this.duplicate = duplicate;
  }

  find(low: number, high: number): number {
    return high === 0 && low >= 0 && low < this.#indices.length ? this.#indices[low] - 1 : -1;
  }
}

const SEED_LOW = (Math.random() * 2 ** 32) | 0;
const SEED_HIGH = (Math.random() * 2 ** 32) | 0;

class HashedIds implements IdIndex {
  readonly sequential = 0;
  readonly duplicate: number;
  readonly #ids: Int32Array;
  /** Index + 1 of the id in each slot, 0 for none; at most half full. */
  readonly #slots: Uint32Array;

  constructor(ids: Int32Array, count: number) {
    this.#ids = ids;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 2)));
    let duplicate = -1;
    for (let i = 0; i < count; i++) {
      const slot = this.#slot(ids[i * 2], ids[i * 2 + 1]);
      if (this.#slots[slot] === 0) this.#slots[slot] = i + 1;
      else if (duplicate < 0) duplicate = i;
    }
    this.duplicate = duplicate;
  }

  find(low: number, high: number): number {
    return this.#slots[this.#slot(low, high)] - 1;
  }

  /** The slot that holds the id, or the empty one where it belongs. */
  #slot(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let slot = mix(mix(low ^ SEED_LOW) ^ high ^ SEED_HIGH) & mask;
    for (;;) {
      const i = this.#slots[slot] - 1;
      if (i < 0 || (this.#ids[i * 2] === low && this.#ids[i * 2 + 1] === high)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** The finalizer of MurmurHash3: every bit of `h` bears on every bit of the result. */
function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
