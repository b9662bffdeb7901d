import { BoxTable, FlameTree, StackTree, TreeSelection } from '@everflame/profile';
import type { NamesFilter } from '../store/names.ts';
import type { Reader } from '../store/reader.ts';
import type { StackSums } from '../store/sums.ts';
import { StackNodes } from './stack-nodes.ts';

const UNKNOWN = { function: '[unknown]', module: '', file: '' };

/** What is known of stacks and frames. One at a time: when it is full, the next one begins empty. */
class Generation {
  readonly table = new BoxTable();
  readonly tree = new StackTree();
  /** Where in the tree each stack ends. */
  readonly stacks = new StackNodes();
  /** Number of the box that a frame draws as. */
  readonly frames = new Map<bigint, number>();
}

/**
 * What stacks and frames are called, and the tree of all stacks that were asked for. Ids are hashes of their content, so
 * what was once read stays true: the cache is bounded, and never out of date.
 */
export class Symbols {
  readonly #maxStacks: number;
  readonly #maxFrames: number;
  readonly #maxNodes: number;
  #current = new Generation();

  constructor({ maxStacks = 400_000, maxFrames = 300_000, maxNodes = 4_000_000 } = {}) {
    this.#maxStacks = maxStacks;
    this.#maxFrames = maxFrames;
    this.#maxNodes = maxNodes;
  }

  /** The tree of these stacks. Frames that the store does not know are drawn as such. */
  async treeOf(reader: Reader, parts: readonly StackSums[], within: NamesFilter): Promise<FlameTree> {
    const generation = this.#generation();
    await learn(generation, reader, parts, within);
    const { table, tree, stacks: known } = generation;
    const selection = new TreeSelection(tree);
    for (const { stacks, values } of parts) {
      const words = wordsOf(stacks);
      for (let i = 0; i < values.length; i++) {
        const node = known.get(words[i * 2], words[i * 2 + 1]);
        selection.add(Math.max(0, node), values[i]);
      }
    }
    return new FlameTree(table, selection.nodes());
  }

  #generation(): Generation {
    const { stacks, frames, tree } = this.#current;
    const isFull =
      stacks.size > this.#maxStacks || frames.size > this.#maxFrames || tree.count > this.#maxNodes;
    if (isFull) this.#current = new Generation();
    return this.#current;
  }
}

/** Reads what is not known of these stacks. */
async function learn(
  { table, tree, stacks: known, frames }: Generation,
  reader: Reader,
  parts: readonly StackSums[],
  within: NamesFilter,
): Promise<void> {
  const missing = new Set<bigint>();
  for (const { stacks } of parts) {
    const words = wordsOf(stacks);
    for (let i = 0; i < stacks.length; i++) {
      if (known.get(words[i * 2], words[i * 2 + 1]) < 0) missing.add(stacks[i]);
    }
  }
  if (missing.size === 0) return;
  const found = await reader.stackFrames([...missing], within);
  const unknown = new Set<bigint>();
  for (const ids of found.values()) for (const id of ids) if (!frames.has(id)) unknown.add(id);
  if (unknown.size > 0) {
    for (const [id, box] of await reader.frameBoxes([...unknown], within)) frames.set(id, table.indexOf(box));
  }
  const path: number[] = [];
  for (const [stack, ids] of found) {
    path.length = 0;
    for (const id of ids) path.push(frames.get(id) ?? table.indexOf(UNKNOWN));
    known.set(Number(stack & 0xffffffffn), Number(stack >> 32n), tree.add(path));
  }
}

/** The same memory as words, low ones first. */
function wordsOf(ids: BigUint64Array): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, ids.length * 2);
}
