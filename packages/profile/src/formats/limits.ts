/**
 * What a decoder accepts. Everything is checked before memory is allocated for it, so that a small body that claims
 * to hold a billion samples costs nothing.
 */
export interface DecodeLimits {
  /** Bytes of one profile after decompression. */
  readonly bytes: number;
  /** Entries of the string table. */
  readonly strings: number;
  /** Bytes of one string (a function's name, a path). */
  readonly stringBytes: number;
  /** Distinct frames. */
  readonly frames: number;
  /** Frames of one stack. */
  readonly depth: number;
  /** Frames of all distinct stacks together. */
  readonly stackFrames: number;
  readonly samples: number;
  /** Value types of one profile. */
  readonly types: number;
  /** Labels of one sample. */
  readonly labels: number;
}

export const DEFAULT_LIMITS: DecodeLimits = Object.freeze({
  bytes: 64 << 20,
  strings: 1_000_000,
  stringBytes: 64 << 10,
  frames: 1_000_000,
  depth: 4096,
  stackFrames: 16_000_000,
  samples: 2_000_000,
  types: 32,
  labels: 64,
});
