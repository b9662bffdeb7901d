import { join } from 'node:path';
import { bodiesOf } from '../load/bodies.mjs';
import { outputOf } from './child.mjs';
import { parseObject } from './subject.mjs';

const GENERATOR = join(import.meta.dirname, '../load/generator.mjs');

/** Makes the bodies of a load, if no run before did. @param {import('../load/fleet.mjs').Load} load */
export function prepareBodies(load) {
  let shown = false;
  const bodies = bodiesOf(load, (done) => {
    shown = true;
    process.stderr.write(`\r${done} profiles made`);
  });
  if (shown) process.stderr.write('\n');
  bodies.close();
}

/**
 * Pushes from a process of its own.
 *
 * @param {import('../load/push-load.mjs').PushOptions} options
 */
export function generatePushes(options) {
  return generate('push', options);
}

/** @param {import('../load/push-agents.mjs').AgentsOptions} options */
export function generateAgents(options) {
  return generate('agents', options);
}

/** @param {string} command @param {object} options */
async function generate(command, options) {
  const result = parseObject(await outputOf(process.execPath, [GENERATOR, command, JSON.stringify(options)]));
  if (typeof result.acknowledged !== 'number') throw new Error('the generator gave no result');
  // Written by the generator beside this file.
  return /** @type {import('../load/tally.mjs').LoadResult} */ (/** @type {unknown} */ (result));
}
