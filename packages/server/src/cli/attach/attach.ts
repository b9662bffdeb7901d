import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Delivery } from '../../collect/delivery.ts';
import { HttpSink } from '../../collect/http-sink.ts';
import { PySpyError, runPySpy } from './py-spy.ts';
import { rawProfile } from './raw-profile.ts';

export interface AttachOptions {
  readonly pid: number;
  readonly server: string;
  readonly token?: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds in all; undefined: until it is stopped. */
  readonly duration: number | undefined;
  /** Seconds of one push. */
  readonly window: number;
  readonly hz: number;
  readonly idle: boolean;
  readonly blocking: boolean;
  /** py-spy's name or file. */
  readonly command: string;
}

/** How it went. Times are unix ms. */
export interface Attached {
  /** Label of what was pushed. */
  readonly instance: string;
  readonly from: number;
  readonly until: number;
  readonly windows: number;
  readonly samples: number;
  readonly stored: number;
  readonly lost: number;
  /** The program ended meanwhile. */
  readonly isOver: boolean;
}

/** As any agent's: past it the oldest goes. */
const MAX_WAITING_BYTES = 8 << 20;
const LAST_ATTEMPTS_MS = 10_000;

/** Profiles a running Python program from outside, window by window, until it ends, `stop` aborts or the time is over. */
export async function attach(
  options: AttachOptions,
  logger: Logger,
  stop: AbortSignal,
  onWindow: (soFar: Attached) => void,
): Promise<Attached> {
  const { server, token, service, window } = options;
  const sink = new HttpSink({ server, ...(token !== undefined && { token }) });
  const delivery = new Delivery({ sink, logger, maxBytes: MAX_WAITING_BYTES });
  const labels = {
    language: 'python',
    host: hostname(),
    instance: `${hostname()}:${options.pid}`,
    sampler: 'py-spy',
    ...options.labels,
  };
  const folder = await mkdtemp(join(tmpdir(), 'everflame-attach-'));
  const began = Date.now();
  const seen = {
    instance: labels.instance,
    from: began,
    until: began,
    windows: 0,
    samples: 0,
    isOver: false,
  };
  const soFar = (): Attached => {
    const { stored, lost } = delivery.counts;
    return { ...seen, stored, lost };
  };
  try {
    while (!stop.aborted && !seen.isOver) {
      const seconds = Math.min(
        window,
        Math.round((options.duration ?? Infinity) - (Date.now() - began) / 1000),
      );
      if (seconds < 1) break;
      const file = join(folder, `${seen.windows}.folded`);
      const taken = await runPySpy({ ...options, seconds, file }, stop).catch((error: unknown) => {
        // Between two windows: it has ended.
        if (seen.windows === 0 || !(error instanceof PySpyError) || isAlive(options.pid)) throw error;
        return undefined;
      });
      if (!taken) {
        seen.isOver = true;
        break;
      }
      const profile = rawProfile(taken.text, { ...taken, idle: options.idle });
      seen.until = taken.startMs + taken.durationMs;
      seen.isOver = taken.isOver;
      if (stop.aborted && profile.samples.length === 0) break;
      if (seen.windows++ === 0) seen.from = taken.startMs;
      for (const value of profile.samples.values[0]) seen.samples += Number(value / profile.period);
      const { startNanos, durationNanos } = profile;
      delivery.send({ service, labels, startNanos, durationNanos, identity: 0n, profile }, () =>
        onWindow(soFar()),
      );
      onWindow(soFar());
    }
  } finally {
    await delivery.close(LAST_ATTEMPTS_MS);
    await rm(folder, { recursive: true, force: true });
  }
  const { lost, stored } = delivery.counts;
  return { ...seen, stored, lost: lost + delivery.waiting };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user, but there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
