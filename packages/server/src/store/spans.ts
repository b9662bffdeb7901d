import type { Profile, SampleLabels } from '@everflame/profile';

/** What samples say of the request that they were taken in, under the names in the field. */
const SPAN_LABELS = ['span_id', 'span id', 'profile_id'] as const;
const TRACE_LABELS = ['trace_id', 'trace id'] as const;

/** Labels of single requests: a series for each would be more series than profiles. They have columns of their own. */
export const SPAN_COLUMN_LABELS: ReadonlySet<string> = new Set([...SPAN_LABELS, ...TRACE_LABELS]);

/** The samples of a row that were taken in a span, as columns; equal spans side by side. */
export interface SpanSamples {
  readonly ids: BigUint64Array;
  /** The 128 bits of the trace; 0 where it is not said. */
  readonly tracesHigh: BigUint64Array;
  readonly tracesLow: BigUint64Array;
  readonly stacks: BigUint64Array;
  readonly values: BigInt64Array;
}

interface Span {
  readonly id: bigint;
  readonly trace: bigint;
}

/** Which span each label set of a profile belongs to. */
export class ProfileSpans {
  readonly #spans: readonly Span[];
  /** Label set → index of its span, or none. */
  readonly #spanOf: Int32Array;

  private constructor(spans: readonly Span[], spanOf: Int32Array) {
    this.#spans = spans;
    this.#spanOf = spanOf;
  }

  /** Undefined where no sample says anything of a span, which is the rule and costs nothing further. */
  static of(labelSets: readonly SampleLabels[]): ProfileSpans | undefined {
    const spans: Span[] = [];
    const index = new Map<string, number>();
    let spanOf: Int32Array | undefined;
    labelSets.forEach((labels, set) => {
      const id = idOf(labels, SPAN_LABELS, 16);
      if (id === 0n) return;
      const trace = idOf(labels, TRACE_LABELS, 32);
      const key = `${id} ${trace}`;
      let at = index.get(key);
      if (at === undefined) {
        at = spans.push({ id, trace }) - 1;
        index.set(key, at);
      }
      spanOf ??= new Int32Array(labelSets.length).fill(-1);
      spanOf[set] = at;
    });
    return spanOf && new ProfileSpans(spans, spanOf);
  }

  /**
   * Sums by span and stack.
   *
   * @param stackIds of the profile's stacks: two words each, the low one first
   * @param samples indices of the samples that count
   */
  sums(
    { samples: { stack, labels } }: Profile,
    stackIds: Uint32Array,
    samples: Uint32Array,
    values: BigInt64Array,
  ): SpanSamples | undefined {
    const sums = new Map<number, bigint>();
    for (const sample of samples) {
      const span = this.#spanOf[labels[sample]];
      const value = values[sample];
      if (span < 0 || value === 0n) continue;
      // A double holds both: 2²¹ spans are more than a profile can have label sets.
      const key = span * STACKS + stack[sample];
      sums.set(key, (sums.get(key) ?? 0n) + value);
    }
    if (sums.size === 0) return undefined;
    const keys = Float64Array.from(sums.keys()).sort();
    const span = (key: number) => this.#spans[Math.floor(key / STACKS)];
    return {
      ids: BigUint64Array.from(keys, (key) => span(key).id),
      tracesHigh: BigUint64Array.from(keys, (key) => span(key).trace >> 64n),
      tracesLow: BigUint64Array.from(keys, (key) => span(key).trace & LOW_WORD),
      stacks: BigUint64Array.from(keys, (key) => {
        const at = (key % STACKS) * 2;
        return (BigInt(stackIds[at + 1]) << 32n) | BigInt(stackIds[at]);
      }),
      values: BigInt64Array.from(keys, (key) => sums.get(key) ?? 0n),
    };
  }
}

const STACKS = 2 ** 32;
const LOW_WORD = 0xffff_ffff_ffff_ffffn;

/** Bytes that they hold. */
export function sizeOfSpans(spans: SpanSamples | undefined): number {
  return spans === undefined ? 0 : spans.ids.byteLength * 5;
}

/** An id in hexadecimal digits, or a number as dd-trace writes it; 0, which OpenTelemetry calls invalid, where it is none. */
function idOf({ text, numbers }: SampleLabels, names: readonly string[], digits: number): bigint {
  for (const name of names) {
    const written = text[name];
    if (written !== undefined) {
      const isId = written.length <= digits && /^[0-9a-fA-F]+$/.test(written);
      return isId ? BigInt(`0x${written}`) : 0n;
    }
    const number = numbers[name];
    if (number !== undefined) return BigInt.asUintN(64, number.value);
  }
  return 0n;
}
