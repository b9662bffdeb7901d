/** The memory of an IdSet, for another thread that asks it. */
export interface SharedIds {
  readonly limit: number;
  readonly memory: SharedArrayBuffer;
}

/**
 * A bounded set of 64-bit ids: what a process remembers of stacks and frames that are in the store already. Any thread
 * may ask, one may add: whoever writes to the store.
 *
 * Two generations of open hash tables: when the younger is full, the elder is emptied and becomes the younger.
 * Forgetting is harmless: the row is written once more.
 *
 * A slot is empty while its low word is 0, which is written last: who asks meanwhile finds nothing or all of it. It is
 * read without Atomics, which are calls: whoever sees the words in another order finds nothing, too. Ids whose low word
 * is 0, one in four billion, are never remembered.
 */
export class IdSet {
  readonly shared: SharedIds;
  readonly #mask: number;
  readonly #tables: readonly [Uint32Array, Uint32Array];
  #young: 0 | 1 = 0;
  #count = 0;

  /** @param limit ids in one generation; memory is 32 bytes times `limit`, rounded up to a power of two. */
  constructor(limit: number) {
    this.shared = { limit, memory: new SharedArrayBuffer(slotsFor(limit) * 16) };
    this.#mask = slotsFor(limit) - 1;
    this.#tables = tablesIn(this.shared);
  }

  /** The same set seen by another thread: it may ask. */
  static of(shared: SharedIds): Pick<IdSet, 'has'> {
    const tables = tablesIn(shared);
    const mask = slotsFor(shared.limit) - 1;
    return { has: (low, high) => find(tables[0], mask, low, high) || find(tables[1], mask, low, high) };
  }

  has(low: number, high: number): boolean {
    return find(this.#tables[0], this.#mask, low, high) || find(this.#tables[1], this.#mask, low, high);
  }

  add(low: number, high: number): void {
    if (low === 0) return;
    if (this.#count >= this.shared.limit) {
      this.#young = this.#young === 0 ? 1 : 0;
      this.#tables[this.#young].fill(0);
      this.#count = 0;
    }
    if (insert(this.#tables[this.#young], this.#mask, low, high)) this.#count++;
  }

  clear(): void {
    for (const table of this.#tables) table.fill(0);
    this.#count = 0;
  }
}

/** At most half full. */
function slotsFor(limit: number): number {
  return 1 << Math.ceil(Math.log2(limit * 2));
}

function tablesIn({ limit, memory }: SharedIds): readonly [Uint32Array, Uint32Array] {
  const words = slotsFor(limit) * 2;
  return [new Uint32Array(memory, 0, words), new Uint32Array(memory, words * 4, words)];
}

function find(table: Uint32Array, mask: number, low: number, high: number): boolean {
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const l = table[slot * 2];
    if (l === 0) return false;
    if (l === low && table[slot * 2 + 1] === high) return true;
  }
}

function insert(table: Uint32Array, mask: number, low: number, high: number): boolean {
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const l = table[slot * 2];
    if (l === low && table[slot * 2 + 1] === high) return false;
    if (l === 0) {
      table[slot * 2 + 1] = high;
      Atomics.store(table, slot * 2, low);
      return true;
    }
  }
}
