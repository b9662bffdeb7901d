/**
 * Numbers that look random and are the same for the same seed, so that two runs push the same bytes.
 *
 * @typedef {() => number} Random numbers in [0, 1)
 */

/**
 * Mulberry32: 32 bits of state, fast, and good enough to draw profiles with.
 *
 * @param {number} seed
 * @returns {Random}
 */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A seed for one thing among many.
 *
 * @param {...number} parts
 */
export function seedOf(...parts) {
  let seed = 0x9e3779b9;
  for (const part of parts) seed = Math.imul(seed ^ part, 0x85ebca6b) ^ (seed >>> 13);
  return seed >>> 0;
}

/**
 * Sums of Zipf's weights, for `drawFrom`: the n-th of `count` weighs n^-exponent.
 *
 * @param {number} count
 * @param {number} exponent
 */
export function zipf(count, exponent) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  return sums;
}

/**
 * An index, as often as its weight says.
 *
 * @param {Float64Array} sums ascending
 * @param {Random} random
 */
export function drawFrom(sums, random) {
  const at = random() * sums[sums.length - 1];
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
