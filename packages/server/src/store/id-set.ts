/**
 * A bounded set of 64-bit ids: what a process remembers of stacks and frames that are in the store already.
 *
 * Two generations of open hash tables: when the younger is full it becomes the elder, and the elder is forgotten. An
 * id that is looked up in the elder moves to the younger. Forgetting is harmless: the row is written once more.
 */
export class IdSet {
  readonly #limit: number;
  readonly #mask: number;
  #young: Uint32Array;
  #old: Uint32Array;
  #count = 0;

  /** @param limit ids in one generation; memory is 32 bytes times `limit`, rounded up to a power of two. */
  constructor(limit: number) {
    const size = 1 << Math.ceil(Math.log2(limit * 2));
    this.#limit = limit;
    this.#mask = size - 1;
    this.#young = new Uint32Array(size * 2);
    this.#old = new Uint32Array(size * 2);
  }

  has(low: number, high: number): boolean {
    // The id 0 marks an empty slot: it is never remembered.
    if (find(this.#young, this.#mask, low, high)) return true;
    if (!find(this.#old, this.#mask, low, high)) return false;
    this.add(low, high);
    return true;
  }

  add(low: number, high: number): void {
    if (low === 0 && high === 0) return;
    if (this.#count >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Uint32Array(this.#old.length);
      this.#count = 0;
    }
    if (insert(this.#young, this.#mask, low, high)) this.#count++;
  }

  clear(): void {
    this.#young.fill(0);
    this.#old.fill(0);
    this.#count = 0;
  }
}

function find(table: Uint32Array, mask: number, low: number, high: number): boolean {
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const l = table[slot * 2];
    const h = table[slot * 2 + 1];
    if (l === low && h === high) return l !== 0 || h !== 0;
    if (l === 0 && h === 0) return false;
  }
}

function insert(table: Uint32Array, mask: number, low: number, high: number): boolean {
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const l = table[slot * 2];
    const h = table[slot * 2 + 1];
    if (l === low && h === high) return false;
    if (l === 0 && h === 0) {
      table[slot * 2] = low;
      table[slot * 2 + 1] = high;
      return true;
    }
  }
}
