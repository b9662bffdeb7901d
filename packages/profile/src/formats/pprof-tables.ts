import type { ColumnMemory } from '../model/column-memory.ts';
import { StringTable } from '../model/string-table.ts';
import { FormatError } from './format-error.ts';
import { type IdIndex, indexIds } from './id-index.ts';
import type { DecodeLimits } from './limits.ts';
import type { Span } from './pprof-scan.ts';
import { FUNCTION, MAPPING, PROFILE } from './pprof-schema.ts';
import { type ProtobufReader, WIRE_BYTES, WIRE_VARINT } from './protobuf-reader.ts';

/** The string table as ranges of the input. */
export function readStrings(
  reader: ProtobufReader,
  span: Span,
  limits: DecodeLimits,
  memory: ColumnMemory,
): StringTable {
  // A profile that needs no string may leave the table out; the model needs its first entry, the empty string.
  if (span.count === 0) return new StringTable(reader.bytes, new Uint32Array(1), new Uint32Array(1));
  const starts = memory.words(span.count);
  const ends = memory.words(span.count);
  goTo(reader, span);
  for (let i = 0; reader.find((PROFILE.stringTable << 3) | WIRE_BYTES); i++) {
    const end = reader.contentEnd;
    if (end - reader.pos > limits.stringBytes) {
      throw new FormatError('too_large', reader.format, `a string of more than ${limits.stringBytes} bytes`, {
        byte: reader.pos,
      });
    }
    starts[i] = reader.pos;
    ends[i] = end;
    reader.pos = end;
  }
  if (ends[0] !== starts[0]) reader.fail('the first string is not the empty one', starts[0]);
  return new StringTable(reader.bytes, starts, ends);
}

/** Columns of functions; texts are indices into the strings, and a name that is empty is string 0. */
export interface Functions {
  readonly index: IdIndex;
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly file: Uint32Array;
  readonly startLine: Uint32Array;
}

export function readFunctions(
  reader: ProtobufReader,
  span: Span,
  strings: StringTable,
  memory: ColumnMemory,
): Functions {
  const ids = memory.integers(span.count * 2);
  const name = memory.words(span.count);
  const systemName = memory.words(span.count);
  const file = memory.words(span.count);
  const startLine = memory.words(span.count);
  goTo(reader, span);
  for (let i = 0; reader.find((PROFILE.function << 3) | WIRE_BYTES); i++) {
    const outer = reader.enter();
    while (reader.more) {
      const tag = reader.field();
      switch (tag) {
        case FUNCTION.id << 3:
          ids[i * 2] = reader.low;
          ids[i * 2 + 1] = reader.high;
          break;
        case FUNCTION.name << 3:
          name[i] = readString(reader, strings);
          break;
        case FUNCTION.systemName << 3:
          systemName[i] = readString(reader, strings);
          break;
        case FUNCTION.filename << 3:
          file[i] = readString(reader, strings);
          break;
        case FUNCTION.startLine << 3:
          startLine[i] = readLineNumber(reader);
          break;
        default:
          skipUnknown(reader, tag, FUNCTION.startLine);
      }
    }
    reader.leave(outer);
    if (isEmpty(strings, name[i])) name[i] = isEmpty(strings, systemName[i]) ? 0 : systemName[i];
    if (sameText(strings, name[i], systemName[i])) systemName[i] = 0;
  }
  return { index: uniqueIds(reader, ids, span, 'function'), name, systemName, file, startLine };
}

/** Columns of mappings. Addresses are two words each. */
export interface Mappings {
  readonly index: IdIndex;
  readonly start: Uint32Array;
  readonly offset: Uint32Array;
  readonly file: Uint32Array;
  readonly buildId: Uint32Array;
}

export function readMappings(reader: ProtobufReader, span: Span, strings: StringTable): Mappings {
  const ids = new Int32Array(span.count * 2);
  const start = new Uint32Array(span.count * 2);
  const offset = new Uint32Array(span.count * 2);
  const file = new Uint32Array(span.count);
  const buildId = new Uint32Array(span.count);
  goTo(reader, span);
  for (let i = 0; reader.find((PROFILE.mapping << 3) | WIRE_BYTES); i++) {
    const outer = reader.enter();
    while (reader.more) {
      const tag = reader.field();
      switch (tag) {
        case MAPPING.id << 3:
          ids[i * 2] = reader.low;
          ids[i * 2 + 1] = reader.high;
          break;
        case MAPPING.memoryStart << 3:
          start[i * 2] = reader.low;
          start[i * 2 + 1] = reader.high;
          break;
        case MAPPING.fileOffset << 3:
          offset[i * 2] = reader.low;
          offset[i * 2 + 1] = reader.high;
          break;
        case MAPPING.filename << 3:
          file[i] = readString(reader, strings);
          break;
        case MAPPING.buildId << 3:
          buildId[i] = readString(reader, strings);
          break;
        default:
          // Memory limit and has_* are varints that the model has no place for.
          if (tag >>> 3 <= MAPPING.hasInlineFrames) reader.expect(tag, WIRE_VARINT);
          reader.skip(tag);
      }
    }
    reader.leave(outer);
  }
  return { index: uniqueIds(reader, ids, span, 'mapping'), start, offset, file, buildId };
}

export function goTo(reader: ProtobufReader, span: Span): void {
  reader.pos = span.start;
  reader.end = span.end;
}

/** Passes over a field that the switch did not know; one up to `last` had the wrong wire type. */
export function skipUnknown(reader: ProtobufReader, tag: number, last: number): void {
  if (tag >>> 3 <= last) reader.fail(`field ${tag >>> 3} has wire type ${tag & 7}, which it never has`);
  reader.skip(tag);
}

/** The index of a string that the field read last names. */
export function readString(reader: ProtobufReader, strings: StringTable): number {
  const index = reader.number();
  if (index < 0 || index >= strings.starts.length) reader.fail('there is no string of this index');
  return index;
}

/** A line number; 0, for unknown, where it is negative or past 32 bits. */
export function readLineNumber(reader: ProtobufReader): number {
  return Math.max(reader.number(), 0);
}

export function uniqueIds(reader: ProtobufReader, ids: Int32Array, span: Span, what: string): IdIndex {
  const index = indexIds(ids, span.count);
  const zero = index.find(0, 0);
  if (zero >= 0) reader.fail(`${what} ${zero + 1} has no id`, span.start);
  if (index.duplicate >= 0) {
    reader.fail(`${what} ${index.duplicate + 1} has an id that another has`, span.start);
  }
  return index;
}

function isEmpty({ starts, ends }: StringTable, index: number): boolean {
  return ends[index] === starts[index];
}

function sameText({ bytes, starts, ends }: StringTable, a: number, b: number): boolean {
  if (a === b) return true;
  const length = ends[a] - starts[a];
  if (ends[b] - starts[b] !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[starts[a] + i] !== bytes[starts[b] + i]) return false;
  return true;
}
