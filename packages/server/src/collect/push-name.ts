import { inferProfileType, type Profile } from '@everflame/profile';
import type { Push } from '../store/push.ts';

/**
 * The name of a push as `POST /ingest` takes it: `service{label="value",…}`, with `__name__` for profiles whose
 * types are called otherwise than pprof alone would have it (Go's block and mutex profiles).
 */
export function pushName({ service, labels, profile }: Push): string {
  const name = nameBeyondPprof(profile);
  const pairs = Object.entries({ ...labels, ...(name !== undefined && { __name__: name }) });
  return `${service}{${pairs.map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function nameBeyondPprof({ types }: Profile): string | undefined {
  const [first] = types;
  if (!first) return undefined;
  const inferred = inferProfileType(first.sampleType, first.sampleUnit, first.periodType, first.periodUnit);
  return inferred.name === first.name ? undefined : first.name;
}
