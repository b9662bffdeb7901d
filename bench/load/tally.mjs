import { Latencies } from './latencies.mjs';

/**
 * What a run of the generator did. Totals are exact: all values are whole multiples of the sampler's period, and
 * doubles hold them up to 2^53 ns, which is 104 days of CPU time.
 *
 * @typedef {object} LoadResult
 * @property {number} acknowledged pushes
 * @property {number} failed pushes that were never taken; `firstFailure` says why
 * @property {string} firstFailure
 * @property {number} refusals answers of 429 and 503, each tried again
 * @property {number} errors tries without an answer, each tried again
 * @property {Record<string, number>} nanosByService CPU time in what was acknowledged
 * @property {number} seconds from the first push to the last acknowledgement
 * @property {import('./latencies.mjs').Percentiles} acknowledgedAfter ms, retries included
 * @property {number} generatorCpuSeconds of this process, user and system
 */
export class Tally {
  #latencies = new Latencies();
  /** @type {Record<string, number>} */
  #nanosByService = {};
  #acknowledged = 0;
  #failed = 0;
  #firstFailure = '';
  #refusals = 0;
  #errors = 0;
  #start = performance.now();
  #cpu = process.cpuUsage();

  /**
   * @param {string} service
   * @param {number} nanos CPU time in the profile
   * @param {number} milliseconds from when it was to be pushed to its answer
   * @param {import('./http-push.mjs').Outcome} outcome
   */
  add(service, nanos, milliseconds, { ok, refusals, errors, answer }) {
    this.#refusals += refusals;
    this.#errors += errors;
    if (ok) {
      this.#acknowledged++;
      this.#latencies.add(milliseconds);
      this.#nanosByService[service] = (this.#nanosByService[service] ?? 0) + nanos;
    } else {
      this.#failed++;
      this.#firstFailure ||= answer;
    }
  }

  /** @returns {LoadResult} */
  result() {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
      refusals: this.#refusals,
      errors: this.#errors,
      nanosByService: this.#nanosByService,
      seconds: (performance.now() - this.#start) / 1000,
      acknowledgedAfter: this.#latencies.percentiles(),
      generatorCpuSeconds: (user + system) / 1e6,
    };
  }
}

/** Adds the totals of one run to those of others. @param {Record<string, number>} sum @param {LoadResult} result */
export function addTotals(sum, { nanosByService }) {
  for (const [service, nanos] of Object.entries(nanosByService)) sum[service] = (sum[service] ?? 0) + nanos;
}
