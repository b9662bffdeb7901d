/** Ids of two words met within one group of pushes: a small open hash table that grows. */
export class IdTable {
  #slots = new Uint32Array(2 * 1024);
  #count = 0;

  /** @returns whether it was not there yet; the id 0 never is */
  add(low: number, high: number): boolean {
    if (this.#count * 4 >= this.#slots.length) this.#grow();
    const isNew = insert(this.#slots, low, high);
    if (isNew) this.#count++;
    return isNew;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0 || old[at + 1] !== 0) insert(this.#slots, old[at], old[at + 1]);
    }
  }
}

function insert(slots: Uint32Array, low: number, high: number): boolean {
  const mask = slots.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const l = slots[slot * 2];
    const h = slots[slot * 2 + 1];
    if (l === 0 && h === 0) {
      slots[slot * 2] = low;
      slots[slot * 2 + 1] = high;
      return true;
    }
    if (l === low && h === high) return false;
  }
}
