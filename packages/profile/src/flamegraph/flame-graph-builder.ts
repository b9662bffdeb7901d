import { BoxTable } from './box-table.ts';
import type { Box, FlameGraph } from './flame-graph.ts';
import { type BuildOptions, FlameTree } from './flame-tree.ts';
import { StackTree } from './stack-tree.ts';

/** Merges stacks into a tree, one after another. */
export class FlameGraphBuilder {
  readonly #table = new BoxTable();
  readonly #tree = new StackTree();
  #self = new Float64Array(1024);

  /** Index of the box for frames of this function. */
  box(box: Box): number {
    return this.#table.indexOf(box);
  }

  /** Adds `value` to the stack of the boxes `boxes[start..end)`, root first. */
  add(boxes: ArrayLike<number>, value: number, start = 0, end = boxes.length): void {
    const node = this.#tree.add(boxes, start, end);
    if (this.#tree.parent.length > this.#self.length) this.#grow();
    this.#self[node] += value;
  }

  build(options?: BuildOptions): FlameGraph {
    return this.#flameTree().build(options);
  }

  /** Whether a box with this path id is there. */
  has(pathId: string): boolean {
    return this.#flameTree().has(pathId);
  }

  #flameTree(): FlameTree {
    const { count, parent, box } = this.#tree;
    return new FlameTree(this.#table, { count, parent, box, self: this.#self });
  }

  #grow(): void {
    const self = new Float64Array(this.#tree.parent.length);
    self.set(this.#self);
    this.#self = self;
  }
}
