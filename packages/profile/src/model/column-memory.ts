/** Where a decoder takes its columns from; all are 0. */
export interface ColumnMemory {
  words(length: number): Uint32Array;
  integers(length: number): Int32Array;
  bytes(length: number): Uint8Array;
}

/** Columns of their own, for a profile that is kept. */
export const OWN_MEMORY: ColumnMemory = {
  words: (length) => new Uint32Array(length),
  integers: (length) => new Int32Array(length),
  bytes: (length) => new Uint8Array(length),
};

/** What is kept between two profiles; larger ones get memory of their own. */
const FIRST_BYTES = 256 << 10;
const MOST_BYTES = 8 << 20;

/**
 * The same memory for one profile after the other: a profile is valid until `reuse` is called. Columns are small and
 * many, and memory outside of the heap makes V8 collect garbage whenever some tens of MB were taken: decoding took a
 * third longer with new ones each time.
 */
export class ReusedMemory implements ColumnMemory {
  #buffer = new ArrayBuffer(FIRST_BYTES);
  #used = 0;
  #wanted = 0;

  /** All columns that were given out are void. */
  reuse(): void {
    if (this.#wanted > this.#buffer.byteLength && this.#buffer.byteLength < MOST_BYTES) {
      this.#buffer = new ArrayBuffer(Math.min(MOST_BYTES, 2 ** Math.ceil(Math.log2(this.#wanted))));
    } else new Uint8Array(this.#buffer, 0, this.#used).fill(0);
    this.#used = 0;
    this.#wanted = 0;
  }

  words(length: number): Uint32Array {
    const at = this.#take(length * 4);
    return at < 0 ? new Uint32Array(length) : new Uint32Array(this.#buffer, at, length);
  }

  integers(length: number): Int32Array {
    const at = this.#take(length * 4);
    return at < 0 ? new Int32Array(length) : new Int32Array(this.#buffer, at, length);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(length) : new Uint8Array(this.#buffer, at, length);
  }

  /** @returns where, a multiple of eight; -1 where there is no room */
  #take(bytes: number): number {
    const padded = (bytes + 7) & ~7;
    this.#wanted += padded;
    if (this.#used + padded > this.#buffer.byteLength) return -1;
    const at = this.#used;
    this.#used += padded;
    return at;
  }
}
