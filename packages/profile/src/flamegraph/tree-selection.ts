import type { TreeNodes } from './flame-tree.ts';
import type { StackTree } from './stack-tree.ts';

/**
 * Some stacks of a tree, with values. The tree is made once and asked often: a question costs an addition for each of its
 * stacks, and a step for each node that they share, however long they are.
 */
export class TreeSelection {
  readonly #tree: StackTree;
  readonly #self: Float64Array;
  readonly #isSeen: Uint8Array;
  #seen = new Int32Array(1024);
  #count = 1;

  /** @param tree not to be added to before `nodes` was called */
  constructor(tree: StackTree) {
    this.#tree = tree;
    this.#self = new Float64Array(tree.count);
    this.#isSeen = new Uint8Array(tree.count);
    this.#isSeen[0] = 1;
  }

  /** @param node that StackTree.add gave */
  add(node: number, value: number): void {
    this.#self[node] += value;
    const parent = this.#tree.parent;
    for (let at = node; this.#isSeen[at] === 0; at = parent[at]) {
      this.#isSeen[at] = 1;
      if (this.#count === this.#seen.length) this.#grow();
      this.#seen[this.#count++] = at;
    }
  }

  /** The nodes that were seen, numbered anew in the order that they have in the tree. */
  nodes(): TreeNodes {
    const count = this.#count;
    const seen = this.#seen.subarray(0, count).sort();
    const parent = new Int32Array(count);
    const box = new Uint32Array(count);
    const self = new Float64Array(count);
    const renumbered = new Int32Array(this.#tree.count);
    for (let i = 0; i < count; i++) {
      const node = seen[i];
      renumbered[node] = i;
      parent[i] = i === 0 ? -1 : renumbered[this.#tree.parent[node]];
      box[i] = this.#tree.box[node];
      self[i] = this.#self[node];
    }
    return { count, parent, box, self };
  }

  #grow(): void {
    const seen = new Int32Array(this.#seen.length * 2);
    seen.set(this.#seen);
    this.#seen = seen;
  }
}
