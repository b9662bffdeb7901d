import { gzipSync } from 'node:zlib';
import { PERIOD_NANOS } from './pprof-body.mjs';

/** Interval of nylas' sampler, ns. */
export const NYLAS_NANOS = 5_000_000;

/**
 * Folded stacks, as agents push them: `main;work;parse 30`, as text and as gzip.
 *
 * @param {import('./program.mjs').Program} program
 * @param {import('./window.mjs').Window} window
 */
export function foldedBody(program, window) {
  const text = Buffer.from(lines(program, window, ({ name }) => name));
  return { text, body: gzipSync(text), rawBytes: text.length };
}

/**
 * What a nylas sampler answers: two lines of header, then stacks of `function(module)`.
 *
 * @param {import('./program.mjs').Program} program
 * @param {import('./window.mjs').Window} window
 * @param {number} elapsed seconds since it was last asked
 */
export function nylasBody(program, window, elapsed) {
  const header = `elapsed ${elapsed.toFixed(4)}\ngranularity ${NYLAS_NANOS / 1e9}\n`;
  return header + lines(program, window, ({ short, module }) => `${short}(${module})`);
}

/** What a profile of so many samples is worth, ns. @param {'pprof' | 'folded'} format @param {number} samples */
export function nanosOf(format, samples) {
  // The server takes folded stacks to be sampled 100 times a second, unless it is told otherwise: as Go's are.
  return samples * { pprof: PERIOD_NANOS, folded: PERIOD_NANOS }[format];
}

/**
 * @param {import('./program.mjs').Program} program
 * @param {import('./window.mjs').Window} window
 * @param {(frame: import('./program.mjs').ProgramFunction) => string} nameOf
 */
function lines(program, window, nameOf) {
  let text = '';
  for (let i = 0; i < window.stacks.length; i++) {
    const names = [];
    for (const location of program.stacks[window.stacks[i]]) {
      const { lines: calls } = program.locations[location];
      for (let at = calls.length - 1; at >= 0; at--)
        names.push(nameOf(program.functions[calls[at].function]));
    }
    text += `${names.join(';')} ${window.counts[i]}\n`;
  }
  return text;
}
