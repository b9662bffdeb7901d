import { type Profile, type ProfileType, profileType } from '@everflame/profile';
import { z } from 'zod';
import { UserError } from '../base/user-error.ts';

/** What an SDK says of the value types of its pprof: `{"<sample type>": {"units", "display-name", …}}`. */
const sampleTypeConfig = z.record(
  z.string(),
  z.object({
    units: z.string().optional(),
    'display-name': z.string().optional(),
    aggregation: z.string().optional(),
    cumulative: z.boolean().optional(),
    sampled: z.boolean().optional(),
  }),
);

export type SampleTypeConfig = z.infer<typeof sampleTypeConfig>;

export function parseSampleTypeConfig(json: string): SampleTypeConfig {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw bad('is not JSON', cause);
  }
  const parsed = sampleTypeConfig.safeParse(value);
  if (!parsed.success) throw bad(`does not fit: ${z.prettifyError(parsed.error)}`, parsed.error);
  return parsed.data;
}

/** Names that Go's SDK gives its contention profiles, which look alike in pprof. */
const DISPLAY_NAMES: Readonly<Record<string, ProfileType>> = {
  mutex_count: profileType('mutex', 'contentions', 'count', 'contentions', 'count'),
  mutex_duration: profileType('mutex', 'delay', 'nanoseconds', 'contentions', 'count'),
  block_count: profileType('block', 'contentions', 'count', 'contentions', 'count'),
  block_duration: profileType('block', 'delay', 'nanoseconds', 'contentions', 'count'),
  goroutines: profileType('goroutines', 'goroutine', 'count', 'goroutine', 'count'),
};

/**
 * Gives the value types the names that their sender means: by `sample_type_config`, or one name for the whole profile
 * (`__name__`). Columns that count since the start of the process are left out, and named: adding them up would
 * count everything once for every push.
 */
export function nameTypes(
  profile: Profile,
  config: SampleTypeConfig,
  profileName: string | undefined,
): { profile: Profile; cumulative: string[] } {
  const kept: number[] = [];
  const cumulative: string[] = [];
  profile.types.forEach((type, i) => {
    if (config[type.sampleType]?.cumulative === true) cumulative.push(type.sampleType);
    else kept.push(i);
  });
  const types = kept.map((i): ProfileType => {
    const type = profile.types[i];
    const displayName = config[type.sampleType]?.['display-name'];
    if (displayName !== undefined && Object.hasOwn(DISPLAY_NAMES, displayName))
      return DISPLAY_NAMES[displayName];
    return profileName === undefined ? type : { ...type, name: cleanName(profileName) };
  });
  return {
    cumulative,
    profile: {
      ...profile,
      types,
      defaultType: Math.max(0, kept.indexOf(profile.defaultType)),
      samples: { ...profile.samples, values: kept.map((i) => profile.samples.values[i]) },
    },
  };
}

/** A name must not change how many parts a type has. */
function cleanName(name: string): string {
  return name.replaceAll(':', '_').slice(0, 100);
}

function bad(what: string, cause: unknown): UserError {
  return new UserError('bad_body', `sample_type_config ${what}.`, { parameter: 'sample_type_config', cause });
}
