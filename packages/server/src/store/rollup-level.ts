/** The tables that hold profiles, finest first. */
export type ProfileTable = 'profiles' | 'profiles_5m' | 'profiles_1h';

/** A table that sums up a finer one, bucket by bucket. */
export interface RollupLevel {
  /** For people, and in answers. */
  readonly name: '5m' | '1h';
  readonly table: ProfileTable;
  readonly widthMs: number;
}

const MINUTE = 60_000;

/** Finest first: each is computed from the one before it. A bucket has at most 60 minutes: they are bits of a number. */
export const FIVE_MINUTES: RollupLevel = { name: '5m', table: 'profiles_5m', widthMs: 5 * MINUTE };
export const ONE_HOUR: RollupLevel = { name: '1h', table: 'profiles_1h', widthMs: 60 * MINUTE };
export const ROLLUP_LEVELS: readonly RollupLevel[] = [FIVE_MINUTES, ONE_HOUR];

/** [from, until) in unix ms. */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

/** A stretch of time, and the table that answers for it. */
export interface Segment extends Interval {
  readonly table: ProfileTable;
}

export function widthOf(table: ProfileTable): number | undefined {
  return ROLLUP_LEVELS.find((level) => level.table === table)?.widthMs;
}

export function floorTo(time: number, width: number): number {
  return Math.floor(time / width) * width;
}

export function ceilTo(time: number, width: number): number {
  return Math.ceil(time / width) * width;
}
