import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programsOf, pushes } from './fleet.mjs';
import { pprofBody } from './pprof-body.mjs';
import { seedOf } from './random.mjs';
import { foldedBody, nanosOf } from './text-body.mjs';
import { drawWindow } from './window.mjs';

/** Changes when other bytes are made from the same load. */
const VERSION = 3;

/**
 * The bodies of a load, in the order of its pushes, in a file: encoding costs as much as the server's work, and must
 * not happen while that is measured. What was made stays in the system's directory for temporary files.
 *
 * @typedef {object} Bodies
 * @property {number} count
 * @property {(index: number) => Buffer} read
 * @property {Float64Array} nanos CPU time in each
 * @property {Uint32Array} sizes bytes of each as it is pushed
 * @property {number} rawBytes of all, decompressed
 * @property {number} pairs of (stack, value) in all
 * @property {() => void} close
 */

/** @param {import('./fleet.mjs').Load} load @param {(done: number) => void} [progress] @returns {Bodies} */
export function bodiesOf(load, progress) {
  const shape = {
    ...load,
    fleets: load.fleets.map(({ untilSeconds: _, ...fleet }) => fleet),
    version: VERSION,
  };
  const name = createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
  const dir = join(tmpdir(), 'everflame-bench-bodies');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.bin`);
  const indexFile = join(dir, `${name}.json`);
  if (!existsSync(indexFile)) make(load, file, indexFile, progress);
  return open(file, indexFile);
}

/** @typedef {{ sizes: number[], nanos: number[], rawBytes: number, pairs: number }} Index */

/**
 * @param {import('./fleet.mjs').Load} load
 * @param {string} file
 * @param {string} indexFile
 * @param {((done: number) => void) | undefined} progress
 */
function make(load, file, indexFile, progress) {
  const programOf = programsOf(load);
  const out = openSync(file, 'w');
  /** @type {Index} */
  const index = { sizes: [], nanos: [], rawBytes: 0, pairs: 0 };
  for (const { service, process, window, seconds } of pushes(load)) {
    const program = programOf(service);
    const counted = drawWindow(
      program,
      seedOf(load.seed, service, process, window, seconds),
      load.stacksPerProfile,
    );
    const { body, rawBytes } =
      load.format === 'pprof' ? pprofBody(program, counted, seconds) : foldedBody(program, counted);
    writeSync(out, body);
    index.sizes.push(body.length);
    index.nanos.push(nanosOf(load.format, counted.samples));
    index.rawBytes += rawBytes;
    index.pairs += counted.stacks.length;
    if (index.sizes.length % 1000 === 0) progress?.(index.sizes.length);
  }
  closeSync(out);
  // The index is there only once all bodies are.
  writeFileSync(`${indexFile}.part`, JSON.stringify(index));
  renameSync(`${indexFile}.part`, indexFile);
}

/** @param {string} file @param {string} indexFile @returns {Bodies} */
function open(file, indexFile) {
  /** @type {Index} */
  const index = JSON.parse(readFileSync(indexFile, 'utf8'));
  const sizes = Uint32Array.from(index.sizes);
  const offsets = new Float64Array(sizes.length);
  for (let i = 1; i < sizes.length; i++) offsets[i] = offsets[i - 1] + sizes[i - 1];
  const descriptor = openSync(file, 'r');
  return {
    count: sizes.length,
    sizes,
    nanos: Float64Array.from(index.nanos),
    rawBytes: index.rawBytes,
    pairs: index.pairs,
    read(i) {
      const body = Buffer.allocUnsafe(sizes[i]);
      readSync(descriptor, body, 0, body.length, offsets[i]);
      return body;
    },
    close: () => closeSync(descriptor),
  };
}
