import type { Profile } from '../model/profile.ts';
import { FUNCTION, LINE, LOCATION, MAPPING, PROFILE } from './pprof-schema.ts';
import type { PprofStrings } from './pprof-strings.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** A location that is to be written: a frame and those inlined into it, outermost first. */
interface EncodedLocation {
  readonly frames: readonly number[];
  readonly mapping: number;
}

interface EncodedMapping {
  readonly file: number;
  readonly buildId: number;
  /** Whether all frames in it have symbols, so that pprof need not look for any. */
  symbolized: boolean;
}

/** The locations, functions and mappings of a pprof that is being written. Ids are 1, 2, 3, … */
export class EncodedLocations {
  readonly #profile: Profile;
  readonly #strings: PprofStrings;
  readonly #locations: EncodedLocation[] = [];
  /** Ids of the locations of one frame (0: none yet), and of those of several by the frames' indices. */
  readonly #ofFrame: Uint32Array;
  readonly #ofFrames = new Map<string, number>();
  readonly #mappings: EncodedMapping[] = [];
  readonly #mappingIds = new Map<string, number>();

  constructor(profile: Profile, strings: PprofStrings) {
    this.#profile = profile;
    this.#strings = strings;
    this.#ofFrame = new Uint32Array(profile.frames.length);
  }

  /** Writes the ids of a stack's locations, leaf first. */
  writeIds(out: ProtobufWriter, stack: number): void {
    const { stacks } = this.#profile;
    const start = stacks.offsets[stack];
    let end = stacks.offsets[stack + 1];
    while (end > start) {
      let outermost = end - 1;
      while (outermost > start && this.#inlinedIntoPrevious(outermost)) outermost--;
      out.varint(this.#id(outermost, end));
      end = outermost;
    }
  }

  writeTables(out: ProtobufWriter): void {
    this.#mappings.forEach((mapping, i) => {
      const message = out.begin(PROFILE.mapping);
      out.field(MAPPING.id, i + 1);
      // pprof's sign for addresses that are already relative to the file: a mapping of all there is.
      out.field(MAPPING.memoryLimit, 0xffffffff, 0xffffffff);
      out.field(MAPPING.filename, mapping.file);
      out.field(MAPPING.buildId, mapping.buildId);
      if (mapping.symbolized) {
        out.field(MAPPING.hasFunctions, 1);
        out.field(MAPPING.hasFilenames, 1);
        out.field(MAPPING.hasLineNumbers, 1);
        out.field(MAPPING.hasInlineFrames, 1);
      }
      out.end(message);
    });
    const functions = new EncodedFunctions(this.#profile, this.#strings);
    this.#locations.forEach((location, i) => {
      this.#writeLocation(out, i + 1, location, functions);
    });
    functions.write(out);
  }

  /** pprof keeps frames of one location only in one module. */
  #inlinedIntoPrevious(at: number): boolean {
    const { frames, stacks } = this.#profile;
    const frame = stacks.frames[at];
    return frames.inlined[frame] === 1 && frames.module[frame] === frames.module[stacks.frames[at - 1]];
  }

  /** Id of the location with the frames `stacks.frames[start..end)`. */
  #id(start: number, end: number): number {
    const { stacks } = this.#profile;
    if (end === start + 1) {
      const frame = stacks.frames[start];
      if (this.#ofFrame[frame] === 0) this.#ofFrame[frame] = this.#add([frame]);
      return this.#ofFrame[frame];
    }
    const frames = Array.from(stacks.frames.subarray(start, end));
    const key = frames.join();
    let id = this.#ofFrames.get(key);
    if (id === undefined) {
      id = this.#add(frames);
      this.#ofFrames.set(key, id);
    }
    return id;
  }

  #add(frames: readonly number[]): number {
    return this.#locations.push({ frames, mapping: this.#mapping(frames) });
  }

  #mapping(of: readonly number[]): number {
    const { frames } = this.#profile;
    const bare = of.find((frame) => !isNamed(this.#profile, frame));
    const file = this.#strings.ofSource(frames.module[of[0]]);
    const buildId = bare === undefined ? 0 : this.#strings.ofSource(frames.buildId[bare]);
    if (file === 0 && buildId === 0) return 0;
    const key = `${file},${buildId}`;
    let id = this.#mappingIds.get(key);
    if (id === undefined) {
      id = this.#mappings.push({ file, buildId, symbolized: true });
      this.#mappingIds.set(key, id);
    }
    if (bare !== undefined) this.#mappings[id - 1].symbolized = false;
    return id;
  }

  #writeLocation(
    out: ProtobufWriter,
    id: number,
    location: EncodedLocation,
    functions: EncodedFunctions,
  ): void {
    const { frames } = this.#profile;
    const message = out.begin(PROFILE.location);
    out.field(LOCATION.id, id);
    out.field(LOCATION.mappingId, location.mapping);
    const bare = location.frames.find((frame) => !isNamed(this.#profile, frame));
    if (bare !== undefined && frames.address[bare] !== 0n) out.int64(LOCATION.address, frames.address[bare]);
    if (location.frames.length > 1 || hasLine(this.#profile, location.frames[0])) {
      for (let i = location.frames.length - 1; i >= 0; i--) {
        const line = out.begin(LOCATION.line);
        out.field(LINE.functionId, functions.id(location.frames[i]));
        out.field(LINE.line, frames.line[location.frames[i]]);
        out.end(line);
      }
    }
    out.end(message);
  }
}

/** The functions of a pprof that is being written. */
class EncodedFunctions {
  readonly #profile: Profile;
  readonly #strings: PprofStrings;
  readonly #ids = new Map<string, number>();
  /** A frame of each function. */
  readonly #frames: number[] = [];

  constructor(profile: Profile, strings: PprofStrings) {
    this.#profile = profile;
    this.#strings = strings;
  }

  id(frame: number): number {
    const { frames } = this.#profile;
    const key = `${frames.function[frame]},${frames.systemName[frame]},${frames.file[frame]},${frames.startLine[frame]}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#frames.push(frame);
      this.#ids.set(key, id);
    }
    return id;
  }

  write(out: ProtobufWriter): void {
    const { frames } = this.#profile;
    this.#frames.forEach((frame, i) => {
      const message = out.begin(PROFILE.function);
      const name = this.#strings.ofSource(frames.function[frame]);
      out.field(FUNCTION.id, i + 1);
      out.field(FUNCTION.name, name);
      // The same name twice is how pprof says that a name is not mangled.
      out.field(FUNCTION.systemName, this.#strings.ofSource(frames.systemName[frame]) || name);
      out.field(FUNCTION.filename, this.#strings.ofSource(frames.file[frame]));
      out.field(FUNCTION.startLine, frames.startLine[frame]);
      out.end(message);
    });
  }
}

function isNamed({ frames, strings }: Profile, frame: number): boolean {
  const name = frames.function[frame];
  return strings.ends[name] > strings.starts[name];
}

function hasLine(profile: Profile, frame: number): boolean {
  const { frames, strings } = profile;
  const file = frames.file[frame];
  return (
    isNamed(profile, frame) ||
    strings.ends[file] > strings.starts[file] ||
    frames.line[frame] !== 0 ||
    frames.startLine[frame] !== 0
  );
}
