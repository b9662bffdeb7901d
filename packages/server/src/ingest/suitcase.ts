/** Copies columns into one buffer, each at a multiple of eight bytes: one to allocate, to hand over and to collect. */
export class Suitcase {
  readonly buffer: ArrayBuffer;
  readonly #all: Uint8Array;
  #at = 0;

  /** @param columns everything that will be packed: how much room it takes */
  constructor(columns: readonly ArrayBufferView[]) {
    this.buffer = new ArrayBuffer(columns.reduce((sum, { byteLength }) => sum + padded(byteLength), 0));
    this.#all = new Uint8Array(this.buffer);
  }

  bytes(column: Uint8Array): Uint8Array {
    return new Uint8Array(this.buffer, this.#put(column), column.length);
  }

  words(column: Uint32Array): Uint32Array {
    return new Uint32Array(this.buffer, this.#put(column), column.length);
  }

  unsigned(column: BigUint64Array): BigUint64Array {
    return new BigUint64Array(this.buffer, this.#put(column), column.length);
  }

  signed(column: BigInt64Array): BigInt64Array {
    return new BigInt64Array(this.buffer, this.#put(column), column.length);
  }

  #put({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const start = this.#at;
    this.#all.set(new Uint8Array(buffer, byteOffset, byteLength), start);
    this.#at += padded(byteLength);
    return start;
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
