import type { FlameGraph } from '@everflame/profile';
import { computed } from '@preact/signals';
import { findMatches, type Matches, parseSearch, sumMatches } from '../flame/search.ts';
import { focusNode, picture } from './data.ts';
import { view } from './view.ts';

export const parsedSearch = computed(() => parseSearch(view.value.search));

export const matches = computed(() => {
  const shown = picture.value;
  const search = parsedSearch.value;
  return shown && search.kind === 'test' ? findMatches(shown.layout, search.test) : undefined;
});

/** What the search found in the box that is zoomed into. */
export const found = computed(() => {
  const shown = picture.value;
  return shown && matches.value
    ? sumMatches(shown.graph, matches.value, Math.max(0, focusNode.value))
    : undefined;
});

/** The node that matches next after `from` in the order of the tree, round the end; -1 where none does. */
export function nextMatch(
  { length, box }: FlameGraph,
  { box: isMatch }: Matches,
  from: number,
  direction: 1 | -1,
): number {
  for (let i = 1; i <= length; i++) {
    const node = (from + direction * i + length * 2) % length;
    if (isMatch[box[node]] === 1) return node;
  }
  return -1;
}
