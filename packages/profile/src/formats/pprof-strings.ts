import type { StringTable } from '../model/string-table.ts';
import { PROFILE } from './pprof-schema.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

const encoder = new TextEncoder();

/** The string table of a pprof that is being written: those of the profile that are used, byte by byte, and others. */
export class PprofStrings {
  readonly #source: StringTable;
  readonly #entries: Uint8Array[] = [new Uint8Array()];
  /** From the indices of the profile's table; 0: not used yet. */
  readonly #ofSource: Uint32Array;
  readonly #ofText = new Map<string, number>([['', 0]]);

  constructor(source: StringTable) {
    this.#source = source;
    this.#ofSource = new Uint32Array(source.length);
  }

  /** The index for the profile's string `index`. */
  ofSource(index: number): number {
    const { bytes, starts, ends } = this.#source;
    if (this.#ofSource[index] === 0 && ends[index] > starts[index]) {
      this.#ofSource[index] = this.#entries.push(bytes.subarray(starts[index], ends[index])) - 1;
    }
    return this.#ofSource[index];
  }

  ofText(text: string): number {
    let index = this.#ofText.get(text);
    if (index === undefined) {
      index = this.#entries.push(encoder.encode(text)) - 1;
      this.#ofText.set(text, index);
    }
    return index;
  }

  write(out: ProtobufWriter): void {
    for (const entry of this.#entries) out.bytes(PROFILE.stringTable, entry);
  }
}
