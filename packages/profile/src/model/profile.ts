import type { Labels } from './labels.ts';
import type { ProfileType } from './profile-type.ts';
import type { StringTable } from './string-table.ts';

/**
 * What one process showed during one window, as columns.
 *
 *     samples.stack ──▶ stacks ──▶ frames ──▶ strings
 *     samples.labels ─▶ labelSets
 *     samples.values[t][i]: value of sample i in the unit of types[t]
 *
 * Several samples may have the same stack and labels; their values add up.
 */
export interface Profile {
  /** Start of the window, unix time in nanoseconds; 0 where the format does not say. */
  readonly startNanos: bigint;
  /** Length of the window in nanoseconds; 0 where the format does not say. */
  readonly durationNanos: bigint;
  /** One type for each column of values. */
  readonly types: readonly ProfileType[];
  /** Index into `types` of the one to show first. */
  readonly defaultType: number;
  /** What one count of a sampler stands for, in the period unit of the types (e.g. 10,000,000 ns); 0: unknown. */
  readonly period: bigint;
  readonly strings: StringTable;
  readonly frames: FrameTable;
  readonly stacks: StackTable;
  readonly labelSets: readonly SampleLabels[];
  readonly samples: SampleTable;
  /** Free text that the writer added (pprof's comments). */
  readonly comments: readonly string[];
  /** pprof's regular expressions for frames to drop and to keep: kept as they came, never applied. */
  readonly dropFrames: string;
  readonly keepFrames: string;
}

/**
 * Frames as a struct of arrays. Text columns are indices into the strings; what a format does not know is the
 * empty string or 0. Address and build id are kept only where there is no symbol, the address relative to its
 * module, so that address randomisation does not make new frames of every process.
 */
export interface FrameTable {
  readonly length: number;
  readonly function: Uint32Array;
  /** The mangled name; empty where it is the same as `function`. */
  readonly systemName: Uint32Array;
  readonly file: Uint32Array;
  readonly module: Uint32Array;
  readonly buildId: Uint32Array;
  readonly line: Uint32Array;
  /** Line on which the function starts. */
  readonly startLine: Uint32Array;
  readonly address: BigUint64Array;
  /** 1 where the frame was inlined into the frame before it (its caller). */
  readonly inlined: Uint8Array;
}

/** Stack `i` is the frames `frames[offsets[i]..offsets[i + 1])`, root first. */
export interface StackTable {
  readonly length: number;
  readonly offsets: Uint32Array;
  readonly frames: Uint32Array;
}

export interface SampleTable {
  readonly length: number;
  readonly stack: Uint32Array;
  /** Index into `labelSets`. */
  readonly labels: Uint32Array;
  /** For each type one value per sample. */
  readonly values: readonly BigInt64Array[];
}

/** Labels of single samples (thread, endpoint, …). Numbers keep their unit, so that a format can be written back. */
export interface SampleLabels {
  readonly text: Labels;
  readonly numbers: Readonly<Record<string, { readonly value: bigint; readonly unit: string }>>;
}

export const NO_SAMPLE_LABELS: SampleLabels = Object.freeze({
  text: Object.freeze({}),
  numbers: Object.freeze({}),
});
