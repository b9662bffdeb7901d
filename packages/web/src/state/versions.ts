import { computed, effect, untracked } from '@preact/signals';
import type { Timeline } from '../api/types.ts';
import { type Deploy, deploys } from '../timeline/deploys.ts';
import { clock } from './clock.ts';
import { labels, question } from './data.ts';
import { Resource } from './resource.ts';
import { parseSelector } from './selector.ts';

/** Label that says what is deployed. */
export const VERSION_LABEL = 'version';

const timelines = new Resource<Timeline, Timeline>('timeline', (raw) => raw);

const current = computed(() => {
  const shown = timelines.value.value;
  const asked = question.value;
  const fits = shown && asked && shown.query === parseSelector(asked.query).service;
  return fits && labels.value.value?.includes(VERSION_LABEL) ? shown : undefined;
});

/** New versions within the range that is shown. */
export const deployed = computed<readonly Deploy[]>(() => (current.value ? deploys(current.value) : []));

/** Versions that ran in the range. */
export const versions = computed<readonly string[]>(
  () => current.value?.groups.flatMap(({ label, others }) => (label && !others ? [label] : [])) ?? [],
);

/** Asks for the versions of a service that has any; of all of it, also where the selection is one of them. */
export function startVersions(): void {
  effect(() => {
    clock.ticks.value;
    const asked = question.value;
    const service = parseSelector(asked?.query ?? '').service;
    if (!asked || service === '' || !labels.value.value?.includes(VERSION_LABEL)) return;
    const { type, from, until } = asked;
    untracked(() => timelines.load({ query: service, type, from, until, by: VERSION_LABEL, points: 150 }));
  });
}
