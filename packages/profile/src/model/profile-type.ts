/**
 * What a profile's values mean: `name:sample_type:sample_unit:period_type:period_unit`, the naming that Parca and
 * Pyroscope share, e.g. `process_cpu:cpu:nanoseconds:cpu:nanoseconds`.
 */
export interface ProfileType {
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly periodType: string;
  readonly periodUnit: string;
}

/**
 * A *flow* (CPU time, allocations, contention) is summed over time; a *level* (heap in use, goroutines) is averaged
 * over the time covered and summed over processes.
 */
export type ProfileKind = 'flow' | 'level';

export const CPU_TIME: ProfileType = profileType('process_cpu', 'cpu', 'nanoseconds', 'cpu', 'nanoseconds');
export const WALL_TIME: ProfileType = profileType('wall', 'wall', 'nanoseconds', 'wall', 'nanoseconds');

export function profileType(
  name: string,
  sampleType: string,
  sampleUnit: string,
  periodType = '',
  periodUnit = '',
): ProfileType {
  return Object.freeze({ name, sampleType, sampleUnit, periodType, periodUnit });
}

export function formatProfileType(type: ProfileType): string {
  return [type.name, type.sampleType, type.sampleUnit, type.periodType, type.periodUnit].join(':');
}

/** The type that `text` names, or undefined where it does not have five parts with the first three filled. */
export function parseProfileType(text: string): ProfileType | undefined {
  const parts = text.split(':');
  if (parts.length !== 5 || !parts[0] || !parts[1] || !parts[2]) return undefined;
  return profileType(parts[0], parts[1], parts[2], parts[3], parts[4]);
}

const LEVELS = new Set(['inuse_objects', 'inuse_space', 'goroutine', 'goroutines', 'threadcreate', 'live']);

export function kindOf(type: ProfileType): ProfileKind {
  return LEVELS.has(type.sampleType) ? 'level' : 'flow';
}

/**
 * The type of a pprof value column. pprof itself has no name for the whole profile: it follows from the sample and
 * period types, as Go's runtime and the agents in the field write them.
 */
export function inferProfileType(
  sampleType: string,
  sampleUnit: string,
  periodType: string,
  periodUnit: string,
): ProfileType {
  switch (sampleType) {
    case 'cpu':
      // Node's profilers sample by the wall clock and measure CPU time at each: CPU time it is.
      return profileType('process_cpu', 'cpu', sampleUnit, 'cpu', 'nanoseconds');
    case 'samples':
      if (periodType === 'wall' || periodType === 'wallclock') break;
      return profileType(
        'process_cpu',
        'samples',
        sampleUnit,
        periodType || 'cpu',
        periodUnit || 'nanoseconds',
      );
    // Our own agents push all that they measure in one body, whose one period type is that of the CPU sampler.
    case 'wall':
    case 'off_cpu':
    case 'loop_block':
      return profileType(sampleType, sampleType, sampleUnit, 'wall', 'nanoseconds');
    case 'alloc_objects':
    case 'alloc_space':
    case 'inuse_objects':
    case 'inuse_space': {
      const own = periodType !== '' && periodType !== 'cpu';
      return profileType(
        'memory',
        sampleType,
        sampleUnit,
        own ? periodType : 'space',
        own ? periodUnit : 'bytes',
      );
    }
    case 'goroutine':
    case 'goroutines':
      return profileType(
        'goroutines',
        'goroutine',
        sampleUnit,
        periodType || 'goroutine',
        periodUnit || 'count',
      );
    case 'contentions':
    case 'delay':
      // Go's block and mutex profiles look alike: who collects them names them.
      return profileType(
        'contention',
        sampleType,
        sampleUnit,
        periodType || 'contentions',
        periodUnit || 'count',
      );
  }
  return profileType(periodType || sampleType, sampleType, sampleUnit, periodType, periodUnit);
}
