import type { FlameGraph } from '@everflame/profile';

/**
 * Where every box lies: an icicle, root on top, as columns in row order, so that a row is one sorted stretch of
 * memory and is searched by halving.
 *
 *     row 0  [ root                            ]     left and right are shares of the root's total: 0 to 1
 *     row 1  [ main            ][ gc    ]            children lie from their parent's left edge, in name order
 *     row 2  [ parse ][ /////// ]                    ///: boxes under main that the server left out for size
 */
export interface FlameLayout {
  readonly graph: FlameGraph;
  /** Row `r` is the entries `offsets[r]` to `offsets[r + 1] - 1`. */
  readonly offsets: Uint32Array;
  readonly rows: number;
  /** The node that an entry shows; with HIDDEN set, what is left out directly under that node. */
  readonly entry: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
  /** The entry of each node. */
  readonly place: Uint32Array;
}

/** Top bit of an entry. A graph of 2^31 nodes would not fit into memory. */
export const HIDDEN = 0x80000000;

export function isHidden(entry: number): boolean {
  return entry >= HIDDEN;
}

/** The node of an entry, or under which an entry's boxes are left out. */
export function nodeOf(entry: number): number {
  return entry & ~HIDDEN;
}

/** One pass over the nodes in preorder, without recursion: stacks can be thousands of frames deep. */
export function layOut(graph: FlameGraph): FlameLayout {
  const { length, depth, total, hidden, hiddenValue } = graph;
  const offsets = rowOffsets(graph);
  const rows = offsets.length - 1;
  const size = offsets[rows];
  const entry = new Uint32Array(size);
  const left = new Float64Array(size);
  const right = new Float64Array(size);
  const place = new Uint32Array(length);

  const whole = total[0] > 0 ? total[0] : 1;
  /** Next free entry of each row. */
  const free = offsets.slice();
  /** Where the next box of each row begins, as a value. */
  const cursor = new Float64Array(rows + 1);
  const open = new Uint32Array(rows + 1);
  let opened = 0;

  const put = (row: number, what: number, value: number) => {
    const at = free[row]++;
    const begin = cursor[row];
    // What shrinks (a difference of levels) has no width of its own.
    const end = begin + Math.max(0, value);
    entry[at] = what;
    left[at] = begin / whole;
    right[at] = end / whole;
    cursor[row] = end;
    return at;
  };
  const close = (downTo: number) => {
    while (opened > downTo) {
      const node = open[--opened];
      if (hidden[node] > 0) put(depth[node] + 1, (node | HIDDEN) >>> 0, hiddenValue[node]);
    }
  };
  for (let node = 0; node < length; node++) {
    const row = depth[node];
    close(row);
    const begin = cursor[row];
    place[node] = put(row, node, total[node]);
    cursor[row + 1] = begin;
    open[opened++] = node;
  }
  close(0);
  return { graph, offsets, rows, entry, left, right, place };
}

function rowOffsets({ length, depth, hidden }: FlameGraph): Uint32Array {
  let deepest = 0;
  for (let i = 0; i < length; i++) {
    const reach = depth[i] + (hidden[i] > 0 ? 1 : 0);
    if (reach > deepest) deepest = reach;
  }
  const offsets = new Uint32Array(deepest + 2);
  for (let i = 0; i < length; i++) {
    offsets[depth[i] + 1]++;
    if (hidden[i] > 0) offsets[depth[i] + 2]++;
  }
  for (let row = 1; row < offsets.length; row++) offsets[row] += offsets[row - 1];
  return offsets;
}

/** How many rows from the root down to the deepest thing drawn at or under `node`. */
export function rowsDownFrom({ graph, rows }: FlameLayout, node: number): number {
  if (node === 0) return rows;
  const { depth, hidden, length } = graph;
  let deepest = 0;
  let i = node;
  do {
    deepest = Math.max(deepest, depth[i] + (hidden[i] > 0 ? 1 : 0));
    i++;
  } while (i < length && depth[i] > depth[node]);
  return deepest + 1;
}
