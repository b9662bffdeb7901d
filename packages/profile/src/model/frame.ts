import type { Profile } from './profile.ts';

/** One frame as an object: for tests, builders and exports, not for hot loops. */
export interface Frame {
  readonly function: string;
  readonly systemName: string;
  readonly file: string;
  readonly module: string;
  readonly buildId: string;
  readonly line: number;
  readonly startLine: number;
  readonly address: bigint;
  readonly inlined: boolean;
}

export const EMPTY_FRAME: Frame = Object.freeze({
  function: '',
  systemName: '',
  file: '',
  module: '',
  buildId: '',
  line: 0,
  startLine: 0,
  address: 0n,
  inlined: false,
});

export function frameAt({ frames, strings }: Pick<Profile, 'frames' | 'strings'>, index: number): Frame {
  return {
    function: strings.get(frames.function[index]),
    systemName: strings.get(frames.systemName[index]),
    file: strings.get(frames.file[index]),
    module: strings.get(frames.module[index]),
    buildId: strings.get(frames.buildId[index]),
    line: frames.line[index],
    startLine: frames.startLine[index],
    address: frames.address[index],
    inlined: frames.inlined[index] === 1,
  };
}

/** The frames of stack `index`, root first. */
export function stackAt(profile: Pick<Profile, 'frames' | 'strings' | 'stacks'>, index: number): Frame[] {
  const { offsets, frames } = profile.stacks;
  const stack: Frame[] = [];
  for (let i = offsets[index]; i < offsets[index + 1]; i++) stack.push(frameAt(profile, frames[i]));
  return stack;
}

/** The name of a frame that has no symbol. */
export function addressName(address: bigint): string {
  return address === 0n ? '[unknown]' : `0x${address.toString(16)}`;
}
