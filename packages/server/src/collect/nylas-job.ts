import { decodeNylas } from '@everflame/profile';
import { nowNanos, type PollJob } from './job.ts';
import { poll } from './poll-http.ts';
import type { TargetConfig } from './target.ts';

/** A sampler that nobody asked for longer has counted into one window; it is placed in its last days. */
const LONGEST_NANOS = 6n * 86_400_000_000_000n;

/** Takes what an unmodified nylas sampler has counted since it was last asked. */
export function nylasJob(target: TargetConfig): PollJob {
  return {
    name: 'nylas',
    covers: false,
    async poll(signal) {
      const body = await poll({ url: `${target.url}/?reset=true`, timeoutMs: target.timeoutMs, signal });
      const profile = decodeNylas(body);
      const elapsed = profile.durationNanos < LONGEST_NANOS ? profile.durationNanos : LONGEST_NANOS;
      return { profile, startNanos: nowNanos() - elapsed, durationNanos: elapsed };
    },
  };
}
