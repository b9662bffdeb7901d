import { CPU_TIME, ProfileBuilder, type SampleLabels } from '@everflame/profile';
import { expect, it } from 'vitest';
import { ProfileSpans, sizeOfSpans } from './spans.ts';

const NONE: SampleLabels['numbers'] = {};
const text = (labels: Record<string, string>): SampleLabels => ({ text: labels, numbers: NONE });

it('has nothing to say of profiles whose samples name no span', () => {
  expect(ProfileSpans.of([text({}), text({ endpoint: '/x', trace_id: 'a'.repeat(32) })])).toBeUndefined();
  // No id: the zero of OpenTelemetry, and what is no number or too long.
  for (const id of ['0000000000000000', 'xyz', '', '1'.repeat(17), '-1', '0x1']) {
    expect(ProfileSpans.of([text({ span_id: id })]), id).toBeUndefined();
  }
});

it('sums by span and stack, whatever the labels are called', () => {
  const builder = new ProfileBuilder([CPU_TIME]);
  const [a, b] = ['a', 'b'].map((name) => builder.stack([builder.frame({ function: name })]));
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const first = builder.labels(text({ span_id: 'B7AD6B7169203331', trace_id: trace }));
  const again = builder.labels(text({ 'span id': 'b7ad6b7169203331', 'trace id': trace, thread: 'x' }));
  const second = builder.labels({ text: {}, numbers: { 'span id': { value: -2n, unit: '' } } });
  builder.sample(b, [5n], second);
  builder.sample(a, [1n], first);
  builder.sample(b, [2n], first);
  builder.sample(a, [3n], again);
  builder.sample(a, [100n]);
  builder.sample(b, [0n], again);
  const profile = builder.build();
  const ids = Uint32Array.of(1, 2, 3, 4);
  const all = Uint32Array.from(profile.samples.stack, (_, i) => i);
  const spans = ProfileSpans.of(profile.labelSets)?.sums(profile, ids, all, profile.samples.values[0]);
  const [A, B] = [0x2_0000_0001n, 0x4_0000_0003n];
  expect(spans).toEqual({
    ids: BigUint64Array.of(0xb7ad6b7169203331n, 0xb7ad6b7169203331n, 0xfffffffffffffffen),
    tracesHigh: BigUint64Array.of(0x0af7651916cd43ddn, 0x0af7651916cd43ddn, 0n),
    tracesLow: BigUint64Array.of(0x8448eb211c80319cn, 0x8448eb211c80319cn, 0n),
    stacks: BigUint64Array.of(A, B, B),
    values: BigInt64Array.of(4n, 2n, 5n),
  });
  expect(sizeOfSpans(spans)).toBe(120);
  const none = Uint32Array.of(4, 5);
  expect(
    ProfileSpans.of(profile.labelSets)?.sums(profile, ids, none, profile.samples.values[0]),
  ).toBeUndefined();
});
