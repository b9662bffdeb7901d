import { hashWords } from '../model/hash64.ts';
import type { BoxTable } from './box-table.ts';
import { type Box, boxLocation, type FlameGraph } from './flame-graph.ts';
import { boxHashOf, parsePathId } from './path-ids.ts';

const NONE = -1;

/** Nodes of a tree, each after its parent; node 0 is the root. Arrays may be longer than `count`. */
export interface TreeNodes {
  readonly count: number;
  /** -1 for the root. */
  readonly parent: Int32Array;
  /** Numbers in a table of boxes. */
  readonly box: Uint32Array;
  readonly self: Float64Array;
}

export interface BuildOptions {
  /** Boxes with less than this share of the total (of the focused box's total, beneath it) are left out; see trim. */
  readonly minShare?: number;
  /** Path id of a box that is kept with its ancestors, and measured against. */
  readonly focus?: string;
}

/** A tree with values: totals and what is left out for size are one pass each, and only what is kept is put in order. */
export class FlameTree {
  readonly #table: BoxTable;
  readonly #nodes: TreeNodes;

  constructor(table: BoxTable, nodes: TreeNodes) {
    this.#table = table;
    this.#nodes = nodes;
  }

  build({ minShare = 0, focus }: BuildOptions = {}): FlameGraph {
    const count = this.#nodes.count;
    const parent = this.#nodes.parent;
    const total = this.#nodes.self.slice(0, count);
    for (let node = count - 1; node > 0; node--) total[parent[node]] += total[node];
    const focused = focus === undefined ? 0 : Math.max(0, this.#find(focus));
    const isKept = this.#keep(total, minShare, focused);
    const { hidden, hiddenValue } = this.#hide(total, isKept);

    const { nodes, depth } = this.#inOrder(isKept);
    const boxes: Box[] = [];
    const renumbered = new Int32Array(this.#table.boxes.length).fill(NONE);
    const box = nodes.map((node) => {
      const old = this.#nodes.box[node];
      if (renumbered[old] === NONE) renumbered[old] = boxes.push(this.#table.boxes[old]) - 1;
      return renumbered[old];
    });
    return {
      boxes,
      length: nodes.length,
      depth,
      box,
      self: Float64Array.from(nodes, (node) => this.#nodes.self[node]),
      total: Float64Array.from(nodes, (node) => total[node]),
      hidden: nodes.map((node) => hidden[node]),
      hiddenValue: Float64Array.from(nodes, (node) => hiddenValue[node]),
    };
  }

  /** Whether a box with this path id is there. */
  has(pathId: string): boolean {
    return this.#find(pathId) !== NONE;
  }

  /** Which nodes are worth drawing: those whose parent is, and that are large enough. */
  #keep(total: Float64Array, minShare: number, focused: number): Uint8Array {
    const parent = this.#nodes.parent;
    const onPath = new Set<number>();
    for (let node = focused; node !== NONE; node = parent[node]) onPath.add(node);
    const outside = Math.abs(total[0]) * minShare;
    const inside = Math.abs(total[focused]) * minShare;
    const isInside = new Uint8Array(this.#nodes.count);
    const isKept = new Uint8Array(this.#nodes.count);
    isInside[focused] = 1;
    isKept[0] = 1;
    for (let node = 1; node < this.#nodes.count; node++) {
      const above = parent[node];
      isInside[node] |= isInside[above];
      const isLarge = Math.abs(total[node]) >= (isInside[node] ? inside : outside);
      if (isKept[above] && (isLarge || onPath.has(node))) isKept[node] = 1;
    }
    return isKept;
  }

  /** How many boxes are missing directly under each kept node, and what they are worth. */
  #hide(total: Float64Array, isKept: Uint8Array) {
    const size = new Uint32Array(this.#nodes.count).fill(1);
    const hidden = new Uint32Array(this.#nodes.count);
    const hiddenValue = new Float64Array(this.#nodes.count);
    for (let node = this.#nodes.count - 1; node > 0; node--) {
      if (isKept[node]) continue;
      const above = this.#nodes.parent[node];
      if (isKept[above]) {
        hidden[above] += size[node];
        hiddenValue[above] += total[node];
      } else size[above] += size[node];
    }
    return { hidden, hiddenValue };
  }

  /** The kept nodes in preorder, children in the order of their names, and how deep each stands. */
  #inOrder(isKept: Uint8Array): { nodes: Uint32Array; depth: Uint32Array } {
    const parent = this.#nodes.parent;
    const box = this.#nodes.box;
    const kept: number[] = [];
    for (let node = 1; node < this.#nodes.count; node++) if (isKept[node]) kept.push(node);
    const rank = rankByName(this.#table.boxes, new Set(kept.map((node) => box[node])));
    // Children of each node as linked lists, made in descending rank so that each list reads in name order.
    const order = Uint32Array.from(kept).sort((a, b) => rank[box[b]] - rank[box[a]]);
    const firstChild = new Int32Array(this.#nodes.count).fill(NONE);
    const nextSibling = new Int32Array(this.#nodes.count).fill(NONE);
    for (const node of order) {
      nextSibling[node] = firstChild[parent[node]];
      firstChild[parent[node]] = node;
    }
    const nodes = new Uint32Array(kept.length + 1);
    const depthOut = new Uint32Array(kept.length + 1);
    let at = 0;
    let depth = 0;
    let node = 0;
    for (;;) {
      nodes[at] = node;
      depthOut[at++] = depth;
      if (firstChild[node] !== NONE) {
        node = firstChild[node];
        depth++;
        continue;
      }
      while (node !== 0 && nextSibling[node] === NONE) {
        node = parent[node];
        depth--;
      }
      if (node === 0) return { nodes, depth: depthOut };
      node = nextSibling[node];
    }
  }

  /** The node that a path id names, or NONE. */
  #find(pathId: string): number {
    const wanted = parsePathId(pathId);
    if (!wanted) return NONE;
    const ids = new Uint32Array(this.#nodes.count * 2);
    const boxes = new Map<number, bigint>();
    const words = new Uint32Array(4);
    for (let node = 1; node < this.#nodes.count; node++) {
      const box = this.#nodes.box[node];
      const hash = boxes.get(box) ?? boxHashOf(this.#table.boxes[box]);
      boxes.set(box, hash);
      words[0] = ids[this.#nodes.parent[node] * 2];
      words[1] = ids[this.#nodes.parent[node] * 2 + 1];
      words[2] = Number(hash & 0xffffffffn);
      words[3] = Number(hash >> 32n);
      hashWords(words, 0, 4, ids, node * 2);
      if (ids[node * 2] === wanted.low && ids[node * 2 + 1] === wanted.high) return node;
    }
    return NONE;
  }
}

/** Position of the used boxes in the order of names; code units, so that every machine orders alike. */
function rankByName(boxes: readonly Box[], used: ReadonlySet<number>): Uint32Array {
  const order = [...used].sort(
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
