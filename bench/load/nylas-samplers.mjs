import { createServer } from 'node:http';
import { createProgram } from './program.mjs';
import { seedOf } from './random.mjs';
import { NYLAS_NANOS, nylasBody } from './text-body.mjs';
import { drawWindow } from './window.mjs';

/**
 * @typedef {object} SamplersOptions
 * @property {number} samplers each on a port of its own
 * @property {number} firstPort
 * @property {number} stacksPerProfile
 * @property {number} seed
 *
 * @typedef {object} SamplersResult
 * @property {number} answers
 * @property {number} nanos CPU time in all answers
 * @property {number} generatorCpuSeconds
 */

/** Answers of one sampler; it gives them in turn. */
const BODIES = 8;
const STACKS = 1000;

/**
 * Many programs with nylas' sampler in them, for `everflame collect` to poll: `GET /?reset=true` answers with what was
 * counted since it was last asked. What is answered counts as given away, as in the real one.
 *
 * @param {SamplersOptions} options
 * @returns {Promise<{ stop: () => SamplersResult }>}
 */
export async function serveSamplers({ samplers, firstPort, stacksPerProfile, seed }) {
  let answers = 0;
  let samples = 0;
  const program = createProgram(seed, STACKS);
  const drawn = Array.from({ length: BODIES }, (_, i) =>
    drawWindow(program, seedOf(seed, i), stacksPerProfile),
  );
  const bodies = drawn.map((window) => nylasBody(program, window, 10).split('\n').slice(1).join('\n'));
  const servers = await Promise.all(Array.from({ length: samplers }, (_, i) => sampler(firstPort + i)));
  const cpu = process.cpuUsage();

  /** @param {number} port @returns {Promise<import('node:http').Server>} */
  function sampler(port) {
    let since = performance.now();
    let turn = port;
    const server = createServer((_request, response) => {
      const now = performance.now();
      const index = turn++ % BODIES;
      answers++;
      samples += drawn[index].samples;
      response.end(`elapsed ${((now - since) / 1000).toFixed(4)}\n${bodies[index]}`);
      since = now;
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  }

  return {
    stop() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      const { user, system } = process.cpuUsage(cpu);
      return { answers, nanos: samples * NYLAS_NANOS, generatorCpuSeconds: (user + system) / 1e6 };
    },
  };
}
