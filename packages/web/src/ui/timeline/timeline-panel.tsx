import { SERVICE_LABEL } from '@everflame/profile';
import { signal } from '@preact/signals';
import type { Timeline } from '../../api/types.ts';
import { typeName } from '../../format/profile-types.ts';
import { formatMoment, formatSpan } from '../../format/time.ts';
import { formatRate } from '../../format/units.ts';
import { compareVersions, leaveRange, narrowTo, selectRange, splitBy } from '../../state/actions.ts';
import { bands } from '../../state/bands.ts';
import { EVERY_LABEL, labels, timeline, timelineRange } from '../../state/data.ts';
import { isLive } from '../../state/range.ts';
import { parseSelector } from '../../state/selector.ts';
import { deployed } from '../../state/versions.ts';
import { trail, view } from '../../state/view.ts';
import '../../styles/timeline.css';
import { ordered, summarize } from '../../timeline/summary.ts';
import { lazy } from '../parts/lazy.tsx';
import { Chart } from './chart.tsx';

const LabelExplorer = lazy(async () => (await import('./label-explorer.tsx')).LabelExplorer);

/** Bucket under the pointer. */
const bucket = signal<number | undefined>(undefined);

export function TimelinePanel() {
  const answer = timeline.value.value;
  const shown = answer && { ...answer, groups: ordered(answer.groups) };
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="timeline-head">
        {shown ? <Headline timeline={shown} /> : <div class="headline" />}
        <div class="timeline-tools">
          <LeaveRange />
          {shown && summarize(shown) && <SplitPicker />}
        </div>
      </div>
      {shown ? <Picture timeline={shown} /> : <div class="chart" />}
      {shown && shown.groups.length > 1 && <Legend timeline={shown} />}
      {view.value.by === EVERY_LABEL && <LabelExplorer />}
    </section>
  );
}

/** The average over the range, or the bucket under the pointer. */
function Headline({ timeline: shown }: { timeline: Timeline }) {
  const { groups, start, step, from, until, type, kind } = shown;
  const summary = summarize(shown);
  const at = bucket.value;
  if (at !== undefined) {
    const present = groups.map((group) => group.values[at]).filter((value) => value != null);
    const value = present.length
      ? formatRate(
          present.reduce((sum, one) => sum + one, 0),
          type,
          kind,
        )
      : 'not profiled';
    return (
      <p class="headline">
        <strong>{value}</strong> <span>{formatMoment(start + at * step, until - from)}</span>
      </p>
    );
  }
  if (!summary) return <p class="headline" />;
  return (
    <p class="headline">
      <strong>{formatRate(summary.average, type, kind)}</strong>{' '}
      <span>
        {typeName(type)} on average, {formatSpan(from, until, Date.now())}
      </span>
    </p>
  );
}

function Picture({ timeline: shown }: { timeline: Timeline }) {
  const summary = summarize(shown);
  const words = summary
    ? `${typeName(shown.type)} over time: ${formatRate(summary.average, shown.type, shown.kind)} on average, at most ${formatRate(summary.highest, shown.type, shown.kind)} at ${formatMoment(summary.highestAt, shown.until - shown.from)}`
    : 'Nothing was profiled in this range';
  return (
    <Chart
      timeline={shown}
      words={words}
      bands={bands.value}
      marks={deployed.value}
      hovered={bucket}
      onSelect={selectRange}
      onLeave={leaveRange}
      onMark={compareVersions}
    />
  );
}

function Legend({ timeline: shown }: { timeline: Timeline }) {
  const by = view.value.by || (timelineRange.value?.by ?? '');
  const at = bucket.value;
  return (
    <ul class="legend" aria-label={`By ${by}`}>
      {shown.groups.map((group, i) => {
        const value = at === undefined ? undefined : group.values[at];
        const name = group.others ? `${shown.others} others` : group.label || '(none)';
        const content = (
          <>
            <span class={`swatch swatch-${(i % 8) + 1}`} aria-hidden="true" />
            {name}
            {value != null && <span class="legend-value">{formatRate(value, shown.type, shown.kind)}</span>}
          </>
        );
        return (
          <li key={`${group.label} ${group.others}`}>
            {group.others || group.label === null ? (
              <span class="legend-item">{content}</span>
            ) : (
              <button
                type="button"
                class="legend-item"
                title={`Only ${by} = ${name}`}
                onClick={() => narrowTo(by, group.label ?? '')}
              >
                {content}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function SplitPicker() {
  const { by } = view.value;
  const all = parseSelector(view.value.query ?? '').service === '';
  const known = [
    ...(all ? [SERVICE_LABEL] : []),
    ...(labels.value.value ?? []).filter((label) => label !== SERVICE_LABEL),
  ];
  if (known.length === 0 && !by) return null;
  return (
    <label class="picker picker-quiet">
      <span>Split by</span>
      <select value={by} onChange={(event) => splitBy(event.currentTarget.value)}>
        <option value="">nothing</option>
        <option value={EVERY_LABEL}>every label</option>
        {by && by !== EVERY_LABEL && !known.includes(by) && <option value={by}>{by}</option>}
        {known.map((label) => (
          <option key={label} value={label}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function LeaveRange() {
  if (isLive(view.value)) return null;
  const dragged = trail.value.outer.length > 0;
  return (
    <button type="button" class="button button-quiet" onClick={leaveRange}>
      {dragged ? 'Back to the wider range' : 'Widen the range'}
    </button>
  );
}
