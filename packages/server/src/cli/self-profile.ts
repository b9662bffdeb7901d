import { start, stop } from '@everflame/agent';
import { DEFAULT_LIMITS, decodePprof, gunzip, isGzip } from '@everflame/profile';
import type { Logger } from 'pino';
import { OWN_SERVICE } from '../query/selector.ts';
import type { Push } from '../store/push.ts';

interface Sink {
  write(push: Push): Promise<unknown>;
}

/** The server watches itself with its own agent, straight into the store. */
export function startSelfProfile(sink: Sink, version: string, logger: Logger): { stop(): Promise<void> } {
  start({
    serviceName: OWN_SERVICE,
    labels: { version },
    logger: { info: (text) => logger.debug(text), warn: (text) => logger.warn(text) },
    async deliver({ serviceName, labels, instance, sequence, startNanos, endNanos, body }) {
      const bytes = isGzip(body) ? await gunzip(body, DEFAULT_LIMITS.bytes) : body;
      const profile = decodePprof(bytes);
      const durationNanos = endNanos - startNanos;
      // Unsigned 64 bits that no other process has; windows count up from there.
      const identity = BigInt.asUintN(64, BigInt(`0x${instance.slice(0, 16)}`) + BigInt(sequence));
      await sink.write({ service: serviceName, labels, startNanos, durationNanos, identity, profile });
    },
  });
  return { stop };
}
