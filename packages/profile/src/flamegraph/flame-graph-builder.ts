import { type Box, boxLocation, computeTotals, type FlameGraph, ROOT_BOX } from './flame-graph.ts';

const NONE = -1;

/**
 * Merges stacks into a tree: boxes are interned once, then each stack is a walk of integer look-ups in one open
 * hash table of (parent, box). No object is made per node.
 */
export class FlameGraphBuilder {
  readonly #boxes: Box[] = [ROOT_BOX];
  readonly #boxIndex = new Map<string, number>([[boxKey(ROOT_BOX), 0]]);
  #count = 1;
  #parent = new Int32Array(1024).fill(NONE);
  #box = new Uint32Array(1024);
  #self = new Float64Array(1024);
  /** Open addressing: a slot holds a node, or NONE. Never more than half full. */
  #slots = new Int32Array(4096).fill(NONE);

  /** Index of the box for frames of this function. */
  box(box: Box): number {
    const key = boxKey(box);
    const known = this.#boxIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#boxes.push(box) - 1;
    this.#boxIndex.set(key, index);
    return index;
  }

  /** Adds `value` to the stack of the boxes `boxes[start..end)`, root first. */
  add(boxes: ArrayLike<number>, value: number, start = 0, end = boxes.length): void {
    let node = 0;
    for (let i = start; i < end; i++) node = this.#child(node, boxes[i]);
    this.#self[node] += value;
  }

  build(): FlameGraph {
    const count = this.#count;
    const parent = this.#parent;
    const rank = rankByName(this.#boxes);

    // Children of each node as linked lists, made in descending rank so that each list reads in name order.
    const order = Uint32Array.from({ length: count - 1 }, (_, i) => i + 1);
    const box = this.#box;
    order.sort((a, b) => rank[box[b]] - rank[box[a]]);
    const firstChild = new Int32Array(count).fill(NONE);
    const nextSibling = new Int32Array(count).fill(NONE);
    for (const node of order) {
      nextSibling[node] = firstChild[parent[node]];
      firstChild[parent[node]] = node;
    }

    const depthOut = new Uint32Array(count);
    const boxOut = new Uint32Array(count);
    const selfOut = new Float64Array(count);
    let at = 0;
    let depth = 0;
    let node = 0;
    for (;;) {
      depthOut[at] = depth;
      boxOut[at] = box[node];
      selfOut[at] = this.#self[node];
      at++;
      if (firstChild[node] !== NONE) {
        node = firstChild[node];
        depth++;
        continue;
      }
      while (node !== 0 && nextSibling[node] === NONE) {
        node = parent[node];
        depth--;
      }
      if (node === 0) break;
      node = nextSibling[node];
    }
    const hiddenValue = new Float64Array(count);
    return {
      boxes: this.#boxes.slice(),
      length: count,
      depth: depthOut,
      box: boxOut,
      self: selfOut,
      total: computeTotals(depthOut, selfOut, hiddenValue),
      hidden: new Uint32Array(count),
      hiddenValue,
    };
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
    const self = new Float64Array(size);
    self.set(this.#self);
    this.#self = self;
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

function boxKey(box: Box): string {
  return `${box.function}\0${box.module ? 'm' : 'f'}\0${boxLocation(box)}`;
}

/** Position of each box in the order of names; code units, so that every machine orders alike. */
function rankByName(boxes: readonly Box[]): Uint32Array {
  const order = boxes.map((_, i) => i);
  order.sort(
    (a, b) =>
      compare(boxes[a].function, boxes[b].function) || compare(boxLocation(boxes[a]), boxLocation(boxes[b])),
  );
  const rank = new Uint32Array(boxes.length);
  order.forEach((box, i) => {
    rank[box] = i;
  });
  return rank;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
