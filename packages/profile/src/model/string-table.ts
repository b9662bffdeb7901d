import { hashView, viewOf } from './hash64.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Strings as ranges of bytes, turned into JavaScript strings only when one is asked for: a server that has
 * seen a function's name before never needs it as a string again, only its hash.
 *
 * String `i` is the UTF-8 in `bytes[starts[i]..ends[i])`. Bytes that are not UTF-8 read as U+FFFD; their hash
 * is over the bytes as they came.
 */
export class StringTable {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  #strings: (string | undefined)[] = [];

  constructor(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array) {
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
  }

  static from(strings: readonly string[]): StringTable {
    const all = strings.join('');
    const bytes = encoder.encode(all);
    // As many bytes as characters: it is all ASCII, which is the rule, and a call for each string saved.
    if (bytes.length !== all.length) return StringTable.#fromEach(strings);
    const starts = new Uint32Array(strings.length);
    const ends = new Uint32Array(strings.length);
    let at = 0;
    for (let i = 0; i < strings.length; i++) {
      starts[i] = at;
      at += strings[i].length;
      ends[i] = at;
    }
    return new StringTable(bytes, starts, ends);
  }

  static #fromEach(strings: readonly string[]): StringTable {
    const encoded = strings.map((text) => encoder.encode(text));
    const bytes = new Uint8Array(encoded.reduce((sum, one) => sum + one.length, 0));
    const starts = new Uint32Array(strings.length);
    const ends = new Uint32Array(strings.length);
    let at = 0;
    encoded.forEach((one, i) => {
      bytes.set(one, at);
      starts[i] = at;
      at += one.length;
      ends[i] = at;
    });
    return new StringTable(bytes, starts, ends);
  }

  get length(): number {
    return this.starts.length;
  }

  get(index: number): string {
    let text = this.#strings[index];
    if (text === undefined) {
      text = decoder.decode(this.bytes.subarray(this.starts[index], this.ends[index]));
      this.#strings[index] = text;
    }
    return text;
  }

  /** The index of `text`, or -1. A scan: for tests and small tables. */
  indexOf(text: string): number {
    for (let i = 0; i < this.length; i++) if (this.get(i) === text) return i;
    return -1;
  }

  /** The hashes of all strings, two words each. */
  hashes(out: Uint32Array = new Uint32Array(this.length * 2)): Uint32Array {
    const view = viewOf(this.bytes);
    for (let i = 0; i < this.length; i++) hashView(view, this.starts[i], this.ends[i], out, i * 2);
    return out;
  }
}
