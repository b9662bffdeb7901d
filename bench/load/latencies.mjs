/**
 * Times of many requests and their percentiles.
 *
 * @typedef {object} Percentiles milliseconds
 * @property {number} count
 * @property {number} p50
 * @property {number} p90
 * @property {number} p99
 * @property {number} max
 */
export class Latencies {
  /** @type {number[]} */
  #times = [];

  /** @param {number} milliseconds */
  add(milliseconds) {
    this.#times.push(milliseconds);
  }

  /** @returns {Percentiles} */
  percentiles() {
    const sorted = Float64Array.from(this.#times).sort();
    const at = (/** @type {number} */ share) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
    return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}
