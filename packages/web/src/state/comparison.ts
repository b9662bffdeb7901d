import { computed, effect, untracked } from '@preact/signals';
import type { Timeline } from '../api/types.ts';
import { type Deploy, deploys } from '../timeline/deploys.ts';
import { clock } from './clock.ts';
import { graph, labels, question, timeline } from './data.ts';
import { Resource } from './resource.ts';
import { parseSelector } from './selector.ts';
import { view } from './view.ts';

/** Label that says what is deployed. */
export const VERSION_LABEL = 'version';

const versions = new Resource<Timeline, Timeline>('timeline', (raw) => raw);

/** New versions within the range that is shown. */
export const deployed = computed<readonly Deploy[]>(() => {
  const shown = versions.value.value;
  const asked = question.value;
  if (!shown || !asked || shown.query !== asked.query) return [];
  return labels.value.value?.includes(VERSION_LABEL) ? deploys(shown) : [];
});

/** What is compared, as stretches of the timeline. */
export const bands = computed(() => {
  const { view: name } = view.value;
  const now = graph.value.value?.answer;
  const shown = timeline.value.value;
  if (name !== 'diff' || !now || !shown) return [];
  return [];
});

/** Asks for the versions of a service that has any. */
export function startComparison(): void {
  effect(() => {
    clock.ticks.value;
    const asked = question.value;
    const known = labels.value.value;
    if (!asked || !known?.includes(VERSION_LABEL) || parseSelector(asked.query).service === '') return;
    untracked(() => versions.load({ ...asked, by: VERSION_LABEL, points: 150 }));
  });
}
