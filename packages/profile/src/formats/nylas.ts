import type { Frame } from '../model/frame.ts';
import type { Profile } from '../model/profile.ts';
import { CPU_TIME } from '../model/profile-type.ts';
import { FormatError } from './format-error.ts';
import { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
import { textLines } from './text-lines.ts';
import { splitCount, stacksAsText, TextStacks } from './text-stacks.ts';

/** The sampler's interval where a profile does not say: 5 ms. */
const DEFAULT_GRANULARITY_NANOS = 5_000_000n;

/**
 * Decodes what the stack sampler of nylas-perftools answers (https://github.com/nylas/nylas-perftools,
 * stacksampler.py):
 *
 *     elapsed 61.0312
 *     granularity 0.005
 *     main(__main__);work(app.jobs);parse(json.decoder) 412
 *
 * `elapsed` (s) becomes the duration; a count times `granularity` (s of the process's user CPU time) the value in
 * nanoseconds. A frame `function(module)` is function and module, the module being what stands in the last balanced
 * parentheses at its end; one without is all function. Frames may hold spaces: the count follows the last.
 *
 * @throws FormatError `wrong_format` where the two header lines are missing, `malformed` with the line that is not
 *   `stack count`, `too_large` past one of the limits.
 */
export function decodeNylas(bytes: Uint8Array, limits: DecodeLimits = DEFAULT_LIMITS): Profile {
  if (bytes.length > limits.bytes) {
    throw new FormatError('too_large', 'nylas', `${bytes.length} bytes where ${limits.bytes} are accepted`);
  }
  const lines = textLines(bytes);
  const elapsed = headerNanos(lines.next().value?.text, 'elapsed', 1);
  const granularity = headerNanos(lines.next().value?.text, 'granularity', 2);
  if (granularity === 0n) {
    throw new FormatError('malformed', 'nylas', 'the granularity is 0', { line: 2 });
  }
  const stacks = new TextStacks('nylas', CPU_TIME, limits, parseNylasFrame);
  for (const { text, number } of lines) {
    if (text === '') continue;
    const split = splitCount(text);
    if (!split || !/^[0-9]{1,19}$/.test(split.count)) {
      throw new FormatError('malformed', 'nylas', 'a line must be a stack, a space and a count', {
        line: number,
      });
    }
    stacks.add(split.stack, BigInt(split.count) * granularity, number);
  }
  return stacks.build({ durationNanos: elapsed, period: granularity });
}

/** Seconds as Python prints a float: `61.0312`, `0.005`, `1e-05`. */
const SECONDS = /^[0-9]{1,10}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?$/;
/** A hundred years, as a bound for what a clock can have measured. */
const LARGEST_SECONDS = 3_155_760_000;

function headerNanos(line: string | undefined, name: string, number: number): bigint {
  const value = line?.startsWith(`${name} `) ? line.slice(name.length + 1) : '';
  const seconds = SECONDS.test(value) ? Number(value) : Number.NaN;
  if (!(seconds <= LARGEST_SECONDS)) {
    throw new FormatError('wrong_format', 'nylas', `it must begin with lines 'elapsed' and 'granularity'`, {
      line: number,
    });
  }
  return BigInt(Math.round(seconds * 1e9));
}

/** `function(module)` as function and module. Printed back as `nylasFrame` does, it is the same text. */
export function parseNylasFrame(text: string): Pick<Frame, 'function' | 'module'> {
  const open = text.endsWith(')') ? openingParenthesis(text) : -1;
  // Neither part may be empty: `f()` is the name of a function, and what has no function's name is all function.
  if (open <= 0 || open === text.length - 2) return { function: text, module: '' };
  return { function: text.slice(0, open), module: text.slice(open + 1, -1) };
}

/** Where the parenthesis opens that the last character closes, or -1. */
function openingParenthesis(text: string): number {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(' && --depth === 0) return i;
  }
  return -1;
}

/** A frame as nylas-perftools prints it. */
export function nylasFrame(name: string, module: string): string {
  return module === '' ? name : `${name}(${module})`;
}

/**
 * The profile's values of one type as nylas-perftools' sampler would answer them, highest count first. Counts are
 * values over the profile's period (5 ms where it has none), rounded; stacks that come to 0 are left out. In names
 * `;` becomes `:`, and the end of a line a space.
 */
export function encodeNylas(profile: Profile, typeIndex = profile.defaultType): string {
  const granularity = profile.period > 0n ? profile.period : DEFAULT_GRANULARITY_NANOS;
  const lines = stacksAsText(profile, typeIndex, nylasFrame)
    .map(([stack, value]) => ({ stack, count: (value * 2n + granularity) / (granularity * 2n) }))
    .filter(({ count }) => count > 0n)
    .sort((a, b) => (a.count < b.count ? 1 : a.count > b.count ? -1 : 0))
    .map(({ stack, count }) => `${stack} ${count}\n`);
  return [
    `elapsed ${asSeconds(profile.durationNanos)}\n`,
    `granularity ${asSeconds(granularity)}\n`,
    ...lines,
  ].join('');
}

function asSeconds(nanos: bigint): string {
  const digits = String(nanos % 1_000_000_000n).padStart(9, '0');
  return `${nanos / 1_000_000_000n}.${digits.replace(/0{1,8}$/, '')}`;
}
