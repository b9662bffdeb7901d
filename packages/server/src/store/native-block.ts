import type { StringTable } from '@everflame/profile';

type NumberColumn = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | BigInt64Array;

/**
 * Blocks in ClickHouse's Native format: columns one after another, each a name, a type and its values.
 *
 *     varint columns, varint rows, { string name, string type, data } …
 *
 * Strings are a varint length and bytes; Array(T) is the end offset of every row (UInt64) and then the elements of
 * all rows. Source: ClickHouse documentation, Interfaces → Native. It is the fastest format to insert: numbers are
 * copied, not parsed.
 */
export class NativeBlock {
  readonly #rows: number;
  readonly #parts: Uint8Array[] = [];
  readonly #names: string[] = [];
  readonly #types: string[] = [];

  constructor(rows: number) {
    this.#rows = rows;
  }

  strings(name: string, values: readonly string[]): this {
    return this.#column(name, 'String', values.length, encodeStrings(values));
  }

  /** Strings out of tables, bytes for bytes: row `i` is string `indices[i]` of `tables[i]`. */
  texts(name: string, tables: readonly StringTable[], indices: ArrayLike<number>): this {
    return this.#column(name, 'String', tables.length, copyStrings(tables, indices));
  }

  /** A column of fixed width; `type` is the ClickHouse type whose layout in memory `values` has (Date is UInt16 …). */
  numbers(name: string, type: string, values: NumberColumn): this {
    return this.#column(name, type, values.length, bytesOf(values));
  }

  /** An array per row; `type` is the type of the elements. */
  arrays(name: string, type: string, rows: readonly NumberColumn[]): this {
    return this.#column(name, `Array(${type})`, rows.length, offsets(rows), ...rows.map(bytesOf));
  }

  /** Map(String, String), which is Array(Tuple(key, value)) on the wire. */
  maps(name: string, rows: readonly (readonly (readonly [string, string])[])[]): this {
    const pairs = rows.flat();
    return this.#column(
      name,
      'Map(String, String)',
      rows.length,
      offsets(rows),
      encodeStrings(pairs.map(([key]) => key)),
      encodeStrings(pairs.map(([, value]) => value)),
    );
  }

  /** `name Type, …` of the columns, as the table function `file` wants it. */
  get structure(): string {
    return this.#names.map((name, i) => `${name} ${this.#types[i]}`).join(', ');
  }

  get columns(): readonly string[] {
    return this.#names;
  }

  /** The block in pieces, ready for writev. */
  parts(): Uint8Array[] {
    const head: number[] = [];
    varint(head, this.#names.length);
    varint(head, this.#rows);
    return [Uint8Array.from(head), ...this.#parts];
  }

  #column(name: string, type: string, rows: number, ...data: Uint8Array[]): this {
    if (rows !== this.#rows) throw new Error(`column ${name} has ${rows} rows, the block ${this.#rows}`);
    this.#names.push(name);
    this.#types.push(type);
    if (this.#rows === 0) this.#parts.push(encodeStrings([name, type]));
    else this.#parts.push(encodeStrings([name, type]), ...data);
    return this;
  }
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function offsets(rows: readonly { readonly length: number }[]): Uint8Array {
  const ends = new BigUint64Array(rows.length);
  let end = 0;
  rows.forEach((row, i) => {
    end += row.length;
    ends[i] = BigInt(end);
  });
  return bytesOf(ends);
}

function varint(out: number[], value: number): void {
  while (value >= 0x80) {
    out.push((value & 0x7f) | 0x80);
    value = Math.floor(value / 128);
  }
  out.push(value);
}

function copyStrings(tables: readonly StringTable[], indices: ArrayLike<number>): Uint8Array {
  let size = 0;
  tables.forEach(({ starts, ends }, i) => {
    size += 5 + ends[indices[i]] - starts[indices[i]];
  });
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  tables.forEach(({ bytes, starts, ends }, i) => {
    const start = starts[indices[i]];
    const end = ends[indices[i]];
    at = writeVarint(out, at, end - start);
    out.set(bytes.subarray(start, end), at);
    at += end - start;
  });
  return out.subarray(0, at);
}

function encodeStrings(values: readonly string[]): Uint8Array {
  let size = 0;
  for (const value of values) size += 5 + value.length * 3;
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of values) {
    at = writeVarint(out, at, Buffer.byteLength(value));
    at += out.write(value, at);
  }
  return out.subarray(0, at);
}

/** @returns the place after it */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  for (; value >= 0x80; value >>>= 7) out[at++] = (value & 0x7f) | 0x80;
  out[at] = value;
  return at + 1;
}
