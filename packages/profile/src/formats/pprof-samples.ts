import type { ColumnMemory } from '../model/column-memory.ts';
import { NO_SAMPLE_LABELS, type SampleLabels, type SampleTable, type StackTable } from '../model/profile.ts';
import type { StringTable } from '../model/string-table.ts';
import { ByteRanges } from './byte-ranges.ts';
import type { DecodeLimits } from './limits.ts';
import type { Locations } from './pprof-frames.ts';
import { readLabels } from './pprof-labels.ts';
import { refuseMoreThan, type Span } from './pprof-scan.ts';
import { PROFILE, SAMPLE } from './pprof-schema.ts';
import { PprofStacks } from './pprof-stacks.ts';
import { goTo, skipUnknown } from './pprof-tables.ts';
import { type ProtobufReader, WIRE_BYTES, WIRE_VARINT } from './protobuf-reader.ts';

export interface Samples {
  readonly samples: SampleTable;
  readonly stacks: StackTable;
  readonly labelSets: readonly SampleLabels[];
}

export function readSamples(
  reader: ProtobufReader,
  span: Span,
  typeCount: number,
  locations: Locations,
  strings: StringTable,
  limits: DecodeLimits,
  memory: ColumnMemory,
): Samples {
  if (span.count > 0 && typeCount === 0) reader.fail('there are samples but no value types', span.start);
  // A value takes at least a byte.
  if (span.count * typeCount > span.end - span.start) {
    reader.fail('samples have fewer values than there are types', span.start);
  }
  const samples = new SampleColumns(reader, span, typeCount, locations, strings, limits, memory);
  goTo(reader, span);
  for (let i = 0; reader.find((PROFILE.sample << 3) | WIRE_BYTES); i++) samples.read(i);
  return samples.tables();
}

/**
 * The samples while they are read. Location ids and labels are first only passed over: samples that have the same
 * bytes there share a stack or a label set, which is decoded once. In heap profiles, where the size of the object is
 * a label, a third of the stacks are repeated.
 */
class SampleColumns {
  readonly #reader: ProtobufReader;
  readonly #strings: StringTable;
  readonly #limits: DecodeLimits;
  readonly #count: number;
  readonly #typeCount: number;
  /** The columns of values, one after the other. */
  readonly #values: BigInt64Array;
  readonly #valueWords: Int32Array;
  readonly #stack: Uint32Array;
  readonly #labels: Uint32Array;
  readonly #stacks: PprofStacks;
  readonly #stackRanges: ByteRanges;
  readonly #labelSets: SampleLabels[] = [NO_SAMPLE_LABELS];
  readonly #labelRanges: ByteRanges;

  constructor(
    reader: ProtobufReader,
    { count, start, end }: Span,
    typeCount: number,
    locations: Locations,
    strings: StringTable,
    limits: DecodeLimits,
    memory: ColumnMemory,
  ) {
    this.#reader = reader;
    this.#strings = strings;
    this.#limits = limits;
    this.#count = count;
    this.#typeCount = typeCount;
    this.#valueWords = memory.integers(count * typeCount * 2);
    this.#values = new BigInt64Array(this.#valueWords.buffer, this.#valueWords.byteOffset, count * typeCount);
    this.#stack = memory.words(count);
    this.#labels = memory.words(count);
    this.#stacks = new PprofStacks(reader, locations, limits, count, end - start, memory);
    this.#stackRanges = new ByteRanges(reader.bytes, count, memory);
    this.#labelRanges = new ByteRanges(reader.bytes, 16, memory);
  }

  /** Reads the sample that was found. */
  read(sample: number): void {
    const reader = this.#reader;
    const { start } = reader;
    let stackStart = 0;
    let stackEnd = 0;
    let labelsStart = 0;
    let labelsEnd = 0;
    let labelCount = 0;
    let valueCount = 0;
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      const tag = reader.field();
      switch (tag) {
        case (SAMPLE.locationId << 3) | WIRE_BYTES:
        case (SAMPLE.locationId << 3) | WIRE_VARINT:
          if (stackStart === 0) stackStart = reader.start;
          reader.skip(tag);
          stackEnd = reader.pos;
          break;
        case (SAMPLE.value << 3) | WIRE_BYTES:
          valueCount = this.#readValues(sample, valueCount);
          break;
        case (SAMPLE.value << 3) | WIRE_VARINT:
          this.#setValue(sample, valueCount++);
          break;
        case (SAMPLE.label << 3) | WIRE_BYTES:
          refuseMoreThan(this.#limits.labels, ++labelCount, 'labels of one sample', reader.start);
          if (labelsStart === 0) labelsStart = reader.start;
          reader.pos = reader.contentEnd;
          labelsEnd = reader.pos;
          break;
        default:
          skipUnknown(reader, tag, SAMPLE.label);
      }
    }
    reader.leave(outer);
    if (valueCount !== this.#typeCount) {
      reader.fail(`a sample has ${valueCount} values where there are ${this.#typeCount} types`, start);
    }
    this.#stack[sample] = this.#stackAt(stackStart, stackEnd);
    if (labelCount > 0) this.#labels[sample] = this.#labelSetAt(labelsStart, labelsEnd);
  }

  tables(): Samples {
    const { length } = this.#stack;
    return {
      samples: {
        length,
        stack: this.#stack,
        labels: this.#labels,
        values: Array.from({ length: this.#typeCount }, (_, type) =>
          this.#values.subarray(type * length, (type + 1) * length),
        ),
      },
      stacks: this.#stacks.table(),
      labelSets: this.#labelSets,
    };
  }

  #readValues(sample: number, valueCount: number): number {
    const reader = this.#reader;
    const outer = reader.enter();
    const { bytes, end } = reader;
    while (reader.pos < end) {
      const byte = bytes[reader.pos];
      // Most values of a heap profile are 0, which is what is there already.
      if (byte === 0 && valueCount < this.#typeCount) reader.pos++;
      else {
        reader.varint();
        this.#setValue(sample, valueCount);
      }
      valueCount++;
    }
    reader.leave(outer);
    return valueCount;
  }

  /** Sets the sample's value of one type to the number read last. */
  #setValue(sample: number, type: number): void {
    if (type >= this.#typeCount) this.#reader.fail(`a sample has more than ${this.#typeCount} values`);
    const at = (type * this.#count + sample) * 2;
    this.#valueWords[at] = this.#reader.low;
    this.#valueWords[at + 1] = this.#reader.high;
  }

  #stackAt(start: number, end: number): number {
    const known = this.#stackRanges.count;
    const index = this.#stackRanges.indexOf(start, end);
    if (index === known) this.#stacks.add(start, end);
    return index;
  }

  #labelSetAt(start: number, end: number): number {
    const known = this.#labelRanges.count;
    const index = this.#labelRanges.indexOf(start, end);
    if (index === known) this.#labelSets.push(readLabels(this.#reader, start, end, this.#strings));
    return index + 1;
  }
}
