import type { PICTURES } from '../state/url.ts';

export interface NamedView {
  readonly view: (typeof PICTURES)[number];
  readonly name: string;
  /** Key that leads there. */
  readonly key: string;
}

/** The ways to look at one selection, in the order of their tabs. */
export const VIEW_NAMES: readonly NamedView[] = [
  { view: 'flame', name: 'Flame graph', key: '1' },
  { view: 'table', name: 'Functions', key: '2' },
  { view: 'tree', name: 'Call tree', key: '3' },
  { view: 'sandwich', name: 'Sandwich', key: '4' },
  { view: 'diff', name: 'Compare', key: '5' },
  { view: 'profiles', name: 'Profiles', key: '6' },
];
