import type { Frame } from './frame.ts';
import { LabelBounds, type LabelSet, NO_LABELS } from './label-set.ts';

/** What is measured, by the names that pprof and the server have for it. */
export interface ValueType {
  readonly name: string;
  readonly unit: 'nanoseconds' | 'count' | 'bytes';
  /** How much there is, not how much there was: two windows of it do not add up. */
  readonly level: boolean;
}

export const CPU: ValueType = { name: 'cpu', unit: 'nanoseconds', level: false };
export const WALL: ValueType = { name: 'wall', unit: 'nanoseconds', level: false };
export const LOOP_BLOCK: ValueType = { name: 'loop_block', unit: 'nanoseconds', level: false };
export const ALLOC_SPACE: ValueType = { name: 'alloc_space', unit: 'bytes', level: false };
export const INUSE_OBJECTS: ValueType = { name: 'inuse_objects', unit: 'count', level: true };
export const INUSE_SPACE: ValueType = { name: 'inuse_space', unit: 'bytes', level: true };

/** Stacks as a tree from the root, as V8 has them: a path is stored once. */
export interface StackNode {
  readonly frame: Frame | undefined;
  readonly parent: StackNode | undefined;
  readonly children: Map<Frame, StackNode>;
  /** For each set of labels the values, in the order of the window's types; what is missing at the end is 0. */
  readonly rows: Map<string, Row>;
}

export interface Row {
  readonly labels: LabelSet;
  readonly values: number[];
}

/** Different stacks (with labels) of a window; what is beyond is counted under `[truncated]`. */
export const MAX_ROWS = 4096;
const TRUNCATED: Frame = { name: '[truncated]', module: '', file: '', startLine: 0 };

/** What one thread showed between two moments. Times are unix nanoseconds. */
export class Window {
  readonly root: StackNode = newNode(undefined, undefined);
  readonly types: ValueType[] = [];
  readonly labels = new LabelBounds();
  samples = 0;
  dropped = 0;
  rows = 0;
  /** The capture that this window is; such a window is merged with no other. */
  capture: string | undefined;

  readonly startNanos: bigint;
  endNanos: bigint;
  /** Samples per second that were really taken. */
  rate: number;

  constructor(startNanos: bigint, endNanos: bigint, rate: number) {
    this.startNanos = startNanos;
    this.endNanos = endNanos;
    this.rate = rate;
  }

  /** Says that something is measured: a window in which nothing of it was seen then says that, too. */
  declare(type: ValueType): number {
    const at = this.types.indexOf(type);
    return at < 0 ? this.types.push(type) - 1 : at;
  }

  child(parent: StackNode, frame: Frame): StackNode {
    let node = parent.children.get(frame);
    if (node === undefined) {
      node = newNode(frame, parent);
      parent.children.set(frame, node);
    }
    return node;
  }

  add(node: StackNode, type: ValueType, value: number, labels: LabelSet = NO_LABELS): void {
    if (!(value > 0)) return;
    const bounded = this.labels.within(labels);
    let row = node.rows.get(bounded.key);
    if (row === undefined) {
      if (this.rows >= MAX_ROWS && node.frame !== TRUNCATED) {
        this.add(this.child(this.root, TRUNCATED), type, value);
        return;
      }
      row = { labels: bounded, values: [] };
      node.rows.set(bounded.key, row);
      this.rows++;
    }
    const column = this.declare(type);
    while (row.values.length <= column) row.values.push(0);
    row.values[column] += value;
  }

  /** Makes one window of two, as an outage does: times add up, the resolution in time is what is lost. */
  merge(later: Window): void {
    if (later.endNanos > this.endNanos) this.endNanos = later.endNanos;
    this.rate = Math.min(this.rate, later.rate);
    this.samples += later.samples;
    this.dropped += later.dropped;
    for (const type of later.types) {
      const column = this.declare(type);
      // The later one says how it is now.
      if (type.level)
        for (const { row } of rowsOf(this)) if (column < row.values.length) row.values[column] = 0;
    }
    const here = new Map<StackNode, StackNode>([[later.root, this.root]]);
    for (const node of nodesOf(later)) {
      if (node.parent === undefined || node.frame === undefined) continue;
      const mine = this.child(here.get(node.parent) ?? this.root, node.frame);
      here.set(node, mine);
      for (const { labels, values } of node.rows.values())
        values.forEach((value, i) => {
          this.add(mine, later.types[i], value, labels);
        });
    }
  }

  total(type: ValueType): number {
    const column = this.types.indexOf(type);
    let total = 0;
    if (column >= 0) for (const { row } of rowsOf(this)) total += row.values[column] ?? 0;
    return total;
  }
}

/** Nodes, parents before children. */
export function* nodesOf(window: Window): Generator<StackNode> {
  const open = [window.root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...node.children.values());
  }
}

export function* rowsOf(window: Window): Generator<{ node: StackNode; row: Row }> {
  for (const node of nodesOf(window)) for (const row of node.rows.values()) yield { node, row };
}

function newNode(frame: Frame | undefined, parent: StackNode | undefined): StackNode {
  return { frame, parent, children: new Map(), rows: new Map() };
}
