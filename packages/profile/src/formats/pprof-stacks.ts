import type { ColumnMemory } from '../model/column-memory.ts';
import type { StackTable } from '../model/profile.ts';
import { FormatError } from './format-error.ts';
import { grown } from './frame-columns.ts';
import type { DecodeLimits } from './limits.ts';
import type { Locations } from './pprof-frames.ts';
import { SAMPLE } from './pprof-schema.ts';
import { type ProtobufReader, WIRE_BYTES, WIRE_VARINT } from './protobuf-reader.ts';

const PACKED = (SAMPLE.locationId << 3) | WIRE_BYTES;
const SINGLE = (SAMPLE.locationId << 3) | WIRE_VARINT;

/** The stacks of a profile, turned root first, while they are read. */
export class PprofStacks {
  readonly #reader: ProtobufReader;
  readonly #locations: Locations;
  readonly #limits: DecodeLimits;
  readonly #offsets: Uint32Array;
  #count = 0;
  #frames: Uint32Array;
  #tail = 0;

  /** `stacks` is how many there can be, `bytes` how long their lists of ids are at most, all together. */
  constructor(
    reader: ProtobufReader,
    locations: Locations,
    limits: DecodeLimits,
    stacks: number,
    bytes: number,
    memory: ColumnMemory,
  ) {
    this.#reader = reader;
    this.#locations = locations;
    this.#limits = limits;
    this.#offsets = memory.words(stacks + 1);
    // An id takes one to three bytes, and about every fourth frame is an inlined one that has no id of its own.
    this.#frames = memory.words(Math.min(limits.stackFrames, (bytes >>> 1) + 16));
  }

  table(): StackTable {
    return {
      length: this.#count,
      offsets: this.#offsets.subarray(0, this.#count + 1),
      frames: this.#frames.subarray(0, this.#tail),
    };
  }

  /** Adds the stack whose location ids stand in bytes `start` to `end` of a sample, perhaps among other fields. */
  add(start: number, end: number): void {
    const reader = this.#reader;
    const { pos: outerPos, end: outerEnd } = reader;
    reader.pos = start;
    reader.end = end;
    const root = this.#tail;
    while (reader.more) {
      const tag = reader.field();
      if (tag === PACKED) {
        const outer = reader.enter();
        this.#readIds(root);
        reader.leave(outer);
      } else if (tag === SINGLE) {
        this.#addLocation(reader.low, reader.high, root, reader.start);
      } else reader.skip(tag);
    }
    const frames = this.#frames;
    // By hand: a subarray for its reverse() takes longer than turning a stack of some thirty frames.
    for (let i = root, j = this.#tail - 1; i < j; i++, j--) {
      const frame = frames[i];
      frames[i] = frames[j];
      frames[j] = frame;
    }
    this.#offsets[++this.#count] = this.#tail;
    reader.pos = outerPos;
    reader.end = outerEnd;
  }

  /** Reads location ids to the end of the message, and writes their frames leaf first. */
  #readIds(root: number): void {
    const reader = this.#reader;
    const { bytes, end } = reader;
    const { first, index } = this.#locations;
    const { sequential } = index;
    let frames = this.#frames;
    let tail = this.#tail;
    let room = Math.min(frames.length, root + this.#limits.depth);
    let { pos } = reader;
    while (pos < end) {
      const start = pos;
      let low = bytes[pos];
      let high = 0;
      // Nearly all ids have one or two bytes.
      if (low < 0x80) pos++;
      else if (pos + 1 < end && bytes[pos + 1] < 0x80) {
        low = (low & 0x7f) | (bytes[pos + 1] << 7);
        pos += 2;
      } else {
        reader.pos = pos;
        low = reader.varint();
        high = reader.high;
        pos = reader.pos;
      }
      if (high === 0 && low > 0 && low <= sequential && tail + first[low] - first[low - 1] <= room) {
        const outermost = first[low - 1];
        for (let frame = first[low]; frame > outermost; ) frames[tail++] = --frame;
        continue;
      }
      this.#tail = tail;
      this.#addLocation(low, high, root, start);
      tail = this.#tail;
      frames = this.#frames;
      room = Math.min(frames.length, root + this.#limits.depth);
    }
    reader.pos = pos;
    this.#tail = tail;
  }

  /** Appends the frames of the location with this id, leaf first. */
  #addLocation(low: number, high: number, root: number, byte: number): void {
    const { first, index } = this.#locations;
    const location = index.find(low, high);
    if (location < 0) this.#reader.fail('a sample names a location that is not there', byte);
    const outermost = first[location];
    this.#reserve(first[location + 1] - outermost, root, byte);
    for (let frame = first[location + 1]; frame > outermost; ) this.#frames[this.#tail++] = --frame;
  }

  /** Makes room for `count` more frames, within the limits. */
  #reserve(count: number, root: number, byte: number): void {
    const { depth, stackFrames } = this.#limits;
    const needed = this.#tail + count;
    if (needed - root > depth) {
      throw new FormatError('too_large', 'pprof', `more than ${depth} frames in one stack`, { byte });
    }
    if (needed > stackFrames) {
      throw new FormatError('too_large', 'pprof', `more than ${stackFrames} frames in all stacks`, { byte });
    }
    if (needed > this.#frames.length) {
      const length = Math.min(stackFrames, Math.max(needed, this.#frames.length * 2));
      this.#frames = grown(this.#frames, length);
    }
  }
}
