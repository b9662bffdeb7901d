import type { Timeline, TimelineGroup } from '../api/types.ts';

/** What a timeline says in words, for those who cannot see it, and for its headline. */
export interface Summary {
  readonly highest: number;
  readonly highestAt: number;
  readonly average: number;
  /** Share of the range in which nothing was profiled. */
  readonly gaps: number;
}

interface Buckets extends Pick<Timeline, 'start' | 'step'> {
  readonly groups: readonly Pick<TimelineGroup, 'values'>[];
}

/** Over the sum of all groups; undefined where nothing was profiled. */
export function summarize({ groups, start, step }: Buckets): Summary | undefined {
  const length = Math.max(0, ...groups.map((group) => group.values.length));
  let highest = Number.NEGATIVE_INFINITY;
  let highestAt = 0;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const present = groups.map((group) => group.values[i]).filter((value) => value != null);
    if (present.length === 0) continue;
    const value = present.reduce((total, one) => total + one, 0);
    sum += value;
    count++;
    if (value > highest) {
      highest = value;
      highestAt = start + i * step;
    }
  }
  return count === 0 ? undefined : { highest, highestAt, average: sum / count, gaps: 1 - count / length };
}

/** Groups worth most first, so that colours and legend follow what is seen; the others stay last. */
export function ordered(groups: readonly TimelineGroup[]): TimelineGroup[] {
  const weight = (group: TimelineGroup) => group.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return [...groups].sort((a, b) => Number(a.others) - Number(b.others) || weight(b) - weight(a));
}

/**
 * What each group is worth on average over the buckets in which any was watched, the largest first: a pod that lived for a
 * minute of the hour is worth a sixtieth of one that lived for all of it.
 */
export function averages({ groups }: { readonly groups: readonly TimelineGroup[] }): {
  readonly label: string;
  readonly average: number;
}[] {
  const length = Math.max(0, ...groups.map(({ values }) => values.length));
  let watched = 0;
  for (let i = 0; i < length; i++) if (groups.some(({ values }) => values[i] != null)) watched++;
  return groups
    .filter(({ others }) => !others)
    .map(({ label, values }) => ({
      label: label ?? '',
      average: values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / Math.max(1, watched),
    }))
    .sort((a, b) => b.average - a.average);
}
