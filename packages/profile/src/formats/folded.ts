import type { Profile } from '../model/profile.ts';
import type { ProfileType } from '../model/profile-type.ts';
import { FormatError } from './format-error.ts';
import { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
import { textLines } from './text-lines.ts';
import { splitCount, stacksAsText, TextStacks } from './text-stacks.ts';

export interface FoldedOptions {
  /** What the counts are; the text does not say. */
  readonly type: ProfileType;
  /** What one count stands for in the unit of the type, e.g. 10,000,000 ns for samples at 100 Hz. Default: 1. */
  readonly scale?: bigint;
  /** Each line is a stack that counts 1, with no number after it. */
  readonly lines?: boolean;
  /** Pass over lines that are not `stack count`, comments say, instead of refusing the whole. */
  readonly lenient?: boolean;
}

export interface FoldedProfile {
  readonly profile: Profile;
  /** Lines that were passed over; 0 unless `lenient`. Empty lines do not count. */
  readonly skippedLines: number;
}

/**
 * Decodes folded stacks, the input of flamegraph.pl (https://github.com/brendangregg/FlameGraph): a line for each
 * stack, frames root first and joined by `;`, a space, the count. Frames may hold spaces: the count follows the last.
 * It may be negative (a difference) or, as flamegraph.pl takes it, a decimal (`12.5`): the value, count × scale, is
 * rounded half up. UTF-8, or UTF-16 with a byte order mark; LF or CR LF.
 *
 * @throws FormatError `malformed` with the line that is not `stack count`, `too_large` past one of the limits.
 */
export function decodeFolded(
  bytes: Uint8Array,
  options: FoldedOptions,
  limits: DecodeLimits = DEFAULT_LIMITS,
): FoldedProfile {
  if (bytes.length > limits.bytes) {
    throw new FormatError('too_large', 'folded', `${bytes.length} bytes where ${limits.bytes} are accepted`);
  }
  const { type, scale = 1n, lines = false, lenient = false } = options;
  const stacks = new TextStacks('folded', type, limits, (text) => ({ function: text }));
  let skippedLines = 0;
  for (const { text, number } of textLines(bytes)) {
    if (text === '') continue;
    if (lines) {
      stacks.add(text, scale, number);
      continue;
    }
    const split = splitCount(text);
    const value = split && scaledCount(split.count, scale);
    if (split && value !== undefined) stacks.add(split.stack, value, number);
    else if (lenient) skippedLines++;
    else {
      throw new FormatError('malformed', 'folded', 'a line must be a stack, a space and a count', {
        line: number,
      });
    }
  }
  return { profile: stacks.build({ period: scale === 1n ? 0n : scale }), skippedLines };
}

/** More digits cannot be a count, and would take time to read. */
const COUNT = /^(-?)([0-9]{1,19})(?:\.([0-9]{0,19}))?$/;

/** `count` × `scale`, rounded; undefined where it is no number. */
function scaledCount(count: string, scale: bigint): bigint | undefined {
  const match = COUNT.exec(count);
  if (!match) return undefined;
  const [, sign, whole, fraction = ''] = match;
  const unit = 10n ** BigInt(fraction.length);
  const value = (BigInt(whole + fraction) * scale * 2n + unit) / (unit * 2n);
  return sign === '' ? value : -value;
}

/**
 * The profile's values of one type as folded stacks, equal stacks merged, in the order in which they first appear.
 *
 * A frame is its function's name, or its address where it has none. The format has no way to write a separator in a
 * name: `;` becomes `:`, and the end of a line a space. Stacks whose values add up to 0 are left out.
 */
export function encodeFolded(profile: Profile, typeIndex = profile.defaultType): string {
  return stacksAsText(profile, typeIndex, (name) => name)
    .map(([stack, value]) => `${stack} ${value}\n`)
    .join('');
}
