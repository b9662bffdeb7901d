import { SERVICE_LABEL } from '@everflame/profile';
import { effect, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Timeline } from '../../api/types.ts';
import { formatRate, formatShare } from '../../format/units.ts';
import { narrowTo, splitBy } from '../../state/actions.ts';
import { clock } from '../../state/clock.ts';
import { labels, question } from '../../state/data.ts';
import { Resource } from '../../state/resource.ts';
import { parseSelector } from '../../state/selector.ts';
import { averages } from '../../timeline/summary.ts';

/** A question for each: the first ones, by name. */
const MOST_LABELS = 12;
const MOST_VALUES = 6;

/** Every label at once: what each of its values is worth. A value narrows to it, a name splits the timeline by it. */
export function LabelExplorer() {
  const all = parseSelector(question.value?.query ?? '').service === '';
  const names = [
    ...(all ? [SERVICE_LABEL] : []),
    ...(labels.value.value ?? []).filter((label) => label !== SERVICE_LABEL),
  ];
  if (names.length === 0) return <p class="hint">These profiles have no labels.</p>;
  return (
    <div class="explorer">
      {names.slice(0, MOST_LABELS).map((name) => (
        <Label key={name} name={name} />
      ))}
      {names.length > MOST_LABELS && (
        <p class="hint">{names.length - MOST_LABELS} more labels; “Split by” has them all.</p>
      )}
    </div>
  );
}

function Label({ name }: { name: string }) {
  const values = useMemo(() => new Resource<Timeline, Timeline>('timeline', (raw) => raw), []);
  useEffect(
    () =>
      effect(() => {
        clock.ticks.value;
        const asked = question.value;
        if (asked) untracked(() => values.load({ ...asked, by: name, points: 10 }));
      }),
    [name],
  );
  const shown = values.value.value;
  if (!shown) return null;
  const rows = averages(shown);
  const whole = rows.reduce((sum, { average }) => sum + average, 0);
  const more = rows.length - MOST_VALUES + shown.others;
  return (
    <section class="explorer-label">
      <h2>
        <button type="button" class="explorer-name" title={`Split by ${name}`} onClick={() => splitBy(name)}>
          {name}
        </button>
      </h2>
      <ul>
        {rows.slice(0, MOST_VALUES).map(({ label, average }) => (
          <li key={label}>
            <button type="button" title={`Only ${name} = ${label}`} onClick={() => narrowTo(name, label)}>
              <svg class="explorer-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                <rect width={whole > 0 ? (average / whole) * 100 : 0} height="2" />
              </svg>
              <span>{label || '(none)'}</span>
              <span class="quiet">
                {formatRate(average, shown.type, shown.kind)}, {formatShare(whole > 0 ? average / whole : 0)}
              </span>
            </button>
          </li>
        ))}
        {more > 0 && <li class="hint">{more} more</li>}
      </ul>
    </section>
  );
}
