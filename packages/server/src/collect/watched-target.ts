import { goJob } from './go-job.ts';
import type { PollJob } from './job.ts';
import { nylasJob } from './nylas-job.ts';
import type { TargetConfig, TargetState } from './target.ts';

/** A target while it is polled: what is asked of it, and how that goes. */
export class WatchedTarget {
  readonly config: TargetConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly jobs: readonly PollJob[];
  /** Errors of the jobs whose last poll failed, by their name. */
  readonly #errors = new Map<string, string>();
  readonly #succeeded = new Set<string>();
  #lastSuccess: number | null = null;
  #lastDuration: number | null = null;
  #undelivered = 0;

  constructor(config: TargetConfig) {
    this.config = config;
    this.labels = labelsOf(config);
    this.jobs =
      config.kind === 'nylas' ? [nylasJob(config)] : config.types.map((type) => goJob(config, type));
  }

  /** @returns whether that is news */
  succeeded({ name }: PollJob, tookMs: number): boolean {
    const isNews = this.#errors.delete(name) || !this.#succeeded.has(name);
    this.#succeeded.add(name);
    this.#lastSuccess = Date.now();
    this.#lastDuration = Math.round(tookMs);
    return isNews;
  }

  /** @returns whether that is news */
  failed({ name }: PollJob, message: string, tookMs: number): boolean {
    const isNews = this.#errors.get(name) !== message;
    this.#errors.set(name, message);
    this.#lastDuration = Math.round(tookMs);
    return isNews;
  }

  /** @returns to be called when the profile is stored or given up */
  awaitDelivery(): () => void {
    this.#undelivered++;
    return () => {
      this.#undelivered--;
    };
  }

  /** Down as soon as one of its profiles cannot be had: who asked for it wants to know. */
  state(): TargetState {
    const { url, service, intervalMs } = this.config;
    return {
      url,
      service,
      labels: this.labels,
      state: this.#errors.size > 0 ? 'down' : this.#lastSuccess === null ? 'pending' : 'up',
      lastSuccess: this.#lastSuccess,
      lastError: [...this.#errors].map(([name, message]) => `${name}: ${message}`).join('; ') || null,
      lastDuration: this.#lastDuration,
      intervalSeconds: intervalMs / 1000,
      undelivered: this.#undelivered,
    };
  }
}

/** What the configuration says comes last: it may know better. */
function labelsOf({ kind, url, labels }: TargetConfig): Record<string, string> {
  const { protocol, hostname, port } = new URL(url);
  const instance = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  const known = kind === 'nylas' ? { language: 'python', sampler: 'nylas' } : { language: 'go' };
  return { instance, ...known, ...labels };
}
