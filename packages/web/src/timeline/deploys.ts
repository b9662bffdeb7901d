import type { Timeline } from '../api/types.ts';

/** A version that appears within a range in which the service was seen before. */
export interface Deploy {
  readonly version: string;
  /** The one that was most busy until then; undefined where there is none. */
  readonly previous: string | undefined;
  /** Start of its first bucket, unix ms. */
  readonly at: number;
}

/** @param timeline split by version */
export function deploys({ groups, start, step }: Pick<Timeline, 'groups' | 'start' | 'step'>): Deploy[] {
  const versions = groups.flatMap(({ label, others, values }) =>
    label && !others ? [{ version: label, values, first: values.findIndex((value) => value != null) }] : [],
  );
  const begun = versions.filter(({ first }) => first >= 0);
  const seenSince = Math.min(...begun.map(({ first }) => first));
  return begun
    .filter(({ first }) => first > seenSince)
    .map(({ version, first }) => {
      const before = begun
        .filter((one) => one.version !== version && one.first < first)
        .map((one) => ({ version: one.version, weight: recent(one.values, first) }))
        .sort((a, b) => b.weight - a.weight)[0];
      return { version, previous: before?.version, at: start + first * step };
    })
    .sort((a, b) => a.at - b.at);
}

/** What a version was worth in the ten buckets before another came. */
function recent(values: readonly (number | null)[], until: number): number {
  return values
    .slice(Math.max(0, until - 10), until + 1)
    .reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
