import { createRandom, drawFrom } from './random.mjs';

/**
 * What a sampler counted in one window: some of a program's stacks, and how often each was met.
 *
 * @typedef {object} Window
 * @property {Uint32Array} stacks indices into the program's stacks
 * @property {Uint32Array} counts
 * @property {number} samples sum of the counts
 */

/**
 * Draws stacks by their weights until so many distinct ones were met.
 *
 * @param {import('./program.mjs').Program} program
 * @param {number} seed
 * @param {number} distinct
 * @returns {Window}
 */
export function drawWindow(program, seed, distinct) {
  const random = createRandom(seed);
  /** @type {Map<number, number>} */
  const counts = new Map();
  let samples = 0;
  const wanted = Math.min(distinct, program.stacks.length);
  while (counts.size < wanted) {
    const stack = drawFrom(program.weights, random);
    counts.set(stack, (counts.get(stack) ?? 0) + 1);
    samples++;
  }
  return { stacks: Uint32Array.from(counts.keys()), counts: Uint32Array.from(counts.values()), samples };
}
