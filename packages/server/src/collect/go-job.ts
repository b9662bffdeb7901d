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

/** Both of Go's memory profiles hold what was allocated and what is in use; each is asked for its own half. */
const ENDPOINTS: Readonly<Record<GoProfile, GoEndpoint>> = {
  cpu: { path: 'profile', delta: true, keeps: ({ name }) => name === 'process_cpu' },
  allocs: { path: 'allocs', delta: true, keeps: ({ sampleType }) => sampleType.startsWith('alloc_') },
  heap: { path: 'heap', delta: false, keeps: ({ sampleType }) => sampleType.startsWith('inuse_') },
  goroutine: { path: 'goroutine', delta: false, keeps: ({ sampleType }) => sampleType === 'goroutine' },
  block: { path: 'block', delta: true, keeps: ({ name }) => name === 'contention', name: 'block' },
  mutex: { path: 'mutex', delta: true, keeps: ({ name }) => name === 'contention', name: 'mutex' },
};

/** Go answers once the seconds are over, and fetch waits five minutes for the first byte. */
const LONGEST_SECONDS = 240;

export function goJob(target: TargetConfig, wanted: GoProfile): PollJob {
  const endpoint = ENDPOINTS[wanted];
  const seconds = Math.min(Math.max(1, Math.round(target.intervalMs / 1000)), LONGEST_SECONDS);
  const base = `${target.url}/debug/pprof/${endpoint.path}`;
  const decode = (body: Uint8Array) => select(normalizeProfile(decodePprof(body)), endpoint);
  return {
    name: wanted,
    covers: endpoint.delta,
    resets: false,
    async poll(context) {
      const startNanos = nowNanos();
      if (!endpoint.delta) {
        const profile = await poll({ url: base, timeoutMs: target.timeoutMs, ...context }, decode);
        // A level stands for the time since it was last asked: no window reaches into the future.
        const durationNanos = BigInt(Math.round(target.intervalMs)) * 1_000_000n;
        return { profile, startNanos: nowNanos() - durationNanos, durationNanos };
      }
      const timeoutMs = target.timeoutMs + seconds * 1000;
      const started = performance.now();
      const profile = await poll({ url: `${base}?seconds=${seconds}`, timeoutMs, ...context }, decode);
      const tookMs = performance.now() - started;
      if (tookMs < seconds * 900) {
        throw new Error(
          `answered after ${(tookMs / 1000).toFixed(1)} s where ${seconds} s were asked for: ` +
            'Go before 1.15 counts since the start of the process, which cannot be added up',
        );
      }
      const measured = profile.durationNanos > 0n ? profile.durationNanos : BigInt(Math.round(tookMs * 1e6));
      return { profile, startNanos, durationNanos: measured };
    },
  };
}

/** The columns that the endpoint is asked for, under their name. */
function select(profile: Profile, { path, keeps, name }: GoEndpoint): Profile {
  const kept = profile.types.flatMap((type, i) => (keeps(type) ? [i] : []));
  if (kept.length === 0) {
    const types = profile.types.map(({ sampleType }) => sampleType).join(', ');
    throw new Error(`/debug/pprof/${path} answered a profile of ${types || 'nothing'}`);
  }
  return {
    ...profile,
    types: kept.map((i) => (name === undefined ? profile.types[i] : { ...profile.types[i], name })),
    defaultType: Math.max(0, kept.indexOf(profile.defaultType)),
    samples: { ...profile.samples, values: kept.map((i) => profile.samples.values[i]) },
  };
}
