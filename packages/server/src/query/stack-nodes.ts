/**
 * From ids of stacks to nodes of a tree: an open hash table that grows. A Map would take a bigint for each look-up, and
 * five times the memory.
 */
export class StackNodes {
  /** Low word, high word and node + 1 of each slot; the last is 0 while it is empty. At most half full. */
  #slots = new Uint32Array(3 * 4096);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The node, or -1. */
  get(low: number, high: number): number {
    return this.#slots[slotFor(this.#slots, low, high) + 2] - 1;
  }

  set(low: number, high: number, node: number): void {
    if ((this.#count + 1) * 6 > this.#slots.length) this.#grow();
    const slot = slotFor(this.#slots, low, high);
    if (this.#slots[slot + 2] === 0) this.#count++;
    write(this.#slots, slot, low, high, node + 1);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      write(this.#slots, slotFor(this.#slots, old[at], old[at + 1]), old[at], old[at + 1], old[at + 2]);
    }
  }
}

function write(slots: Uint32Array, slot: number, low: number, high: number, node: number): void {
  slots[slot] = low;
  slots[slot + 1] = high;
  slots[slot + 2] = node;
}

/** Where the id is, or belongs. Ids are hashes: their low word is as good as any. */
function slotFor(slots: Uint32Array, low: number, high: number): number {
  const mask = slots.length / 3 - 1;
  let slot = low & mask;
  while (slots[slot * 3 + 2] !== 0 && (slots[slot * 3] !== low || slots[slot * 3 + 1] !== high)) {
    slot = (slot + 1) & mask;
  }
  return slot * 3;
}
