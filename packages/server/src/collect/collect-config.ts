import { isLabelName } from '@everflame/profile';
import { z } from 'zod';
import { parseInterval } from './interval.ts';
import { parsePorts } from './ports.ts';
import { GO_PROFILES, type TargetConfig } from './target.ts';

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;
/** The port of nylas' samplers. */
const DEFAULT_PORTS = [16384];

/** Lets a parser that throws say its sentence at the right place of the configuration. */
function parsed<T>(parse: (value: string | number) => T) {
  return z
    .union([z.string(), z.number()], { error: 'must be a text or a number' })
    .transform((value, context) => {
      try {
        return parse(value);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    });
}

const interval = parsed(parseInterval);

const service = z
  .string()
  .min(1)
  .max(200)
  .refine(isServiceName, { error: 'must be a name without braces and control characters' });

const labels = z
  .record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text' }).transform(String),
  )
  .superRefine((all, context) => {
    for (const name of Object.keys(all)) {
      if (isLabelName(name) && name !== 'service_name') continue;
      const message =
        'is no name for a label: letters, digits, _ and ., not starting with a digit; not service_name';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL such as http://host:port' })
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
    error: 'must not hold a user and password: they would be shown with the target',
  });

const common = { labels: labels.default({}), interval: interval.optional(), timeout: interval.optional() };

const nylas = z
  .strictObject({
    kind: z.literal('nylas'),
    url: httpUrl.optional(),
    host: z.string().min(1).optional(),
    ports: parsed((value) => parsePorts(String(value))).optional(),
    service: service.default('nylas'),
    ...common,
  })
  .superRefine(({ url, host, ports }, context) => {
    const fault =
      url !== undefined && (host !== undefined || ports !== undefined)
        ? 'has a url: host and ports say the same once more'
        : url === undefined && host === undefined
          ? 'needs a url, or host and ports'
          : host !== undefined && !URL.canParse(nylasUrl(host, 1))
            ? `host: ${JSON.stringify(host)} is no name or address of a host`
            : undefined;
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

const go = z.strictObject({
  kind: z.literal('go'),
  url: httpUrl,
  service,
  types: z
    .array(z.enum(GO_PROFILES))
    .min(1)
    .default(['cpu', 'heap', 'allocs', 'goroutine'])
    // The same twice would be refused by the program, or counted twice.
    .transform((types) => [...new Set(types)]),
  ...common,
});

const target = z.discriminatedUnion('kind', [nylas, go], { error: 'must be nylas or go' });

/** What `collect:` in the configuration says, as targets. */
export const collectSchema = z
  .strictObject({
    interval: interval.default(DEFAULT_INTERVAL_MS),
    targets: z.array(target).default([]),
  })
  .transform((config): { targets: TargetConfig[] } => ({
    targets: config.targets.flatMap((one) => {
      const shared = {
        kind: one.kind,
        service: one.service,
        labels: one.labels,
        intervalMs: one.interval ?? config.interval,
        timeoutMs: one.timeout ?? DEFAULT_TIMEOUT_MS,
        types: one.kind === 'go' ? one.types : [],
      };
      return urlsOf(one).map((url) => ({ ...shared, url }));
    }),
  }))
  .superRefine(({ targets }, context) => {
    const seen = new Set<string>();
    for (const { kind, url } of targets) {
      if (kind === 'nylas' && seen.has(url)) {
        const message = `${url} is there twice: each poll would take from the other`;
        context.addIssue({ code: 'custom', path: ['targets'], message });
      }
      seen.add(url);
    }
  });

/** The addresses that a target stands for, as people write them: with or without what is appended to them. */
function urlsOf(one: z.infer<typeof target>): string[] {
  if (one.kind === 'go') return [one.url.replace(/(\/debug\/pprof)?\/*$/, '')];
  const { host } = one;
  if (host !== undefined) return (one.ports ?? DEFAULT_PORTS).map((port) => nylasUrl(host, port));
  if (one.url === undefined) return [];
  const url = new URL(one.url);
  url.searchParams.delete('reset');
  return [url.href.replace(/\/$/, '')];
}

export function nylasUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether a push can carry this name (`name=service{…}`). */
export function isServiceName(text: string): boolean {
  return text.trim() !== '' && !/[{}]/.test(text) && ![...text].some((character) => character < ' ');
}
