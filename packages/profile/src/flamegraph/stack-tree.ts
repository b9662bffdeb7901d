const NONE = -1;

/**
 * Stacks as paths in one tree: boxes are numbers, and each stack is a walk of integer look-ups in one open hash table of
 * (parent, box). No object is made per node. A node comes after its parent: node 0 is the root, which has no box.
 */
export class StackTree {
  #count = 1;
  #parent = new Int32Array(1024).fill(NONE);
  #box = new Uint32Array(1024);
  /** Open addressing: a slot holds a node, or NONE. Never more than half full. */
  #slots = new Int32Array(4096).fill(NONE);

  /** Nodes, the root among them. */
  get count(): number {
    return this.#count;
  }

  /** Parent of each node; -1 for the root. Longer than `count`, and another one once the tree has grown. */
  get parent(): Int32Array {
    return this.#parent;
  }

  /** Number of each node's box. */
  get box(): Uint32Array {
    return this.#box;
  }

  /** The node at the end of the path of the boxes `boxes[start..end)`, root first. */
  add(boxes: ArrayLike<number>, start = 0, end = boxes.length): number {
    let node = 0;
    for (let i = start; i < end; i++) node = this.#child(node, boxes[i]);
    return node;
  }

  #child(parent: number, box: number): number {
    const mask = this.#slots.length - 1;
    let slot = slotOf(parent, box) & mask;
    for (;;) {
      const node = this.#slots[slot];
      if (node === NONE) break;
      if (this.#parent[node] === parent && this.#box[node] === box) return node;
      slot = (slot + 1) & mask;
    }
    const node = this.#count++;
    if (node === this.#parent.length) this.#grow();
    this.#parent[node] = parent;
    this.#box[node] = box;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = node;
    return node;
  }

  #grow(): void {
    const size = this.#parent.length * 2;
    const parent = new Int32Array(size);
    parent.set(this.#parent);
    this.#parent = parent;
    const box = new Uint32Array(size);
    box.set(this.#box);
    this.#box = box;
  }

  #rehash(): void {
    const size = this.#slots.length * 2;
    const mask = size - 1;
    const slots = new Int32Array(size).fill(NONE);
    for (let node = 1; node < this.#count; node++) {
      let slot = slotOf(this.#parent[node], this.#box[node]) & mask;
      while (slots[slot] !== NONE) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.#slots = slots;
  }
}

function slotOf(parent: number, box: number): number {
  const h = Math.imul(parent, 0x9e3779b1) ^ Math.imul(box, 0x85ebca6b);
  return h ^ (h >>> 15);
}
