import { addressName, type Frame } from '../model/frame.ts';
import type { Profile } from '../model/profile.ts';
import { ProfileBuilder } from '../model/profile-builder.ts';
import type { ProfileType } from '../model/profile-type.ts';
import { FormatError } from './format-error.ts';
import type { DecodeLimits } from './limits.ts';

const LARGEST = 2n ** 63n - 1n;

/** Collects stacks that are written as `root;…;leaf`, within the limits. */
export class TextStacks {
  readonly #builder: ProfileBuilder;
  readonly #format: string;
  readonly #limits: DecodeLimits;
  readonly #parseFrame: (text: string) => Partial<Frame>;
  readonly #frames = new Map<string, number>();
  readonly #stacks = new Map<string, number>();
  #stackFrames = 0;

  constructor(
    format: string,
    type: ProfileType,
    limits: DecodeLimits,
    parseFrame: (text: string) => Partial<Frame>,
  ) {
    this.#builder = new ProfileBuilder([type]);
    this.#format = format;
    this.#limits = limits;
    this.#parseFrame = parseFrame;
  }

  add(stack: string, value: bigint, line: number): void {
    if (value > LARGEST || value < -LARGEST) {
      throw new FormatError('malformed', this.#format, 'a value has more than 64 bits', { line });
    }
    const index = this.#stack(stack, line);
    this.#check('samples', this.#builder.sampleCount + 1, this.#limits.samples, line);
    this.#builder.sample(index, [value]);
  }

  build(window: Partial<Omit<Profile, 'types'>>): Profile {
    const profile = this.#builder.build(window);
    this.#check('strings', profile.strings.length, this.#limits.strings);
    return profile;
  }

  #stack(text: string, line: number): number {
    const known = this.#stacks.get(text);
    if (known !== undefined) return known;
    // No text at all is a stack without frames; pprof, too, has such samples.
    const texts = text === '' ? [] : text.split(';', this.#limits.depth + 1);
    this.#check('frames in a stack', texts.length, this.#limits.depth, line);
    this.#stackFrames += texts.length;
    this.#check('frames in all stacks', this.#stackFrames, this.#limits.stackFrames, line);
    const stack = this.#builder.stack(texts.map((frame) => this.#frame(frame, line)));
    this.#stacks.set(text, stack);
    return stack;
  }

  #frame(text: string, line: number): number {
    const known = this.#frames.get(text);
    if (known !== undefined) return known;
    this.#check('bytes in a name', text.length, this.#limits.stringBytes, line);
    this.#check('frames', this.#frames.size + 1, this.#limits.frames, line);
    const frame = this.#builder.frame(this.#parseFrame(text));
    this.#frames.set(text, frame);
    return frame;
  }

  #check(what: string, count: number, limit: number, line?: number): void {
    if (count <= limit) return;
    const at = line === undefined ? {} : { line };
    throw new FormatError('too_large', this.#format, `more than ${limit} ${what}`, at);
  }
}

/** The last word of a line and what is before it, or undefined where the line has no space. */
export function splitCount(line: string): { readonly stack: string; readonly count: string } | undefined {
  const space = line.lastIndexOf(' ');
  return space < 0 ? undefined : { stack: line.slice(0, space), count: line.slice(space + 1) };
}

/**
 * The stacks of a profile as text with their values of one type, equal ones merged, in the order in which they first
 * appear; those whose values add up to 0 are left out.
 */
export function stacksAsText(
  profile: Profile,
  typeIndex: number,
  frameText: (name: string, module: string) => string,
): [stack: string, value: bigint][] {
  const { frames, strings, stacks, samples } = profile;
  const texts = Array.from({ length: frames.length }, (_, frame) =>
    // A separator inside a name would make two frames or lines of one.
    frameText(
      strings.get(frames.function[frame]) || addressName(frames.address[frame]),
      strings.get(frames.module[frame]),
    )
      .replaceAll(';', ':')
      .replaceAll(/[\r\n]/g, ' '),
  );
  const values = samples.values[typeIndex];
  const sums = new Map<string, bigint>();
  for (let i = 0; i < samples.length; i++) {
    const stack = samples.stack[i];
    const text = Array.from(
      stacks.frames.subarray(stacks.offsets[stack], stacks.offsets[stack + 1]),
      (frame) => texts[frame],
    ).join(';');
    sums.set(text, (sums.get(text) ?? 0n) + values[i]);
  }
  return [...sums].filter(([, value]) => value !== 0n);
}
