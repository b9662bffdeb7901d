import type { ColumnMemory } from '../model/column-memory.ts';
import type { FrameTable } from '../model/profile.ts';
import { FormatError } from './format-error.ts';

/** The columns of a frame table while they grow; addresses are two words each. */
export class FrameColumns {
  length = 0;
  function: Uint32Array;
  systemName: Uint32Array;
  file: Uint32Array;
  module: Uint32Array;
  buildId: Uint32Array;
  line: Uint32Array;
  startLine: Uint32Array;
  address: Uint32Array;
  inlined: Uint8Array;
  readonly #limit: number;

  constructor(capacity: number, limit: number, memory: ColumnMemory) {
    this.function = memory.words(capacity);
    this.systemName = memory.words(capacity);
    this.file = memory.words(capacity);
    this.module = memory.words(capacity);
    this.buildId = memory.words(capacity);
    this.line = memory.words(capacity);
    this.startLine = memory.words(capacity);
    this.address = memory.words(capacity * 2);
    this.inlined = memory.bytes(capacity);
    this.#limit = limit;
  }

  /** Makes room for `count` more frames and returns the index of the first. */
  reserve(count: number, byte: number): number {
    const first = this.length;
    this.length += count;
    if (this.length > this.#limit) {
      throw new FormatError('too_large', 'pprof', `more than ${this.#limit} frames`, { byte });
    }
    if (this.length > this.function.length) this.#grow(Math.max(this.length, this.function.length * 2));
    return first;
  }

  #grow(capacity: number): void {
    this.function = grown(this.function, capacity);
    this.systemName = grown(this.systemName, capacity);
    this.file = grown(this.file, capacity);
    this.module = grown(this.module, capacity);
    this.buildId = grown(this.buildId, capacity);
    this.line = grown(this.line, capacity);
    this.startLine = grown(this.startLine, capacity);
    this.address = grown(this.address, capacity * 2);
    const inlined = new Uint8Array(capacity);
    inlined.set(this.inlined);
    this.inlined = inlined;
  }

  table(): FrameTable {
    const { length } = this;
    return {
      length,
      function: this.function.subarray(0, length),
      systemName: this.systemName.subarray(0, length),
      file: this.file.subarray(0, length),
      module: this.module.subarray(0, length),
      buildId: this.buildId.subarray(0, length),
      line: this.line.subarray(0, length),
      startLine: this.startLine.subarray(0, length),
      address: new BigUint64Array(this.address.buffer, this.address.byteOffset, length),
      inlined: this.inlined.subarray(0, length),
    };
  }
}

/** `from` with room for `length` words, the new ones 0. */
export function grown(from: Uint32Array, length: number): Uint32Array {
  const to = new Uint32Array(length);
  to.set(from);
  return to;
}
