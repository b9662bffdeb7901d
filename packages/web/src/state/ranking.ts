import type { ServiceOverview } from '../api/types.ts';

/** How a service compares with the day before. */
export interface Change {
  /** Value per second more than then. */
  readonly by: number;
  /** Of what it was; undefined where it was nothing. */
  readonly share: number | undefined;
}

/** Changes under this are noise: a twentieth of what it was. */
export const NOISE = 0.05;

export function changeOf({
  average,
  before,
}: Pick<ServiceOverview, 'average' | 'before'>): Change | undefined {
  if (average === null || before === null) return undefined;
  return { by: average - before, share: before > 0 ? (average - before) / before : undefined };
}

export type SortKey = 'service' | 'language' | 'now' | 'change' | 'seen';

/**
 * What changed most: the largest change in cores, not in per cent, of which an idle service has the most. None where all
 * changes are small.
 */
export function changedMost(services: readonly ServiceOverview[]): ServiceOverview | undefined {
  let most: ServiceOverview | undefined;
  let by = 0;
  for (const one of services) {
    const change = changeOf(one);
    if (!change || Math.abs(change.share ?? 1) < NOISE || Math.abs(change.by) <= by) continue;
    by = Math.abs(change.by);
    most = one;
  }
  return most;
}

/** @param sort a key, with `-` in front for the smallest (or the end of the alphabet) first */
export function sorted(services: readonly ServiceOverview[], sort: string): ServiceOverview[] {
  const reversed = sort.startsWith('-');
  const key = reversed ? sort.slice(1) : sort;
  const compare = COMPARE[isSortKey(key) ? key : 'now'];
  const order = [...services].sort((a, b) => compare(a, b) || (a.service < b.service ? -1 : 1));
  return reversed ? order.reverse() : order;
}

function isSortKey(key: string): key is SortKey {
  return Object.hasOwn(COMPARE, key);
}

const language = (one: ServiceOverview) => one.labels.language?.[0] ?? '';
const size = (one: ServiceOverview) => {
  const change = changeOf(one);
  return change ? Math.abs(change.by) : -1;
};

const COMPARE: Readonly<Record<SortKey, (a: ServiceOverview, b: ServiceOverview) => number>> = {
  service: () => 0,
  language: (a, b) => (language(a) < language(b) ? -1 : language(a) > language(b) ? 1 : 0),
  now: (a, b) => (b.average ?? -1) - (a.average ?? -1),
  change: (a, b) => size(b) - size(a),
  seen: (a, b) => b.lastSeen - a.lastSeen,
};
