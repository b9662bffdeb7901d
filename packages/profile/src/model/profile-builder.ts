import type { Frame } from './frame.ts';
import { labelsKey, sortedLabels } from './labels.ts';
import { type FrameTable, NO_SAMPLE_LABELS, type Profile, type SampleLabels } from './profile.ts';
import type { ProfileType } from './profile-type.ts';
import { StringTable } from './string-table.ts';

/**
 * Builds a profile sample by sample, giving equal strings, frames, stacks and label sets one place each. Formats that
 * are text use it; pprof, whose tables are ready-made, fills its columns directly.
 */
export class ProfileBuilder {
  readonly #types: readonly ProfileType[];
  readonly #strings = new Map<string, number>([['', 0]]);
  readonly #frames = new FrameRows();
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
    const name = this.#string(fields.function ?? '');
    const systemName = this.#string(fields.systemName ?? '');
    const file = this.#string(fields.file ?? '');
    const module = this.#string(fields.module ?? '');
    const buildId = this.#string(fields.buildId ?? '');
    const { line = 0, startLine = 0, address = 0n, inlined = false } = fields;
    const texts = `${name},${systemName},${file},${module},${buildId}`;
    const key = `${texts},${line},${startLine},${address},${inlined}`;
    const known = this.#frameIndex.get(key);
    if (known !== undefined) return known;
    const rows = this.#frames;
    rows.systemName.push(systemName);
    rows.file.push(file);
    rows.module.push(module);
    rows.buildId.push(buildId);
    rows.line.push(line);
    rows.startLine.push(startLine);
    rows.address.push(address);
    rows.inlined.push(inlined ? 1 : 0);
    const index = rows.function.push(name) - 1;
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
      frames: this.#frames.table(),
      stacks: {
        length: this.#offsets.length - 1,
        offsets: new Uint32Array(this.#offsets),
        frames: new Uint32Array(this.#stackFrames),
      },
      labelSets: this.#labelSets,
      samples: {
        length: this.#sampleStacks.length,
        stack: new Uint32Array(this.#sampleStacks),
        labels: new Uint32Array(this.#sampleLabels),
        values: this.#values.map((column) => new BigInt64Array(column)),
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

/** Columns of frames while they grow; texts are indices of strings. */
class FrameRows {
  readonly function: number[] = [];
  readonly systemName: number[] = [];
  readonly file: number[] = [];
  readonly module: number[] = [];
  readonly buildId: number[] = [];
  readonly line: number[] = [];
  readonly startLine: number[] = [];
  readonly address: bigint[] = [];
  readonly inlined: number[] = [];

  table(): FrameTable {
    return {
      length: this.function.length,
      function: new Uint32Array(this.function),
      systemName: new Uint32Array(this.systemName),
      file: new Uint32Array(this.file),
      module: new Uint32Array(this.module),
      buildId: new Uint32Array(this.buildId),
      line: new Uint32Array(this.line),
      startLine: new Uint32Array(this.startLine),
      address: new BigUint64Array(this.address),
      inlined: new Uint8Array(this.inlined),
    };
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
