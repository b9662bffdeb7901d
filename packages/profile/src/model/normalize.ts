import type { Profile } from './profile.ts';
import { type ProfileType, profileType } from './profile-type.ts';

/**
 * A profile whose CPU and wall-clock values are time, each stored once.
 *
 * - A column of counts that only repeats a column of nanoseconds (time = count × period in every sample, as Go's
 *   CPU profiles have it) is dropped.
 * - A column of samples that is alone, with a period in nanoseconds, becomes time: value × period.
 *
 * All else stays as it is, and so does a profile whose counts are too large to be turned into time.
 */
export function normalizeProfile(profile: Profile): Profile {
  if (profile.period <= 0n) return profile;
  return profile.types.length === 1 ? countsAsTime(profile) : withoutRepeatedCounts(profile);
}

const SAMPLE_COUNTS = new Set(['samples', 'sample', 'cpu']);
const LARGEST = 2n ** 63n - 1n;

function countsAsTime(profile: Profile): Profile {
  const [type] = profile.types;
  const { period, samples } = profile;
  const isSampler = SAMPLE_COUNTS.has(type.sampleType) && type.sampleUnit === 'count';
  if (!isSampler || type.periodUnit !== 'nanoseconds') return profile;
  const largest = LARGEST / period;
  const [counts] = samples.values;
  if (!counts.every((count) => count <= largest && count >= -largest)) return profile;
  const time = profileType(type.name, type.periodType, 'nanoseconds', type.periodType, 'nanoseconds');
  return {
    ...profile,
    types: [time],
    samples: { ...samples, values: [counts.map((count) => count * period)] },
  };
}

function withoutRepeatedCounts(profile: Profile): Profile {
  const { types, samples } = profile;
  const repeated = types.map((type, i) => type.sampleUnit === 'count' && timeOf(profile, i) >= 0);
  if (!repeated.includes(true)) return profile;
  const kept = types.map((_, i) => i).filter((i) => !repeated[i]);
  const shown = repeated[profile.defaultType] ? timeOf(profile, profile.defaultType) : profile.defaultType;
  return {
    ...profile,
    types: kept.map((i) => types[i]),
    defaultType: Math.max(kept.indexOf(shown), 0),
    samples: { ...samples, values: kept.map((i) => samples.values[i]) },
  };
}

/** The column of nanoseconds that is column `counts` times the period in every sample, or -1. */
function timeOf({ types, samples, period }: Profile, counts: number): number {
  const ofCounts = samples.values[counts];
  return types.findIndex(
    (type, i) => isPeriodicTime(type) && samples.values[i].every((time, j) => time === ofCounts[j] * period),
  );
}

function isPeriodicTime(type: ProfileType): boolean {
  return type.sampleUnit === 'nanoseconds' && type.periodUnit === 'nanoseconds';
}
