import { type Box, boxLocation, ROOT_BOX } from './flame-graph.ts';

/** Boxes with a number each: what is drawn as the same box has the same number. The root's is 0. */
export class BoxTable {
  readonly boxes: Box[] = [ROOT_BOX];
  readonly #index = new Map<string, number>([[keyOf(ROOT_BOX), 0]]);

  indexOf(box: Box): number {
    const key = keyOf(box);
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const index = this.boxes.push(box) - 1;
    this.#index.set(key, index);
    return index;
  }
}

function keyOf(box: Box): string {
  return `${box.function}\0${box.module ? 'm' : 'f'}\0${boxLocation(box)}`;
}
