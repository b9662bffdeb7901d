import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashString } from '@everflame/profile';
import type { Logger } from 'pino';
import { Delivery } from './delivery.ts';
import { goJob } from './go-job.ts';
import type { PollJob } from './job.ts';
import { nylasJob } from './nylas-job.ts';
import type { Sink } from './sink.ts';
import type { TargetConfig, TargetState } from './target.ts';

export interface CollectorOptions {
  readonly targets: readonly TargetConfig[];
  readonly sink: Sink;
  readonly logger: Logger;
}

/** What is known of a target while it is polled. */
interface Watched {
  readonly config: TargetConfig;
  readonly labels: Record<string, string>;
  readonly jobs: readonly PollJob[];
  /** Errors of the jobs whose last poll failed. */
  readonly errors: Map<string, string>;
  lastSuccess: number | null;
  lastError: string | null;
  lastDuration: number | null;
  undelivered: number;
}

/** How long what was polled may take to be stored when the collector stops. */
const STOP_DEADLINE_MS = 5000;

/**
 * Polls targets. Each has a loop of its own: one that is slow or dead delays no other.
 */
export class Collector {
  readonly #watched: readonly Watched[];
  readonly #delivery: Delivery;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #run = randomBytes(16).toString('hex');
  #sequence = 0;
  #loops: Promise<void>[] = [];

  constructor({ targets, sink, logger }: CollectorOptions) {
    this.#logger = logger;
    this.#delivery = new Delivery({ sink, logger });
    this.#watched = targets.map((config) => ({
      config,
      labels: labelsOf(config),
      jobs: config.kind === 'nylas' ? [nylasJob(config)] : config.types.map((type) => goJob(config, type)),
      errors: new Map(),
      lastSuccess: null,
      lastError: null,
      lastDuration: null,
      undelivered: 0,
    }));
  }

  start(): void {
    this.#loops = this.#watched.flatMap((watched) => watched.jobs.map((job) => this.#loop(watched, job)));
  }

  /** Stops polling; what was polled gets a last chance to be stored. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
    await this.#delivery.close(STOP_DEADLINE_MS);
  }

  targets(): TargetState[] {
    return this.#watched.map(
      ({ config, labels, errors, lastSuccess, lastError, lastDuration, undelivered }) => ({
        url: config.url,
        service: config.service,
        labels,
        state: errors.size > 0 ? 'down' : lastSuccess === null ? 'pending' : 'up',
        lastSuccess,
        lastError,
        lastDuration,
        intervalSeconds: config.intervalMs / 1000,
        undelivered,
      }),
    );
  }

  async #loop(watched: Watched, job: PollJob): Promise<void> {
    const { signal } = this.#stop;
    const { intervalMs } = watched.config;
    try {
      // A random phase, so that not all targets are asked at once; short, so that the first picture comes soon.
      await sleep(Math.random() * Math.min(intervalMs, 2000), undefined, { signal });
      for (let due = Date.now(); ; due = Math.max(due + intervalMs, Date.now())) {
        const polled = await this.#poll(watched, job, signal);
        if (polled && job.covers) due = Date.now() - intervalMs;
        await sleep(Math.max(0, due + intervalMs - Date.now()), undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @returns whether the target answered */
  async #poll(watched: Watched, job: PollJob, signal: AbortSignal): Promise<boolean> {
    const { config, labels, errors } = watched;
    const started = Date.now();
    try {
      const { profile, startNanos, durationNanos } = await job.poll(signal);
      const wasDown = errors.delete(job.name);
      if (wasDown || watched.lastSuccess === null) this.#logger.info(`${config.url} (${job.name}): up`);
      watched.lastSuccess = Date.now();
      watched.lastDuration = watched.lastSuccess - started;
      if (errors.size === 0) watched.lastError = null;
      watched.undelivered++;
      const identity = hashString(`${this.#run} ${this.#sequence++}`);
      this.#delivery.send(
        { service: config.service, labels, startNanos, durationNanos, identity, profile },
        () => {
          watched.undelivered--;
        },
      );
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      const message = error instanceof Error ? error.message : String(error);
      if (!errors.has(job.name)) this.#logger.warn(`${config.url} (${job.name}): down: ${message}`);
      errors.set(job.name, message);
      watched.lastError = `${job.name}: ${message}`;
      watched.lastDuration = Date.now() - started;
      return false;
    }
  }
}

/** What the configuration says comes last: it may know better. */
function labelsOf({ kind, url, labels }: TargetConfig): Record<string, string> {
  const { host } = new URL(url);
  const known = kind === 'nylas' ? { language: 'python', sampler: 'nylas' } : { language: 'go' };
  return { instance: host, ...known, ...labels };
}
