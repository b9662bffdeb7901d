import { CPU_TIME, type ProfileType, profileType, WALL_TIME } from '@everflame/profile';

/** How the counts of a text format become values of a profile type. */
export interface TextType {
  readonly type: ProfileType;
  /** Whether a count is a sample, worth 1 / sampleRate seconds, or the value itself. */
  readonly counts: 'samples' | 'values';
}

const memory = (sampleType: string, unit: string): TextType => ({
  type: profileType('memory', sampleType, unit, 'space', 'bytes'),
  counts: 'values',
});

/** Suffixes of a name that say the type, for formats that carry none (as Pyroscope's SDKs append them). */
const SUFFIXES: Readonly<Record<string, TextType>> = {
  cpu: { type: CPU_TIME, counts: 'samples' },
  itimer: { type: CPU_TIME, counts: 'samples' },
  wall: { type: WALL_TIME, counts: 'samples' },
  alloc_objects: memory('alloc_objects', 'count'),
  alloc_space: memory('alloc_space', 'bytes'),
  inuse_objects: memory('inuse_objects', 'count'),
  inuse_space: memory('inuse_space', 'bytes'),
  goroutines: {
    type: profileType('goroutines', 'goroutine', 'count', 'goroutine', 'count'),
    counts: 'values',
  },
  lock_count: {
    type: profileType('mutex', 'contentions', 'count', 'contentions', 'count'),
    counts: 'values',
  },
  lock_duration: {
    type: profileType('mutex', 'delay', 'nanoseconds', 'contentions', 'count'),
    counts: 'values',
  },
};

/**
 * Takes a known type suffix off a service's name: `shop.wall` is the wall time of `shop`. A name that ends in
 * anything else is the service itself: `shop.eu` stays.
 */
export function splitTypeSuffix(name: string): { service: string; textType: TextType | undefined } {
  const dot = name.lastIndexOf('.');
  const suffix = dot > 0 ? name.slice(dot + 1) : '';
  if (!Object.hasOwn(SUFFIXES, suffix)) return { service: name, textType: undefined };
  return { service: name.slice(0, dot), textType: SUFFIXES[suffix] };
}

/** The type of a text body: by suffix, else by `units`, else CPU time. */
export function textTypeFor(textType: TextType | undefined, units: string | undefined): TextType {
  if (textType) return textType;
  switch (units) {
    case 'bytes':
      return SUFFIXES.alloc_space;
    case 'objects':
      return SUFFIXES.alloc_objects;
    case 'goroutines':
      return SUFFIXES.goroutines;
    case 'lock_samples':
      return SUFFIXES.lock_count;
    case 'lock_nanoseconds':
      return SUFFIXES.lock_duration;
    case 'nanoseconds':
      return { type: CPU_TIME, counts: 'values' };
    default:
      return SUFFIXES.cpu;
  }
}
