import { isUtf8 } from 'node:buffer';
import { type FrameTable, hashString, type Profile, StringTable } from '@everflame/profile';
import type { NamesInStore } from './known-names.ts';

/**
 * Names of a profile that were not known to be in the store: mostly none. Columns, as the tables of the store have
 * them; ids are two words each.
 */
export interface NewNames {
  /** Of the KnownNames that were asked. */
  readonly epoch: number;
  /** Days from 1970 to the Monday of the week: names are kept once a service and week. */
  readonly week: number;
  /** What ids are mixed with, so that the same stack of another service or week is another memory. */
  readonly salt: readonly [low: number, high: number];
  readonly stackIds: Uint32Array;
  /** Frames of stack `i`: `stackFrames[stackOffsets[i]..stackOffsets[i + 1])`, ids, root first. */
  readonly stackOffsets: Uint32Array;
  readonly stackFrames: BigUint64Array;
  readonly frameIds: Uint32Array;
  readonly frames: FrameTable;
  /** Those of the frames, in UTF-8 whatever the profile had. */
  readonly strings: StringTable;
}

const DAY_NANOS = 86_400_000_000_000n;

/** Days from 1970 to the Monday of the week; 1970-01-01 was a Thursday. */
export function mondayOf(nanos: bigint): number {
  const day = Number(nanos / DAY_NANOS);
  return Math.max(0, day - ((day + 3) % 7));
}

/** Which names of a profile the store has yet to be told. No string is made, and nothing is copied, for the others. */
export function findNewNames(
  service: string,
  startNanos: bigint,
  profile: Profile,
  ids: { readonly frames: Uint32Array; readonly stacks: Uint32Array },
  known: NamesInStore,
): NewNames {
  const { epoch } = known;
  const week = mondayOf(startNanos);
  const salt = saltOf(service, week);
  const { offsets, frames: stackFrames } = profile.stacks;
  const stacks = indicesOf(ids.stacks, (low, high) => known.stacks.has(low, high), salt);
  const isNeeded = new Uint8Array(stacks.length > 0 ? profile.frames.length : 0);
  let length = 0;
  for (const stack of stacks) {
    for (let at = offsets[stack]; at < offsets[stack + 1]; at++) isNeeded[stackFrames[at]] = 1;
    length += offsets[stack + 1] - offsets[stack];
  }
  const words = new Uint32Array(length * 2);
  const ends = new Uint32Array(stacks.length + 1);
  let end = 0;
  stacks.forEach((stack, i) => {
    for (let at = offsets[stack]; at < offsets[stack + 1]; at++, end++) {
      words[end * 2] = ids.frames[stackFrames[at] * 2];
      words[end * 2 + 1] = ids.frames[stackFrames[at] * 2 + 1];
    }
    ends[i + 1] = end;
  });
  const frames =
    stacks.length === 0
      ? []
      : indicesOf(ids.frames, (low, high, i) => isNeeded[i] === 0 || known.frames.has(low, high), salt);
  return {
    epoch,
    week,
    salt,
    stackIds: pairsAt(ids.stacks, stacks),
    stackOffsets: ends,
    stackFrames: new BigUint64Array(words.buffer),
    frameIds: pairsAt(ids.frames, frames),
    ...framesAt(profile, frames),
  };
}

/** Bytes that names take while they wait. */
export function sizeOfNames({ stackIds, stackFrames, frameIds, strings }: NewNames): number {
  const perFrame = 50;
  return stackIds.byteLength + stackFrames.byteLength + frameIds.length * perFrame + strings.bytes.length;
}

/** Indices of the ids that are not known. */
function indicesOf(
  ids: Uint32Array,
  isKnown: (low: number, high: number, index: number) => boolean,
  salt: readonly [number, number],
): number[] {
  const found: number[] = [];
  for (let i = 0; i * 2 < ids.length; i++) {
    if (!isKnown((ids[i * 2] ^ salt[0]) >>> 0, (ids[i * 2 + 1] ^ salt[1]) >>> 0, i)) found.push(i);
  }
  return found;
}

function pairsAt(ids: Uint32Array, indices: readonly number[]): Uint32Array {
  const pairs = new Uint32Array(indices.length * 2);
  indices.forEach((index, i) => {
    pairs[i * 2] = ids[index * 2];
    pairs[i * 2 + 1] = ids[index * 2 + 1];
  });
  return pairs;
}

function framesAt(
  { frames, strings }: Profile,
  indices: readonly number[],
): { frames: FrameTable; strings: StringTable } {
  if (indices.length === 0) return NO_NEW_FRAMES;
  const subset = new StringSubset(strings);
  const texts = (column: Uint32Array) => new Uint32Array(indices.map((i) => subset.indexOf(column[i])));
  const words = (column: Uint32Array) => new Uint32Array(indices.map((i) => column[i]));
  const some: FrameTable = {
    length: indices.length,
    function: texts(frames.function),
    systemName: texts(frames.systemName),
    file: texts(frames.file),
    module: texts(frames.module),
    buildId: texts(frames.buildId),
    line: words(frames.line),
    startLine: words(frames.startLine),
    address: new BigUint64Array(indices.map((i) => frames.address[i])),
    inlined: new Uint8Array(indices.map((i) => frames.inlined[i])),
  };
  return { frames: some, strings: subset.table() };
}

/** The rule, so made once. */
const NO_WORDS = new Uint32Array();
const NO_NEW_FRAMES: { readonly frames: FrameTable; readonly strings: StringTable } = {
  frames: {
    length: 0,
    function: NO_WORDS,
    systemName: NO_WORDS,
    file: NO_WORDS,
    module: NO_WORDS,
    buildId: NO_WORDS,
    line: NO_WORDS,
    startLine: NO_WORDS,
    address: new BigUint64Array(),
    inlined: new Uint8Array(),
  },
  strings: new StringTable(new Uint8Array(), NO_WORDS, NO_WORDS),
};

/** Those strings of a table that are asked for, packed. */
class StringSubset {
  readonly #strings: StringTable;
  readonly #indices: Map<number, number> = new Map();

  constructor(strings: StringTable) {
    this.#strings = strings;
  }

  indexOf(index: number): number {
    const known = this.#indices.get(index);
    if (known !== undefined) return known;
    this.#indices.set(index, this.#indices.size);
    return this.#indices.size - 1;
  }

  table(): StringTable {
    const { bytes, starts, ends } = this.#strings;
    const texts = [...this.#indices.keys()].map((index) => {
      const text = bytes.subarray(starts[index], ends[index]);
      return isUtf8(text) ? text : new TextEncoder().encode(this.#strings.get(index));
    });
    const packed = new Uint8Array(texts.reduce((sum, { length }) => sum + length, 0));
    const from = new Uint32Array(texts.length);
    const until = new Uint32Array(texts.length);
    let at = 0;
    texts.forEach((text, i) => {
      packed.set(text, at);
      from[i] = at;
      at += text.length;
      until[i] = at;
    });
    return new StringTable(packed, from, until);
  }
}

function saltOf(service: string, week: number): readonly [low: number, high: number] {
  const hash = hashString(`${week} ${service}`);
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
