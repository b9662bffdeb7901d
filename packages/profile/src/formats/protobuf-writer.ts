/** Writes protobuf (https://protobuf.dev/programming-guides/encoding) into bytes that grow. */
export class ProtobufWriter {
  #bytes: Uint8Array;
  #pos = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** A varint of two unsigned 32-bit words. */
  varint(low: number, high = 0): void {
    this.#reserve(10);
    while (high !== 0 || low >= 0x80) {
      this.#bytes[this.#pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#pos++] = low;
  }

  /** A varint field; left out where it is 0, as proto3 does. */
  field(number: number, low: number, high = 0): void {
    if (low === 0 && high === 0) return;
    this.varint(number << 3);
    this.varint(low, high);
  }

  /** An int64 field, written also where it is 0. */
  int64(number: number, value: bigint): void {
    this.varint(number << 3);
    this.varint64(value);
  }

  varint64(value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    this.varint(Number(bits & 0xffffffffn), Number(bits >> 32n));
  }

  bytes(number: number, value: Uint8Array): void {
    this.varint((number << 3) | 2);
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#pos);
    this.#pos += value.length;
  }

  /** Begins a message or a packed list; what it returns is to be given to `end`. */
  begin(number: number): number {
    this.varint((number << 3) | 2);
    this.#reserve(1);
    return ++this.#pos;
  }

  end(start: number): void {
    const length = this.#pos - start;
    // One byte was left for the length. Where it takes more, what was written moves on: it is short and still in
    // the processor's cache, where a buffer for each message would be one more copy for all.
    const more =
      length < 0x80 ? 0 : length < 0x4000 ? 1 : length < 0x200000 ? 2 : length < 0x10000000 ? 3 : 4;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, start + length);
    }
    this.#pos = start - 1;
    this.varint(length);
    this.#pos += length;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#pos);
  }

  #reserve(count: number): void {
    if (this.#pos + count <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#pos + count, this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
