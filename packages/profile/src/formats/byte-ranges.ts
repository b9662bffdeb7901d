import { type ColumnMemory, OWN_MEMORY } from '../model/column-memory.ts';

/** Random numbers, so that nobody can send ranges that all hash alike; the factor is odd, or it would lose bits. */
const SEED = (Math.random() * 2 ** 32) | 0;
const FACTOR = (Math.random() * 2 ** 32) | 1;

/**
 * Finds ranges of one input that hold the same bytes: stacks and labels that a profile repeats are recognised before
 * they are decoded.
 */
export class ByteRanges {
  count = 0;
  readonly #view: DataView;
  /** Start, end and hash of each range. */
  #ranges: Int32Array;
  /** Index + 1 of the range in each slot, 0 for none; at most half full. */
  #slots: Int32Array;

  constructor(bytes: Uint8Array, capacity: number, memory: ColumnMemory = OWN_MEMORY) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#ranges = memory.integers(capacity * 3);
    this.#slots = memory.integers(2 ** Math.ceil(Math.log2(capacity * 2 + 2)));
  }

  /** The index of the range, or that of an earlier one with the same bytes. A new one has the largest index so far. */
  indexOf(start: number, end: number): number {
    const hash = this.#hash(start, end);
    let slots = this.#slots;
    let mask = slots.length - 1;
    let slot = hash & mask;
    for (let known = slots[slot]; known !== 0; known = slots[slot]) {
      const at = (known - 1) * 3;
      if (this.#ranges[at + 2] === hash && this.#equal(this.#ranges[at], this.#ranges[at + 1], start, end)) {
        return known - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (this.count * 3 === this.#ranges.length) {
      slots = this.#grow();
      mask = slots.length - 1;
      for (slot = hash & mask; slots[slot] !== 0; ) slot = (slot + 1) & mask;
    }
    this.#ranges[this.count * 3] = start;
    this.#ranges[this.count * 3 + 1] = end;
    this.#ranges[this.count * 3 + 2] = hash;
    slots[slot] = this.count + 1;
    return this.count++;
  }

  #hash(start: number, end: number): number {
    const view = this.#view;
    let hash = SEED ^ (end - start);
    let i = start;
    for (; i + 4 <= end; i += 4) hash = mixed(hash ^ view.getInt32(i, true));
    for (; i < end; i++) hash = mixed(hash ^ view.getUint8(i));
    return hash ^ (hash >>> 16);
  }

  #equal(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    const view = this.#view;
    const apart = otherStart - start;
    let i = start;
    for (; i + 4 <= end; i += 4) if (view.getInt32(i, true) !== view.getInt32(i + apart, true)) return false;
    for (; i < end; i++) if (view.getUint8(i) !== view.getUint8(i + apart)) return false;
    return true;
  }

  #grow(): Int32Array {
    const ranges = new Int32Array(this.#ranges.length * 2 + 3 * 16);
    ranges.set(this.#ranges);
    this.#ranges = ranges;
    const capacity = ranges.length / 3;
    const slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2)));
    const mask = slots.length - 1;
    for (let i = 0; i < this.count; i++) {
      let slot = ranges[i * 3 + 2] & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = i + 1;
    }
    this.#slots = slots;
    return slots;
  }
}

/** Two multiplications: with one, bits at the top would cancel in the next step whatever the seed is. */
function mixed(hash: number): number {
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), FACTOR);
  return hash ^ (hash >>> 13);
}
