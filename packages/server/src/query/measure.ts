import {
  CPU_TIME,
  formatProfileType,
  kindOf,
  type ProfileKind,
  type ProfileType,
  parseProfileType,
  WALL_TIME,
} from '@everflame/profile';
import { UserError } from '../base/user-error.ts';

export const CPU_TYPE = formatProfileType(CPU_TIME);
export const WALL_TYPE = formatProfileType(WALL_TIME);

/** What is asked for, and how it is computed from what is stored. */
export interface Measure {
  /** The type as asked for. */
  readonly type: string;
  readonly unit: string;
  readonly kind: ProfileKind;
  /** The type whose rows are read. */
  readonly stored: string;
  /** Values are divided by the period of their profile: samples, where only their time is stored. */
  readonly perPeriod: boolean;
}

/** @throws UserError `bad_type` */
export function parseMeasure(text = CPU_TYPE): Measure {
  const type = parseProfileType(text || CPU_TYPE);
  if (!type) {
    throw new UserError(
      'bad_type',
      `type: ${JSON.stringify(text.slice(0, 100))} is no profile type. ` +
        `It has five parts, such as ${CPU_TYPE}; /api/v1/types lists those that there are.`,
      { parameter: 'type' },
    );
  }
  const stored = storedAs(type);
  return {
    type: formatProfileType(type),
    unit: type.sampleUnit,
    kind: kindOf(type),
    stored: formatProfileType(stored ?? type),
    perPeriod: stored !== undefined,
  };
}

/** Go's samples/count is cpu/nanoseconds divided by the period, and stored only as that. */
function storedAs(type: ProfileType): ProfileType | undefined {
  const isCount =
    type.sampleType === 'samples' && type.sampleUnit === 'count' && type.periodUnit === 'nanoseconds';
  return isCount ? { ...type, sampleType: type.periodType, sampleUnit: type.periodUnit } : undefined;
}
