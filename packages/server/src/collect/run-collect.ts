import type { Logger } from 'pino';
import { nylasUrl } from './collect-config.ts';
import { Collector } from './collector.ts';
import { HttpSink } from './http-sink.ts';
import type { TargetConfig } from './target.ts';

export interface CollectOptions {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly intervalMs: number;
  readonly server: string;
  readonly token?: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
}

const SUMMARY_MS = 10 * 60_000;

/** The collector as a process of its own: nylas' samplers polled, pushed to a server. Ends when `signal` aborts. */
export async function runCollect(
  options: CollectOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const targets = options.hosts.flatMap((host) =>
    options.ports.map(
      (port): TargetConfig => ({
        kind: 'nylas',
        url: nylasUrl(host, port),
        service: options.service,
        labels: options.labels,
        intervalMs: options.intervalMs,
        timeoutMs: 10_000,
        types: [],
      }),
    ),
  );
  const { server, token } = options;
  const sink = new HttpSink({ server, ...(token !== undefined && { token }) });
  const collector = new Collector({ targets, sink, logger });
  collector.start();
  logger.info(`polling ${targets.length} targets every ${options.intervalMs / 1000} s, pushing to ${server}`);
  const summary = setInterval(() => {
    const states = collector.targets();
    const up = states.filter(({ state }) => state === 'up').length;
    const waiting = states.reduce((sum, { undelivered }) => sum + undelivered, 0);
    logger.info(`${up} of ${states.length} targets up, ${waiting} profiles waiting to be stored`);
  }, SUMMARY_MS);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(summary);
  await collector.stop();
}
