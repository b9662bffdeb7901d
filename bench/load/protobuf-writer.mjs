/**
 * Writes protocol buffers (https://protobuf.dev/programming-guides/encoding/). The benchmarks have their own, so that
 * what the server decodes was not made by its own encoder.
 */
export class ProtobufWriter {
  #bytes = Buffer.alloc(1 << 18);
  #length = 0;

  clear() {
    this.#length = 0;
  }

  /** The bytes written so far; valid until the next write. */
  get bytes() {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @param {number} value up to 2^53 */
  varint(value) {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** @param {number} field @param {number} value left out where it is 0 */
  number(field, value) {
    if (value === 0) return;
    this.varint(field << 3);
    this.varint(value);
  }

  /** @param {number} field @param {Uint8Array} bytes */
  bytesField(field, bytes) {
    this.varint((field << 3) | 2);
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @param {number} size */
  #reserve(size) {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = Buffer.alloc((this.#bytes.length + size) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
