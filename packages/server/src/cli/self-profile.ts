import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { TimeProfiler } from '@everflame/agent';
import type { Profile } from '@everflame/profile';
import type { Logger } from 'pino';
import { OWN_SERVICE } from '../query/selector.ts';
import type { Push } from '../store/push.ts';

/** The first window is short, so that a page that is opened at once has something to show. */
const FIRST_WINDOW_MS = 3000;
const WINDOW_MS = 10_000;

interface Sink {
  write(push: Push): Promise<unknown>;
}

/** The server watches itself with its own agent, straight into the store. */
export function startSelfProfile(sink: Sink, version: string, logger: Logger): { stop(): Promise<void> } {
  const profiler = new TimeProfiler();
  const instance = `${hostname()}:${process.pid}`;
  // Unsigned 64 bits that no other process has; windows count up from there.
  let identity = randomBytes(8).readBigUInt64LE();

  const store = async (profile: Profile): Promise<void> => {
    identity = BigInt.asUintN(64, identity + 1n);
    const { startNanos, durationNanos } = profile;
    const labels = { host: hostname(), instance, language: 'javascript', version };
    try {
      await sink.write({ service: OWN_SERVICE, labels, startNanos, durationNanos, identity, profile });
    } catch (error) {
      logger.warn({ err: error }, 'the profile of the server itself could not be stored');
    }
  };

  profiler.start();
  let timer = setTimeout(function take() {
    timer = setTimeout(take, WINDOW_MS);
    timer.unref();
    void store(profiler.take());
  }, FIRST_WINDOW_MS);
  timer.unref();
  return {
    async stop() {
      clearTimeout(timer);
      await store(profiler.stop());
    },
  };
}
