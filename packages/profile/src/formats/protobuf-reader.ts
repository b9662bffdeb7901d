import { FormatError } from './format-error.ts';

/** Wire types of protobuf (https://protobuf.dev/programming-guides/encoding/#structure). */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

/**
 * A cursor over protobuf bytes that checks every step against the end of the message it is in.
 *
 *     while (reader.more) {
 *       const tag = reader.field();            // also reads the number, or the length of what follows
 *       if (tag === ((3 << 3) | WIRE_VARINT)) count = reader.number();
 *       else if (tag === ((4 << 3) | WIRE_BYTES)) {
 *         const outer = reader.enter();
 *         …
 *         reader.leave(outer);
 *       } else reader.skip(tag);
 *     }
 *
 * Numbers are two 32-bit words: a BigInt for each of the numbers of a profile costs more than all the rest of
 * decoding it. A field is read by one call, since more of them in a loop are more than V8 is willing to inline.
 */
export class ProtobufReader {
  readonly bytes: Uint8Array;
  readonly format: string;
  /** Where the next byte is read. */
  pos = 0;
  /** End of the message that is being read. */
  end: number;
  /** Where the field read last began: for errors. */
  start = 0;
  /**
   * The number read last: low and high 32 bits. Both are signed, so that V8 keeps them as small integers: once a
   * field has held a number past 2^31 it is a double for good, and decoding takes half as long again.
   */
  low = 0;
  high = 0;
  /** Where the content of the bytes field read last ends. */
  contentEnd = 0;

  constructor(bytes: Uint8Array, format: string) {
    this.bytes = bytes;
    this.format = format;
    this.end = bytes.length;
  }

  get more(): boolean {
    return this.pos < this.end;
  }

  /**
   * Reads a field's tag (field number << 3 | wire type) and, of a number, the number, of bytes, their length. Bytes
   * are then to be entered or skipped.
   */
  field(): number {
    const { bytes, pos, end } = this;
    this.start = pos;
    if (pos + 1 < end) {
      const tag = bytes[pos];
      const second = bytes[pos + 1];
      // Most fields: one byte of tag, and a number or length below 128.
      if (second < 0x80 && tag >= 8 && tag < 0x80) {
        if ((tag & 7) === WIRE_VARINT) {
          this.pos = pos + 2;
          this.low = second;
          this.high = 0;
          return tag;
        }
        if ((tag & 7) === WIRE_BYTES && second <= end - pos - 2) {
          this.pos = pos + 2;
          this.contentEnd = pos + 2 + second;
          return tag;
        }
      }
    }
    return this.#anyField();
  }

  #anyField(): number {
    const { start } = this;
    const tag = this.varint();
    // 0 is reserved, and nobody has numbers past the 28 bits that keep the tag positive here.
    if (this.high !== 0 || tag < 8) this.fail('a field has an invalid number', start);
    const wireType = tag & 7;
    if (wireType === WIRE_VARINT) this.varint();
    else if (wireType === WIRE_BYTES) {
      const length = this.varint();
      if (this.high !== 0 || length < 0 || length > this.end - this.pos) {
        this.fail('a length runs past the end of its message', start);
      }
      this.contentEnd = this.pos + length;
    }
    return tag;
  }

  /** Goes on to the next field with this tag, over those with others; false at the end. */
  find(tag: number): boolean {
    while (this.pos < this.end) {
      const next = this.field();
      if (next === tag) return true;
      this.skip(next);
    }
    return false;
  }

  /** Goes into the message that was found; returns the outer end, to be given to `leave`. */
  enter(): number {
    const outer = this.end;
    this.end = this.contentEnd;
    return outer;
  }

  /** Leaves a message that was read to its end. */
  leave(outer: number): void {
    this.end = outer;
  }

  /** Passes over the rest of a field. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        return;
      case WIRE_BYTES:
        this.pos = this.contentEnd;
        return;
      case WIRE_FIXED64:
        this.pos += 8;
        break;
      case WIRE_FIXED32:
        this.pos += 4;
        break;
      default:
        this.fail(`field ${tag >>> 3} has wire type ${tag & 7}, which profiles do not use`);
    }
    if (this.pos > this.end) this.fail('a field runs past the end of its message');
  }

  /** Throws unless the field of `tag` has this wire type. */
  expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) {
      this.fail(`field ${tag >>> 3} has wire type ${tag & 7} instead of ${wireType}`);
    }
  }

  /** The number read last, or -1 where it has more than 32 bits. */
  number(): number {
    return this.high === 0 ? this.low >>> 0 : -1;
  }

  /** The number read last as a signed one of 64 bits. */
  int64(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0);
  }

  /** Reads a number into `low` and `high`, and returns `low`. */
  varint(): number {
    const { bytes, pos, end } = this;
    this.high = 0;
    if (pos < end) {
      const byte = bytes[pos];
      if (byte < 0x80) {
        this.pos = pos + 1;
        this.low = byte;
        return byte;
      }
      if (pos + 1 < end && bytes[pos + 1] < 0x80) {
        this.pos = pos + 2;
        this.low = (byte & 0x7f) | (bytes[pos + 1] << 7);
        return this.low;
      }
    }
    return this.#longVarint();
  }

  /** Three bytes or more, up to 32 bits. */
  #longVarint(): number {
    const { bytes, pos, end } = this;
    if (end - pos < 5) return this.#anyVarint();
    let low = (bytes[pos] & 0x7f) | ((bytes[pos + 1] & 0x7f) << 7) | ((bytes[pos + 2] & 0x7f) << 14);
    let next = pos + 3;
    if (bytes[pos + 2] >= 0x80) {
      low |= (bytes[pos + 3] & 0x7f) << 21;
      next = pos + 4;
      if (bytes[pos + 3] >= 0x80) {
        const fifth = bytes[pos + 4];
        if (fifth >= 0x10) return this.#anyVarint();
        low |= fifth << 28;
        next = pos + 5;
      }
    }
    this.pos = next;
    this.low = low;
    return low;
  }

  /** Any length, also one that is cut off. */
  #anyVarint(): number {
    const { bytes, end } = this;
    const start = this.pos;
    let pos = start;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) this.fail('a number runs past the end of its message', start);
      const byte = bytes[pos++];
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) break;
        this.pos = pos;
        this.low = low;
        this.high = high;
        return low;
      }
    }
    return this.fail('a number has more than 64 bits', start);
  }

  fail(message: string, byte = this.start): never {
    throw new FormatError('malformed', this.format, message, { byte });
  }
}
