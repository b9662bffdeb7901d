import { hashString, hashWords } from '../model/hash64.ts';
import { type Box, boxLocation, type FlameGraph } from './flame-graph.ts';

/**
 * Names a box by where it stands: the hash of the path of boxes from the root to it. It says the same box in every
 * picture of the same program, whatever else is in the picture, so that it can stand in a URL.
 *
 * Two words per node; the root's are 0.
 */
export function pathIds(graph: FlameGraph): Uint32Array {
  const boxHash = new BigUint64Array(graph.boxes.map(boxHashOf));
  const boxWords = new Uint32Array(boxHash.buffer);
  const ids = new Uint32Array(graph.length * 2);
  const words = new Uint32Array(4);
  const ancestor: number[] = [0];
  for (let i = 1; i < graph.length; i++) {
    const depth = graph.depth[i];
    ancestor[depth] = i;
    const parent = ancestor[depth - 1] * 2;
    const box = graph.box[i] * 2;
    words[0] = ids[parent];
    words[1] = ids[parent + 1];
    words[2] = boxWords[box];
    words[3] = boxWords[box + 1];
    hashWords(words, 0, 4, ids, i * 2);
  }
  return ids;
}

/** What a box adds to the paths through it. */
export function boxHashOf(box: Box): bigint {
  return hashString(`${box.function}\0${boxLocation(box)}`);
}

/** The path id of one node as 16 hexadecimal digits, as it stands in URLs. */
export function formatPathId(ids: Uint32Array, node: number): string {
  const hex = (word: number) => word.toString(16).padStart(8, '0');
  return hex(ids[node * 2 + 1]) + hex(ids[node * 2]);
}

/** The two words of a path id, or undefined where the text is none. */
export function parsePathId(id: string): { readonly low: number; readonly high: number } | undefined {
  if (!/^[0-9a-f]{16}$/.test(id)) return undefined;
  return { high: Number.parseInt(id.slice(0, 8), 16), low: Number.parseInt(id.slice(8), 16) };
}

/** The node that a path id (16 hexadecimal digits) names, or -1. */
export function findByPathId(graph: FlameGraph, id: string, ids = pathIds(graph)): number {
  const wanted = parsePathId(id);
  if (!wanted) return -1;
  for (let i = 0; i < graph.length; i++) {
    if (ids[i * 2] === wanted.low && ids[i * 2 + 1] === wanted.high) return i;
  }
  return -1;
}
