import { decodePprof, normalizeProfile, type Profile, type ProfileType } from '@everflame/profile';
import { nowNanos, type PollJob } from './job.ts';
import { poll } from './poll-http.ts';
import type { GoProfile, TargetConfig } from './target.ts';

interface GoEndpoint {
  readonly path: string;
  /** Asked with `?seconds=N`: what happened in these seconds. Otherwise how things are now. */
  readonly delta: boolean;
  readonly keeps: (type: ProfileType) => boolean;
  /** pprof does not say whether contention is of mutexes or of blocking. */
  readonly name?: string;
}

/** Go's heap profiles hold both what was allocated and what is in use; a delta of the one and the state of the other count. */
const ENDPOINTS: Readonly<Record<GoProfile, GoEndpoint>> = {
  cpu: { path: 'profile', delta: true, keeps: () => true },
  allocs: { path: 'allocs', delta: true, keeps: ({ sampleType }) => sampleType.startsWith('alloc_') },
  heap: { path: 'heap', delta: false, keeps: ({ sampleType }) => sampleType.startsWith('inuse_') },
  goroutine: { path: 'goroutine', delta: false, keeps: () => true },
  block: { path: 'block', delta: true, keeps: () => true, name: 'block' },
  mutex: { path: 'mutex', delta: true, keeps: () => true, name: 'mutex' },
};

export function goJob(target: TargetConfig, wanted: GoProfile): PollJob {
  const endpoint = ENDPOINTS[wanted];
  const seconds = Math.max(1, Math.round(target.intervalMs / 1000));
  const base = `${target.url}/debug/pprof/${endpoint.path}`;
  return {
    name: wanted,
    covers: endpoint.delta,
    async poll(signal) {
      const startNanos = nowNanos();
      const body = await poll({
        url: endpoint.delta ? `${base}?seconds=${seconds}` : base,
        timeoutMs: target.timeoutMs + (endpoint.delta ? seconds * 1000 : 0),
        signal,
      });
      const profile = select(normalizeProfile(decodePprof(body)), endpoint);
      // A state is taken to hold until it is asked for again.
      const lasted = endpoint.delta ? nowNanos() - startNanos : BigInt(target.intervalMs) * 1_000_000n;
      const durationNanos = endpoint.delta && profile.durationNanos > 0n ? profile.durationNanos : lasted;
      return { profile, startNanos, durationNanos };
    },
  };
}

function select(profile: Profile, { keeps, name }: GoEndpoint): Profile {
  const kept = profile.types.flatMap((type, i) => (keeps(type) ? [i] : []));
  return {
    ...profile,
    types: kept.map((i) => (name === undefined ? profile.types[i] : { ...profile.types[i], name })),
    defaultType: Math.max(0, kept.indexOf(profile.defaultType)),
    samples: { ...profile.samples, values: kept.map((i) => profile.samples.values[i]) },
  };
}
