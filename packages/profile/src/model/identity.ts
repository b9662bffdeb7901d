import { type ColumnMemory, OWN_MEMORY } from './column-memory.ts';
import { hashPairs, hashWords } from './hash64.ts';
import type { FrameTable, StackTable } from './profile.ts';
import type { StringTable } from './string-table.ts';

/** Words hashed for one frame: five string hashes of two words, line, start line, address (two), inlined. */
const FRAME_WORDS = 15;

/**
 * The identity of every frame, over all of its fields; two words each (see hash64.ts).
 */
export function frameIds(
  frames: FrameTable,
  strings: StringTable,
  memory: ColumnMemory = OWN_MEMORY,
): Uint32Array {
  const text = strings.hashes(memory.words(strings.length * 2));
  const address = new Uint32Array(frames.address.buffer, frames.address.byteOffset, frames.length * 2);
  const words = new Uint32Array(FRAME_WORDS);
  const ids = memory.words(frames.length * 2);
  for (let i = 0; i < frames.length; i++) {
    let at = frames.function[i] * 2;
    words[0] = text[at];
    words[1] = text[at + 1];
    at = frames.systemName[i] * 2;
    words[2] = text[at];
    words[3] = text[at + 1];
    at = frames.file[i] * 2;
    words[4] = text[at];
    words[5] = text[at + 1];
    at = frames.module[i] * 2;
    words[6] = text[at];
    words[7] = text[at + 1];
    at = frames.buildId[i] * 2;
    words[8] = text[at];
    words[9] = text[at + 1];
    words[10] = frames.line[i];
    words[11] = frames.startLine[i];
    words[12] = address[i * 2];
    words[13] = address[i * 2 + 1];
    words[14] = frames.inlined[i];
    hashWords(words, 0, FRAME_WORDS, ids, i * 2);
  }
  return ids;
}

/**
 * The identity of every stack: the hash of its frames' identities, root first; two words each.
 */
export function stackIds(
  stacks: StackTable,
  frames: Uint32Array,
  memory: ColumnMemory = OWN_MEMORY,
): Uint32Array {
  const ids = memory.words(stacks.length * 2);
  for (let i = 0; i < stacks.length; i++) {
    hashPairs(frames, stacks.frames, stacks.offsets[i], stacks.offsets[i + 1], ids, i * 2);
  }
  return ids;
}
