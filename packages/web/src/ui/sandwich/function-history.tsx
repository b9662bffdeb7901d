import { boxName } from '@everflame/profile';
import { effect, untracked, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FunctionShares, Timeline } from '../../api/types.ts';
import { formatShare } from '../../format/units.ts';
import { selectRange } from '../../state/actions.ts';
import { clock } from '../../state/clock.ts';
import { labels, picture, question, transforms } from '../../state/data.ts';
import { Resource } from '../../state/resource.ts';
import { Chart } from '../timeline/chart.tsx';

const shares = new Resource<FunctionShares, FunctionShares>('function', (raw) => raw);

/** The share of one function over time: whether it has always been so, and for which version or host. */
export function FunctionHistory({ name }: { name: string }) {
  const by = useSignal('');
  useEffect(
    () =>
      effect(() => {
        clock.ticks.value;
        const asked = question.value;
        const split = by.value;
        const box = untracked(() => picture.value?.graph.boxes.find((one) => boxName(one) === name));
        if (!asked || !box) return;
        const { function: fn, module } = box;
        untracked(() => shares.load({ ...asked, function: fn, module, by: split || undefined, points: 120 }));
      }),
    [name],
  );
  const answer = shares.value.value;
  // Of a picture that something was done to, the server knows nothing.
  if (!answer || !question.value || transforms.value.length > 0) return null;
  const timeline: Timeline = {
    ...answer,
    unit: 'share',
    kind: 'level',
    others: 0,
    groups: answer.groups.map(({ label, values }) => ({ label, others: false, values })),
  };
  const words = answer.groups
    .map(({ label, share }) => `${label === null ? '' : `${label || 'none'}: `}${formatShare(share)}`)
    .join(', ');
  return (
    <div class="history">
      <div class="history-head">
        <h3 class="sandwich-side">Its share over time</h3>
        <label class="picker picker-quiet">
          <span>by</span>
          <select value={by.value} onChange={(event) => (by.value = event.currentTarget.value)}>
            <option value="">nothing</option>
            {(labels.value.value ?? []).map((label) => (
              <option key={label} value={label}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {by.value && (
          <ul class="legend">
            {answer.groups.map(({ label, share }, i) => (
              <li key={label} class="legend-item">
                <span class={`swatch swatch-${(i % 8) + 1}`} aria-hidden="true" />
                {label || '(none)'} <span class="legend-value">{formatShare(share)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <Chart
        timeline={timeline}
        words={`Share of ${name} over time: ${words}`}
        bands={[]}
        marks={[]}
        format={formatShare}
        onSelect={selectRange}
        onLeave={() => {}}
        onMark={() => {}}
      />
    </div>
  );
}
