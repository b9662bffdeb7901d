import { decodeNylas } from '@everflame/profile';
import { nowNanos, type PollJob } from './job.ts';
import { poll } from './poll-http.ts';
import type { TargetConfig } from './target.ts';

/**
 * The server takes windows of a week at the most. A sampler that nobody has asked for longer than this has all it
 * counted placed in the last days of that time: the total is right, the rate too high, and nothing is thrown away.
 */
const LONGEST_NANOS = 6n * 86_400_000_000_000n;

/**
 * Takes what an unmodified nylas sampler has counted since it was last asked. The first answer holds what came before
 * the collector did: its window says so, hours long if need be.
 */
export function nylasJob(target: TargetConfig): PollJob {
  const url = new URL(target.url);
  url.searchParams.set('reset', 'true');
  return {
    name: 'nylas',
    covers: false,
    resets: true,
    async poll(context) {
      const profile = await poll({ url: url.href, timeoutMs: target.timeoutMs, ...context }, decodeNylas);
      const elapsed = profile.durationNanos < LONGEST_NANOS ? profile.durationNanos : LONGEST_NANOS;
      return { profile, startNanos: nowNanos() - elapsed, durationNanos: elapsed };
    },
  };
}
