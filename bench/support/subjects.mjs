import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEverflame } from './everflame.mjs';
import { findPyroscope, startPyroscope } from './pyroscope.mjs';

/**
 * A server that can be started, again and again, on a directory of its own.
 *
 * @typedef {{ name: string, dir: string, start: () => Promise<import('./subject.mjs').Subject> }} Candidate
 */

/**
 * Measures each server that there is, one after the other: on two cores they would measure each other.
 *
 * @template T
 * @param {{ only: string, data: string }} options
 * @param {(candidate: Candidate) => Promise<T>} measure
 * @returns {Promise<Record<string, T>>} by name
 */
export async function eachSubject({ only, data }, measure) {
  const binary = findPyroscope();
  const home = data === '' ? mkdtempSync(join(tmpdir(), 'everflame-bench-')) : data;
  /** @type {Record<string, T>} */
  const results = {};
  try {
    if (only !== 'pyroscope') {
      const dir = join(home, 'everflame');
      results.Everflame = await measure({ name: 'Everflame', dir, start: () => startEverflame(dir) });
    }
    if (only !== 'everflame' && binary !== undefined) {
      const dir = join(home, 'pyroscope');
      try {
        results.Pyroscope = await measure({
          name: 'Pyroscope',
          dir,
          start: () => startPyroscope(binary, dir),
        });
      } catch (error) {
        // What was measured of ours is told all the same.
        say(`Pyroscope could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    if (data === '') rmSync(home, { recursive: true, force: true });
  }
  return results;
}

/** Says what is going on, where a result alone is asked for too. @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}
