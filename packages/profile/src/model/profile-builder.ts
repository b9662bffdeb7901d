import { EMPTY_FRAME, type Frame } from './frame.ts';
import { labelsKey, sortedLabels } from './labels.ts';
import { NO_SAMPLE_LABELS, type Profile, type SampleLabels } from './profile.ts';
import type { ProfileType } from './profile-type.ts';
import { StringTable } from './string-table.ts';

/**
 * Builds a profile sample by sample, giving equal strings, frames, stacks and label sets one place each. Formats that
 * are text use it; pprof, whose tables are ready-made, fills its columns directly.
 */
export class ProfileBuilder {
  readonly #types: readonly ProfileType[];
  readonly #strings = new Map<string, number>([['', 0]]);
  readonly #frames: Frame[] = [];
  readonly #frameIndex = new Map<string, number>();
  readonly #stackIndex = new Map<string, number>();
  readonly #offsets: number[] = [0];
  readonly #stackFrames: number[] = [];
  readonly #labelSets: SampleLabels[] = [NO_SAMPLE_LABELS];
  readonly #labelIndex = new Map<string, number>([[sampleLabelsKey(NO_SAMPLE_LABELS), 0]]);
  readonly #sampleStacks: number[] = [];
  readonly #sampleLabels: number[] = [];
  readonly #values: bigint[][];

  constructor(types: readonly ProfileType[]) {
    this.#types = types;
    this.#values = types.map(() => []);
  }

  /** Index of the frame. */
  frame(fields: Partial<Frame>): number {
    const frame = { ...EMPTY_FRAME, ...fields };
    const key = [
      frame.function,
      frame.systemName,
      frame.file,
      frame.module,
      frame.buildId,
      frame.line,
      frame.startLine,
      frame.address,
      frame.inlined,
    ].join('\0');
    const known = this.#frameIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#frames.push(frame) - 1;
    this.#frameIndex.set(key, index);
    return index;
  }

  /** Index of the stack with these frames (indices from `frame`), root first. */
  stack(frames: readonly number[]): number {
    const key = frames.join();
    const known = this.#stackIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#offsets.length - 1;
    for (const frame of frames) this.#stackFrames.push(frame);
    this.#offsets.push(this.#stackFrames.length);
    this.#stackIndex.set(key, index);
    return index;
  }

  /** Index of the label set. */
  labels(labels: SampleLabels): number {
    const key = sampleLabelsKey(labels);
    const known = this.#labelIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#labelSets.push(labels) - 1;
    this.#labelIndex.set(key, index);
    return index;
  }

  /** Adds a sample with one value for each type. */
  sample(stack: number, values: readonly bigint[], labels = 0): void {
    this.#sampleStacks.push(stack);
    this.#sampleLabels.push(labels);
    this.#values.forEach((column, i) => {
      column.push(values[i]);
    });
  }

  get sampleCount(): number {
    return this.#sampleStacks.length;
  }

  build(window: Partial<Omit<Profile, 'types'>> = {}): Profile {
    const text = (of: (frame: Frame) => string) =>
      Uint32Array.from(this.#frames, (frame) => this.#string(of(frame)));
    const frames = {
      length: this.#frames.length,
      function: text((frame) => frame.function),
      systemName: text((frame) => frame.systemName),
      file: text((frame) => frame.file),
      module: text((frame) => frame.module),
      buildId: text((frame) => frame.buildId),
      line: Uint32Array.from(this.#frames, (frame) => frame.line),
      startLine: Uint32Array.from(this.#frames, (frame) => frame.startLine),
      address: BigUint64Array.from(this.#frames, (frame) => frame.address),
      inlined: Uint8Array.from(this.#frames, (frame) => (frame.inlined ? 1 : 0)),
    };
    return {
      startNanos: 0n,
      durationNanos: 0n,
      defaultType: 0,
      period: 0n,
      comments: [],
      dropFrames: '',
      keepFrames: '',
      ...window,
      types: this.#types,
      strings: StringTable.from([...this.#strings.keys()]),
      frames,
      stacks: {
        length: this.#offsets.length - 1,
        offsets: Uint32Array.from(this.#offsets),
        frames: Uint32Array.from(this.#stackFrames),
      },
      labelSets: this.#labelSets,
      samples: {
        length: this.#sampleStacks.length,
        stack: Uint32Array.from(this.#sampleStacks),
        labels: Uint32Array.from(this.#sampleLabels),
        values: this.#values.map((column) => BigInt64Array.from(column)),
      },
    };
  }

  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const index = this.#strings.size;
    this.#strings.set(text, index);
    return index;
  }
}

function sampleLabelsKey(labels: SampleLabels): string {
  const numbers = Object.entries(labels.numbers)
    .map(([name, { value, unit }]) => [name, String(value), unit])
    .sort();
  return labelsKey(labels.text) + JSON.stringify(numbers);
}

/** The text labels of a sample as a series has them: sorted, numbers written with their unit. */
export function asSeriesLabels(labels: SampleLabels): Record<string, string> {
  const numbers = Object.entries(labels.numbers).map(([name, { value, unit }]) => [
    name,
    unit ? `${value} ${unit}` : String(value),
  ]);
  return Object.fromEntries([...numbers, ...sortedLabels(labels.text)]);
}
