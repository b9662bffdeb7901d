import { Agent } from 'node:http';
import { bodiesOf } from './bodies.mjs';
import { pushes } from './fleet.mjs';
import { pushUntilTaken } from './http-push.mjs';
import { wireOf } from './protocol.mjs';
import { Tally } from './tally.mjs';

/**
 * @typedef {object} PushOptions
 * @property {string} url of the server
 * @property {import('./protocol.mjs').Target} target
 * @property {import('./fleet.mjs').Load} load
 * @property {number} skip pushes at the beginning that are left out
 * @property {number} count pushes; fewer where the load has no more
 * @property {number} connections
 * @property {number} rate pushes a second; 0: as fast as they are taken
 */

/**
 * Pushes a stretch of a load. At a rate, a push is timed from the moment at which it was due, so that a server which
 * holds up the generator is not measured by fewer pushes.
 *
 * @param {PushOptions} options
 */
export async function pushLoad({ url, target, load, skip, count, connections, rate }) {
  const bodies = bodiesOf(load);
  const plan = pushes(load);
  for (let i = 0; i < skip; i++) plan.next();
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  const base = new URL(url);
  const tally = new Tally();
  const start = performance.now();
  let next = 0;

  async function pushOne() {
    const planned = plan.next();
    if (planned.done || next >= count) return false;
    const due = rate > 0 ? start + (next / rate) * 1000 : 0;
    const index = skip + next++;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const { push } = planned.value;
    const began = rate > 0 ? due : performance.now();
    const wire = wireOf(target, load.format, push, bodies.read(index));
    const outcome = await pushUntilTaken({ agent, base, ...wire });
    tally.add(push.service, bodies.nanos[index], performance.now() - began, outcome);
    return true;
  }
  async function pushUntilDone() {
    while (await pushOne()) {
      // One after another, as many side by side as there are connections.
    }
  }

  await Promise.all(Array.from({ length: connections }, pushUntilDone));
  const result = tally.result();
  agent.destroy();
  bodies.close();
  return result;
}
