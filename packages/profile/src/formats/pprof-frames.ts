import type { ColumnMemory } from '../model/column-memory.ts';
import type { FrameTable } from '../model/profile.ts';
import { FormatError } from './format-error.ts';
import { FrameColumns, grown } from './frame-columns.ts';
import type { IdIndex } from './id-index.ts';
import type { DecodeLimits } from './limits.ts';
import type { Span } from './pprof-scan.ts';
import { LINE, LOCATION, PROFILE } from './pprof-schema.ts';
import {
  type Functions,
  goTo,
  type Mappings,
  readLineNumber,
  skipUnknown,
  uniqueIds,
} from './pprof-tables.ts';
import { type ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts';

/** Locations as frames: those of location `i` are `first[i]` up to `first[i + 1]`, root first. */
export interface Locations {
  readonly index: IdIndex;
  readonly first: Uint32Array;
  readonly frames: FrameTable;
}

export function readLocations(
  reader: ProtobufReader,
  span: Span,
  functions: Functions,
  mappings: Mappings,
  limits: DecodeLimits,
  memory: ColumnMemory,
): Locations {
  const ids = memory.integers(span.count * 2);
  const first = memory.words(span.count + 1);
  const locations = new LocationReader(reader, functions, mappings, limits, span.count, memory);
  goTo(reader, span);
  for (let i = 0; reader.find((PROFILE.location << 3) | WIRE_BYTES); i++) {
    first[i + 1] = locations.read(ids, i);
  }
  return { index: uniqueIds(reader, ids, span, 'location'), first, frames: locations.frames.table() };
}

/**
 * Turns locations into frames: one for each line, or one without a symbol where there is no line. pprof lists lines
 * innermost first; all but the last were inlined into the next.
 */
class LocationReader {
  readonly frames: FrameColumns;
  readonly #reader: ProtobufReader;
  readonly #functions: Functions;
  readonly #mappings: Mappings;
  readonly #depth: number;
  /** Lines of the location that is being read: indices of functions, and line numbers. */
  #lineFunctions: Uint32Array = new Uint32Array(64);
  #lineNumbers: Uint32Array = new Uint32Array(64);

  constructor(
    reader: ProtobufReader,
    functions: Functions,
    mappings: Mappings,
    limits: DecodeLimits,
    locations: number,
    memory: ColumnMemory,
  ) {
    this.#reader = reader;
    this.#functions = functions;
    this.#mappings = mappings;
    this.#depth = limits.depth;
    // Half as many again: Go inlines about every fourth function.
    this.frames = new FrameColumns(locations + (locations >>> 1) + 1, limits.frames, memory);
  }

  /** Reads the location that was found, sets its id, and returns how many frames there are now. */
  read(ids: Int32Array, location: number): number {
    const reader = this.#reader;
    const { start } = reader;
    let mapping = -1;
    let addressLow = 0;
    let addressHigh = 0;
    let lines = 0;
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      const tag = reader.field();
      switch (tag) {
        case LOCATION.id << 3:
          ids[location * 2] = reader.low;
          ids[location * 2 + 1] = reader.high;
          break;
        case LOCATION.mappingId << 3:
          mapping = this.#mapping();
          break;
        case LOCATION.address << 3:
          addressLow = reader.low;
          addressHigh = reader.high;
          break;
        case (LOCATION.line << 3) | WIRE_BYTES:
          this.#readLine(lines++);
          break;
        default:
          skipUnknown(reader, tag, LOCATION.line);
      }
    }
    reader.leave(outer);

    const { frames } = this;
    const { name, systemName, file, startLine } = this.#functions;
    const module = mapping < 0 ? 0 : this.#mappings.file[mapping];
    let frame = frames.reserve(Math.max(lines, 1), start);
    if (lines === 0) {
      frames.module[frame] = module;
      this.#setAddress(frame, addressLow, addressHigh, mapping);
    }
    for (let line = lines - 1; line >= 0; line--, frame++) {
      const fn = this.#lineFunctions[line];
      frames.function[frame] = name[fn];
      frames.systemName[frame] = systemName[fn];
      frames.file[frame] = file[fn];
      frames.module[frame] = module;
      frames.line[frame] = this.#lineNumbers[line];
      frames.startLine[frame] = startLine[fn];
      frames.inlined[frame] = line < lines - 1 ? 1 : 0;
      if (name[fn] === 0) this.#setAddress(frame, addressLow, addressHigh, mapping);
    }
    return frames.length;
  }

  #readLine(index: number): void {
    const reader = this.#reader;
    const { start } = reader;
    let low = 0;
    let high = 0;
    let line = 0;
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      const tag = reader.field();
      if (tag === LINE.functionId << 3) {
        low = reader.low;
        high = reader.high;
      } else if (tag === LINE.line << 3) line = readLineNumber(reader);
      else skipUnknown(reader, tag, LINE.line);
    }
    reader.leave(outer);

    const ids = this.#functions.index;
    const fn = high === 0 && low > 0 && low <= ids.sequential ? low - 1 : ids.find(low, high);
    if (fn < 0) reader.fail('a line names a function that is not there', start);
    if (index >= this.#depth) {
      throw new FormatError('too_large', 'pprof', `a location with more than ${this.#depth} lines`, {
        byte: start,
      });
    }
    if (index >= this.#lineFunctions.length) {
      this.#lineFunctions = grown(this.#lineFunctions, index * 2);
      this.#lineNumbers = grown(this.#lineNumbers, index * 2);
    }
    this.#lineFunctions[index] = fn;
    this.#lineNumbers[index] = line;
  }

  /** Index of the mapping whose id was read; -1 for id 0, which says that there is none. */
  #mapping(): number {
    const reader = this.#reader;
    if (reader.number() === 0) return -1;
    const index = this.#mappings.index.find(reader.low, reader.high);
    if (index < 0) reader.fail('a location names a mapping that is not there');
    return index;
  }

  /** Sets build id and address - start of the mapping + offset in its file, modulo 2^64 in two words. */
  #setAddress(frame: number, low: number, high: number, mapping: number): void {
    if (mapping >= 0) {
      const { start, offset, buildId } = this.#mappings;
      this.frames.buildId[frame] = buildId[mapping];
      // Exact in doubles, and cut to 32 bits where it is stored; the carry is -1, 0 or 1.
      low = (low >>> 0) - start[mapping * 2] + offset[mapping * 2];
      high = high - start[mapping * 2 + 1] + offset[mapping * 2 + 1] + Math.floor(low / 2 ** 32);
    }
    this.frames.address[frame * 2] = low;
    this.frames.address[frame * 2 + 1] = high;
  }
}
