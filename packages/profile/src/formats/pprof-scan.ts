import { FormatError } from './format-error.ts';
import type { DecodeLimits } from './limits.ts';
import { PROFILE, VALUE_TYPE } from './pprof-schema.ts';
import { type ProtobufReader, WIRE_BYTES, WIRE_VARINT } from './protobuf-reader.ts';

/** The messages of one field: how many, and the bytes from the first's tag to the last's end. */
export interface Span {
  count: number;
  start: number;
  end: number;
}

/** A value type as indices into the string table, which may come after it. */
interface RawValueType {
  readonly type: number;
  readonly unit: number;
}

/** What a first pass over the top level finds: single fields, and where the tables are. */
export interface PprofOutline {
  readonly sampleTypes: RawValueType[];
  readonly samples: Span;
  readonly mappings: Span;
  readonly locations: Span;
  readonly functions: Span;
  readonly strings: Span;
  readonly comments: number[];
  dropFrames: number;
  keepFrames: number;
  timeNanos: bigint;
  durationNanos: bigint;
  periodType: RawValueType;
  period: bigint;
  defaultSampleType: number;
}

/**
 * Reads the top level of a pprof, passing over the samples and tables: Go writes samples first and what they refer
 * to afterwards, and everything is to be counted before memory is taken for it.
 */
export function scanPprof(reader: ProtobufReader, limits: DecodeLimits): PprofOutline {
  const none = { type: 0, unit: 0 };
  const outline: PprofOutline = {
    sampleTypes: [],
    samples: emptySpan(),
    mappings: emptySpan(),
    locations: emptySpan(),
    functions: emptySpan(),
    strings: emptySpan(),
    comments: [],
    dropFrames: 0,
    keepFrames: 0,
    timeNanos: 0n,
    durationNanos: 0n,
    periodType: none,
    period: 0n,
    defaultSampleType: 0,
  };
  while (reader.more) {
    const tag = reader.field();
    switch (tag >>> 3) {
      case PROFILE.sampleType:
        refuseMoreThan(limits.types, outline.sampleTypes.length + 1, 'value types', reader.start);
        outline.sampleTypes.push(readValueType(reader, tag));
        break;
      case PROFILE.sample:
        pass(reader, tag, outline.samples, limits.samples, 'samples');
        break;
      case PROFILE.mapping:
        pass(reader, tag, outline.mappings, limits.frames, 'mappings');
        break;
      case PROFILE.location:
        pass(reader, tag, outline.locations, limits.frames, 'locations');
        break;
      case PROFILE.function:
        pass(reader, tag, outline.functions, limits.frames, 'functions');
        break;
      case PROFILE.stringTable:
        pass(reader, tag, outline.strings, limits.strings, 'strings');
        break;
      case PROFILE.comment:
        readComments(reader, tag, outline.comments, limits.strings);
        break;
      case PROFILE.periodType:
        outline.periodType = readValueType(reader, tag);
        break;
      case PROFILE.dropFrames:
        outline.dropFrames = readIndex(reader, tag);
        break;
      case PROFILE.keepFrames:
        outline.keepFrames = readIndex(reader, tag);
        break;
      case PROFILE.defaultSampleType:
        outline.defaultSampleType = readIndex(reader, tag);
        break;
      case PROFILE.timeNanos:
        reader.expect(tag, WIRE_VARINT);
        outline.timeNanos = reader.int64();
        break;
      case PROFILE.durationNanos:
        reader.expect(tag, WIRE_VARINT);
        outline.durationNanos = reader.int64();
        break;
      case PROFILE.period:
        reader.expect(tag, WIRE_VARINT);
        outline.period = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return outline;
}

function emptySpan(): Span {
  return { count: 0, start: 0, end: 0 };
}

function pass(reader: ProtobufReader, tag: number, span: Span, limit: number, what: string): void {
  reader.expect(tag, WIRE_BYTES);
  if (span.count === 0) span.start = reader.start;
  refuseMoreThan(limit, ++span.count, what, reader.start);
  reader.pos = reader.contentEnd;
  span.end = reader.pos;
}

function readValueType(reader: ProtobufReader, tag: number): RawValueType {
  reader.expect(tag, WIRE_BYTES);
  let type = 0;
  let unit = 0;
  const outer = reader.enter();
  while (reader.more) {
    const inner = reader.field();
    switch (inner >>> 3) {
      case VALUE_TYPE.type:
        type = readIndex(reader, inner);
        break;
      case VALUE_TYPE.unit:
        unit = readIndex(reader, inner);
        break;
      default:
        reader.skip(inner);
    }
  }
  reader.leave(outer);
  return { type, unit };
}

function readComments(reader: ProtobufReader, tag: number, comments: number[], limit: number): void {
  if ((tag & 7) === WIRE_VARINT) {
    refuseMoreThan(limit, comments.length + 1, 'comments', reader.start);
    comments.push(readIndex(reader, tag));
    return;
  }
  reader.expect(tag, WIRE_BYTES);
  const outer = reader.enter();
  while (reader.more) {
    refuseMoreThan(limit, comments.length + 1, 'comments', reader.pos);
    reader.varint();
    comments.push(readIndex(reader, WIRE_VARINT));
  }
  reader.leave(outer);
}

/** A string's index; one past 32 bits becomes one that no table has. */
function readIndex(reader: ProtobufReader, tag: number): number {
  reader.expect(tag, WIRE_VARINT);
  const index = reader.number();
  return index < 0 ? 0xffffffff : index;
}

export function refuseMoreThan(limit: number, count: number, what: string, byte: number): void {
  if (count > limit) throw new FormatError('too_large', 'pprof', `more than ${limit} ${what}`, { byte });
}
