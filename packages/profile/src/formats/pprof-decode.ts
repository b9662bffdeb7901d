import { type ColumnMemory, OWN_MEMORY } from '../model/column-memory.ts';
import type { Profile } from '../model/profile.ts';
import { inferProfileType } from '../model/profile-type.ts';
import { FormatError } from './format-error.ts';
import { isGzip } from './gzip.ts';
import { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
import { readLocations } from './pprof-frames.ts';
import { readSamples } from './pprof-samples.ts';
import { scanPprof } from './pprof-scan.ts';
import { readFunctions, readMappings, readStrings } from './pprof-tables.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/**
 * Decodes a pprof profile (https://github.com/google/pprof/blob/main/proto/profile.proto), not gzipped.
 *
 * - The strings of the profile are ranges of `bytes`: do not change it while the profile is used.
 * - Stacks are turned root first. A location with several lines becomes several frames, all but the outermost
 *   `inlined`; frames are one for each line of each location. Samples with equal lists of locations share a stack.
 * - A frame that has a function name has its mapping's file as module, and no address or build id. One that has none
 *   has its address relative to the mapping's file (address - start + offset) and the build id as well.
 * - Values are as written: see `normalizeProfile` for counts that stand for time.
 * - Of several labels of one sample with one key the last counts.
 * - Unknown fields are passed over; the model has no place for documentation URLs, columns and folded locations.
 *
 * @param memory for the columns; they are the profile's as long as the memory is
 * @throws FormatError `wrong_format` where the bytes do not begin as a pprof, `malformed` where they contradict the
 *   format or themselves (ids that name nothing, values without type), `too_large` past one of the limits.
 */
export function decodePprof(
  bytes: Uint8Array,
  limits: DecodeLimits = DEFAULT_LIMITS,
  memory: ColumnMemory = OWN_MEMORY,
): Profile {
  if (bytes.length > limits.bytes) {
    throw new FormatError('too_large', 'pprof', `${bytes.length} bytes where ${limits.bytes} are accepted`);
  }
  refuseOtherFormats(bytes);
  const reader = new ProtobufReader(bytes, 'pprof');
  const outline = scanPprof(reader, limits);
  const strings = readStrings(reader, outline.strings, limits, memory);
  const functions = readFunctions(reader, outline.functions, strings, memory);
  const mappings = readMappings(reader, outline.mappings, strings);
  const locations = readLocations(reader, outline.locations, functions, mappings, limits, memory);
  const typeCount = outline.sampleTypes.length;
  const samples = readSamples(reader, outline.samples, typeCount, locations, strings, limits, memory);

  const text = (index: number): string => {
    if (index >= strings.length) reader.fail(`there is no string ${index}`, 0);
    return strings.get(index);
  };
  const periodType = text(outline.periodType.type);
  const periodUnit = text(outline.periodType.unit);
  const defaultSampleType = text(outline.defaultSampleType);
  // pprof's rule for profiles that name none, or one that they do not have: the last.
  const named = outline.sampleTypes.findIndex(({ type }) => text(type) === defaultSampleType);
  return {
    startNanos: outline.timeNanos,
    durationNanos: outline.durationNanos,
    types: outline.sampleTypes.map(({ type, unit }) =>
      inferProfileType(text(type), text(unit), periodType, periodUnit),
    ),
    defaultType: named >= 0 && defaultSampleType !== '' ? named : Math.max(typeCount - 1, 0),
    period: outline.period,
    strings,
    frames: locations.frames,
    ...samples,
    comments: outline.comments.map(text),
    dropFrames: text(outline.dropFrames),
    keepFrames: text(outline.keepFrames),
  };
}

/** Says early, and in words that help, that something is not a pprof at all. */
function refuseOtherFormats(bytes: Uint8Array): void {
  const refuse = (message: string): never => {
    throw new FormatError('wrong_format', 'pprof', message, { byte: 0 });
  };
  if (bytes.length === 0) refuse('it is empty');
  if (isGzip(bytes)) refuse('it is gzipped: gunzip it first');
  // A profile begins with one of its 14 fields (or one to come), whose wire type is 0 or 2.
  const wireType = bytes[0] & 7;
  if (bytes[0] >= 0x80 || bytes[0] < 8 || (wireType !== 0 && wireType !== 2)) {
    refuse('it does not begin with a field of a profile');
  }
}
