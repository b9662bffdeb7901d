import { spawn } from 'node:child_process';

// A benchmark that is interrupted takes what it has started with it.
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, () => process.exit(code));
}

/** What is kept of what a program prints, characters. */
const KEPT = 20_000;

/**
 * A program that runs until it is ended.
 *
 * @typedef {object} Child
 * @property {number} pid
 * @property {() => string} log the end of what it printed
 * @property {() => boolean} ended
 * @property {(signal?: NodeJS.Signals) => Promise<void>} end
 */

/** @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] @returns {Child} */
export function startChild(command, args, env = process.env) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let log = '';
  const read = (/** @type {Buffer} */ chunk) => {
    log = (log + chunk.toString()).slice(-KEPT);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.on('error', (error) => {
    log += String(error);
  });
  const exit = new Promise((resolve) => child.once('close', resolve));
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const ended = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    pid: child.pid ?? 0,
    log: () => log,
    ended,
    async end(signal = 'SIGTERM') {
      process.off('exit', stop);
      if (ended()) return;
      child.kill(signal);
      await exit;
    },
  };
}

/** Runs a program to its end; its errors are shown. @param {string} command @param {readonly string[]} args */
export async function outputOf(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.off('exit', stop);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}`);
  return out;
}

/**
 * Asks until there is something.
 *
 * @template T
 * @param {string} what
 * @param {number} seconds
 * @param {() => Promise<T | undefined>} probe
 */
export async function until(what, seconds, probe) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @param {number} seconds */
export function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
