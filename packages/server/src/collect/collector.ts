import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashString } from '@everflame/profile';
import type { Logger } from 'pino';
import { ByteBudget } from './byte-budget.ts';
import { Delivery } from './delivery.ts';
import type { PollJob } from './job.ts';
import type { Sink } from './sink.ts';
import type { TargetConfig, TargetState } from './target.ts';
import { WatchedTarget } from './watched-target.ts';

export interface CollectorOptions {
  readonly targets: readonly TargetConfig[];
  readonly sink: Sink;
  readonly logger: Logger;
  /** Bytes of profiles that may wait to be stored. */
  readonly maxWaitingBytes?: number;
}

/** How long what was polled may take to be stored when the collector stops. */
const STOP_DEADLINE_MS = 5000;
/** How long an answer may take that the target will not give again. */
const STOP_GRACE_MS = 1000;
/** Within this time after the start every target has been asked once, so that the first picture comes soon. */
const FIRST_POLLS_MS = 2000;
/** Answers of all targets that are being read: four of the largest. */
const BODIES_BYTES = 128 << 20;

/**
 * Polls targets. Each has a loop of its own: one that is slow or dead delays no other.
 */
export class Collector {
  readonly #targets: readonly WatchedTarget[];
  readonly #delivery: Delivery;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  /** Aborts after the grace. */
  readonly #abandon = new AbortController();
  readonly #budget = new ByteBudget(BODIES_BYTES);
  /** With the number of a poll the identity of its push, the same for each attempt to store it. */
  readonly #run = randomBytes(16).toString('hex');
  #sequence = 0;
  #loops: Promise<void>[] = [];

  constructor({ targets, sink, logger, maxWaitingBytes }: CollectorOptions) {
    this.#logger = logger;
    this.#delivery = new Delivery({
      sink,
      logger,
      ...(maxWaitingBytes !== undefined && { maxBytes: maxWaitingBytes }),
    });
    this.#targets = targets.map((config) => new WatchedTarget(config));
    // Every loop listens: more than ten are no leak.
    setMaxListeners(0, this.#stop.signal, this.#abandon.signal);
  }

  start(): void {
    this.#loops = this.#targets.flatMap((target) => target.jobs.map((job) => this.#loop(target, job)));
  }

  /** Stops polling; what was polled gets a last chance to be stored. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const grace = setTimeout(() => this.#abandon.abort(), STOP_GRACE_MS);
    await Promise.all(this.#loops);
    clearTimeout(grace);
    await this.#delivery.close(STOP_DEADLINE_MS);
  }

  targets(): TargetState[] {
    return this.#targets.map((target) => target.state());
  }

  /** Profiles stored and given up since the start, and those that wait. */
  get deliveries(): { readonly stored: number; readonly lost: number; readonly waiting: number } {
    return { ...this.#delivery.counts, waiting: this.#delivery.waiting };
  }

  async #loop(target: WatchedTarget, job: PollJob): Promise<void> {
    const { signal } = this.#stop;
    const { intervalMs } = target.config;
    try {
      await sleep(Math.random() * Math.min(intervalMs, FIRST_POLLS_MS), undefined, { signal });
      // Time that no clock sets back. Targets that were first asked together go apart with their second poll.
      let due = performance.now() - (job.covers ? 0 : (Math.random() / 2) * intervalMs);
      for (;;) {
        const polled = await this.#poll(target, job);
        signal.throwIfAborted();
        if (polled && job.covers) {
          due = performance.now();
          continue;
        }
        due = Math.max(due + intervalMs, performance.now());
        await sleep(due - performance.now(), undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @returns whether the target answered */
  async #poll(target: WatchedTarget, job: PollJob): Promise<boolean> {
    const { config, labels } = target;
    const signal = job.resets ? this.#abandon.signal : this.#stop.signal;
    const started = performance.now();
    try {
      const { profile, startNanos, durationNanos } = await job.poll({ signal, budget: this.#budget });
      if (target.succeeded(job, performance.now() - started)) {
        this.#logger.info(`${config.url} (${job.name}): up`);
      }
      const identity = hashString(`${this.#run} ${this.#sequence++}`);
      const push = { service: config.service, labels, startNanos, durationNanos, identity, profile };
      this.#delivery.send(push, target.awaitDelivery());
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      const message = error instanceof Error ? error.message : String(error);
      if (target.failed(job, message, performance.now() - started)) {
        this.#logger.warn(`${config.url} (${job.name}): down: ${message}`);
      }
      return false;
    }
  }
}
