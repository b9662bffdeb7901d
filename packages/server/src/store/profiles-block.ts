import { NativeBlock } from './native-block.ts';
import type { PreparedPush, SeriesRow } from './series-rows.ts';
import type { SpanSamples } from './spans.ts';

/** A push on its way, and the class of retention that it was taken in. */
export interface ClassedPush {
  readonly push: PreparedPush;
  readonly class: string;
}

/** Rows of `profiles`. */
export function profilesBlock(group: readonly ClassedPush[]): NativeBlock {
  const entries = group.flatMap(({ push, class: name }) =>
    push.rows.map((row) => ({ push, row, class: name })),
  );
  const block = new NativeBlock(entries.length)
    .strings(
      'class',
      entries.map((entry) => entry.class),
    )
    .strings(
      'service',
      entries.map(({ row }) => row.service),
    )
    .strings(
      'type',
      entries.map(({ row }) => row.type),
    )
    .numbers('series', 'UInt64', new BigUint64Array(entries.map(({ row }) => row.series)))
    .numbers('ts', "DateTime64(9, 'UTC')", new BigInt64Array(entries.map(({ push }) => push.startNanos)))
    .numbers('push', 'UInt64', new BigUint64Array(entries.map(({ push }) => push.identity)))
    .numbers('duration', 'UInt64', new BigUint64Array(entries.map(({ push }) => push.durationNanos)))
    .numbers('period', 'Int64', new BigInt64Array(entries.map(({ push }) => push.period)))
    .numbers('total', 'Int64', new BigInt64Array(entries.map(({ row }) => row.total)))
    .arrays(
      'stacks',
      'UInt64',
      entries.map(({ row }) => row.stacks),
    )
    .arrays(
      'values',
      'Int64',
      entries.map(({ row }) => row.values),
    );
  const hasSpans = entries.some(({ row }) => row.spans !== undefined);
  return hasSpans ? addSpans(block, entries) : block;
}

/** Left out where no row has any: the engine's defaults are empty arrays, and cost nothing on the way. */
function addSpans(block: NativeBlock, entries: readonly { readonly row: SeriesRow }[]): NativeBlock {
  const column = (of: keyof SpanSamples) => entries.map(({ row }) => row.spans?.[of] ?? NOTHING);
  return block
    .arrays('span_ids', 'UInt64', column('ids'))
    .arrays('span_traces_high', 'UInt64', column('tracesHigh'))
    .arrays('span_traces_low', 'UInt64', column('tracesLow'))
    .arrays('span_stacks', 'UInt64', column('stacks'))
    .arrays('span_values', 'Int64', column('values'));
}

const NOTHING = new BigUint64Array();
