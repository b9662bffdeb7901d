import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { serviceName } from './fleet.mjs';
import { pushUntilTaken } from './http-push.mjs';
import { createProgram } from './program.mjs';
import { createRandom, seedOf } from './random.mjs';
import { Tally } from './tally.mjs';
import { foldedBody, nanosOf } from './text-body.mjs';
import { drawWindow } from './window.mjs';

/**
 * @typedef {object} AgentsOptions
 * @property {string} url
 * @property {import('./protocol.mjs').Target} target
 * @property {number} agents each with a connection of its own
 * @property {number} services that they belong to
 * @property {number} everySeconds
 * @property {number} seconds how long all of it lasts
 * @property {number} stacksPerProfile
 * @property {number} seed
 */

/** Bodies of each service; agents take turns with them. */
const BODIES = 24;
const STACKS = 400;

/**
 * Many agents that push a small folded profile now and then, each at its own moment, whether or not others have been
 * answered. A push is timed from the moment at which it was due.
 *
 * @param {AgentsOptions} options
 */
export async function pushAgents(options) {
  const { url, target, agents, services, everySeconds, seconds, stacksPerProfile, seed } = options;
  const base = new URL(url);
  const bodies = Array.from({ length: services }, (_, service) => {
    const program = createProgram(seedOf(seed, service), STACKS);
    return Array.from({ length: BODIES }, (_, i) => {
      const window = drawWindow(program, seedOf(seed, service, i), stacksPerProfile);
      const { text, body } = foldedBody(program, window);
      return { text, gzip: body, nanos: nanosOf('folded', window.samples) };
    });
  });
  const random = createRandom(seed);
  const fleet = Array.from({ length: agents }, (_, i) => ({
    service: i % services,
    name: encodeURIComponent(`${serviceName(i % services)}{instance=agent-${i}}`),
    instance: randomUUID(),
    offsetMs: random() * everySeconds * 1000,
    http: new Agent({ keepAlive: true, maxSockets: 1 }),
  }));
  const rounds = Math.max(1, Math.floor(seconds / everySeconds));
  const tally = new Tally();
  const start = performance.now();
  const epochMs = Date.now();

  async function run(/** @type {(typeof fleet)[number]} */ agent) {
    const under = [];
    for (let round = 0; round < rounds; round++) {
      const dueMs = agent.offsetMs + round * everySeconds * 1000;
      await new Promise((resolve) => setTimeout(resolve, start + dueMs - performance.now()));
      // An agent's next window does not wait for the answer to the last.
      under.push(pushOnce(agent, round, dueMs));
    }
    await Promise.all(under);
    agent.http.destroy();
  }

  async function pushOnce(
    /** @type {(typeof fleet)[number]} */ agent,
    /** @type {number} */ round,
    /** @type {number} */ dueMs,
  ) {
    const { text, gzip, nanos } = bodies[agent.service][(round * 7 + Math.floor(agent.offsetMs)) % BODIES];
    const until = Math.floor((epochMs + dueMs) / 1000);
    const outcome = await pushUntilTaken({
      agent: agent.http,
      base,
      path: `/ingest?name=${agent.name}&from=${until - everySeconds}&until=${until}&format=folded&sampleRate=100`,
      headers: {
        'content-type': 'text/plain',
        ...(target === 'everflame' && {
          'content-encoding': 'gzip',
          'everflame-protocol': '1',
          'everflame-instance': agent.instance,
          'everflame-sequence': String(round),
        }),
      },
      body: target === 'everflame' ? gzip : text,
    });
    tally.add(serviceName(agent.service), nanos, performance.now() - start - dueMs, outcome);
  }

  await Promise.all(fleet.map(run));
  return tally.result();
}
