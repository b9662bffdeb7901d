import { formatRate, formatShare, formatValue } from '../../format/units.ts';
import { comparesShares, type comparison } from '../../state/comparison.ts';

export type Compared = NonNullable<typeof comparison.value>;

/** A value of either side in the unit in which they compare: a rate for flows, the level for levels, a share where shares are compared. */
export function formatSide({ now }: Compared, value: number, mayBeShare = true): string {
  if (mayBeShare && comparesShares.value) return formatShare(value / now.graph.total[0]);
  const { kind, seconds, type, unit } = now.answer;
  if (kind === 'level' || seconds <= 0) return formatValue(value, unit);
  return formatRate(value / seconds, type, kind);
}

export function formatChange(both: Compared, change: number, mayBeShare = true): string {
  if (change === 0) return '0';
  return `${change > 0 ? '+' : '\u2212'}${formatSide(both, Math.abs(change), mayBeShare)}`;
}
