import type { Logger } from 'pino';
import { isServiceName, nylasUrl } from './collect-config.ts';
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
const TIMEOUT_MS = 10_000;

/**
 * The collector as a process of its own: nylas' samplers polled, pushed to a server. Ends when `signal` aborts.
 *
 * @throws Error with a sentence, before anything is polled, where a host or the service has no usable name
 */
export async function runCollect(
  options: CollectOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const targets = targetsOf(options);
  const { server, token } = options;
  const sink = new HttpSink({ server, ...(token !== undefined && { token }) });
  const collector = new Collector({ targets, sink, logger });
  collector.start();
  logger.info(`polling ${targets.length} targets every ${options.intervalMs / 1000} s, pushing to ${server}`);
  const summary = setInterval(() => logger.info(summarize(collector)), SUMMARY_MS);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(summary);
  await collector.stop();
  logger.info(summarize(collector));
}

function targetsOf({ hosts, ports, intervalMs, service, labels }: CollectOptions): TargetConfig[] {
  if (!isServiceName(service))
    throw new Error(`service: ${JSON.stringify(service)} is no name of a service.`);
  // A target named twice would be polled twice, each poll taking from the other.
  const urls = new Set(hosts.flatMap((host) => ports.map((port) => nylasUrl(host, port))));
  for (const url of urls) if (!URL.canParse(url)) throw new Error(`host: ${url} is no address.`);
  return [...urls].map((url) => ({
    kind: 'nylas',
    url,
    service,
    labels,
    intervalMs,
    timeoutMs: TIMEOUT_MS,
    types: [],
  }));
}

function summarize(collector: Collector): string {
  const states = collector.targets();
  const up = states.filter(({ state }) => state === 'up').length;
  const { stored, lost, waiting } = collector.deliveries;
  return `${up} of ${states.length} targets up; profiles: ${stored} stored, ${waiting} waiting, ${lost} given up`;
}
