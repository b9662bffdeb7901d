import { isLabelName } from '@everflame/profile';
import { z } from 'zod';
import { parseInterval } from './interval.ts';
import { parsePorts } from './ports.ts';
import { GO_PROFILES, type TargetConfig } from './target.ts';

/** Lets a parser that throws say its sentence at the right place of the configuration. */
function parsed<T>(parse: (value: string | number) => T) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

const interval = parsed(parseInterval);
const service = z.string().min(1).max(200);
const labels = z.record(
  z.string().refine((name) => isLabelName(name) && name !== 'service_name', 'is no name for a label'),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);
const common = { labels: labels.default({}), interval: interval.optional(), timeout: interval.optional() };
const httpUrl = z.url({ protocol: /^https?$/ });

const nylasByUrl = z.strictObject({
  kind: z.literal('nylas'),
  url: httpUrl,
  service: service.default('nylas'),
  ...common,
});
const nylasByPorts = z.strictObject({
  kind: z.literal('nylas'),
  host: z.string().min(1),
  ports: parsed((value) => parsePorts(String(value))),
  service: service.default('nylas'),
  ...common,
});
const go = z.strictObject({
  kind: z.literal('go'),
  url: httpUrl,
  service,
  types: z.array(z.enum(GO_PROFILES)).min(1).default(['cpu', 'heap', 'allocs', 'goroutine']),
  ...common,
});

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** What `collect:` in the configuration says, as targets. */
export const collectSchema = z
  .strictObject({
    interval: interval.default(DEFAULT_INTERVAL_MS),
    targets: z.array(z.union([nylasByUrl, nylasByPorts, go])).default([]),
  })
  .transform((config): { targets: TargetConfig[] } => ({
    targets: config.targets.flatMap((target) => {
      const shared = {
        kind: target.kind,
        service: target.service,
        labels: target.labels,
        intervalMs: target.interval ?? config.interval,
        timeoutMs: target.timeout ?? DEFAULT_TIMEOUT_MS,
        types: target.kind === 'go' ? target.types : [],
      };
      if ('ports' in target)
        return target.ports.map((port) => ({ ...shared, url: nylasUrl(target.host, port) }));
      return [{ ...shared, url: target.url.replace(/\/+$/, '') }];
    }),
  }));

export function nylasUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
