import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { collectSchema } from '../collect/collect-config.ts';
import { DEFAULT_QUERY_LIMITS, type QueryLimits } from '../store/connection.ts';
import type { Retention } from '../store/retention.ts';
import { ConfigError } from './config-error.ts';
import { isLoopback, type ListenAddress, parseListen } from './listen-address.ts';
import { retentionOf, retentionSchema } from './retention-config.ts';

/** What a configuration file may say. Flags come before environment variables, those before the file. */
const fileSchema = z.strictObject({
  listen: z.union([z.string(), z.number()]).optional(),
  data: z.string().optional(),
  clickhouse: z.url({ protocol: /^https?$/ }).optional(),
  self_profile: z.boolean().optional(),
  insecure: z.boolean().optional(),
  allow_hosts: z.array(z.string()).optional(),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).optional(),
  limits: z
    .strictObject({
      body_bytes: z.number().int().positive().optional(),
      profile_bytes: z.number().int().positive().optional(),
      in_flight_bytes: z.number().int().positive().optional(),
      query_seconds: z.number().positive().optional(),
      query_memory_bytes: z.number().int().positive().optional(),
    })
    .optional(),
  collect: collectSchema.optional(),
  retention: retentionSchema.optional(),
  rollups: z.strictObject({ drop_labels: z.array(z.string()).optional() }).optional(),
});

export interface ServeFlags {
  readonly listen?: string;
  readonly port?: string;
  readonly data?: string;
  readonly clickhouse?: string;
  readonly config?: string;
  readonly selfProfile?: boolean;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly logLevel?: string;
}

export interface ServeConfig {
  readonly listen: ListenAddress;
  readonly dataDir: string;
  /** URL of a ClickHouse; without one the engine runs in this process. */
  readonly clickhouse: string | undefined;
  readonly selfProfile: boolean;
  readonly allowHosts: readonly string[];
  readonly logLevel: string;
  readonly limits: {
    readonly bodyBytes: number;
    readonly profileBytes: number;
    readonly inFlightBytes: number;
    readonly query: QueryLimits;
  };
  readonly collect: z.infer<typeof collectSchema> | undefined;
  readonly retention: Retention;
  /** Labels that the table of hours does not keep; undefined: those of single processes. */
  readonly dropLabels: readonly string[] | undefined;
}

export const DEFAULT_LISTEN = '127.0.0.1:5555';
export const DEFAULT_DATA = 'everflame-data';

/** @throws ConfigError */
export function resolveServeConfig(flags: ServeFlags, env: NodeJS.ProcessEnv = process.env): ServeConfig {
  const configFile = flags.config ?? env.EVERFLAME_CONFIG;
  const file = configFile === undefined ? {} : readConfigFile(configFile);
  const listenText =
    flags.listen ??
    (flags.port === undefined ? undefined : flags.port) ??
    env.EVERFLAME_LISTEN ??
    env.EVERFLAME_PORT ??
    (file.listen === undefined ? undefined : String(file.listen)) ??
    DEFAULT_LISTEN;
  const listen = parseListen(listenText);
  const insecure = flags.insecure ?? readBoolean(env, 'EVERFLAME_INSECURE') ?? file.insecure ?? false;
  if (!isLoopback(listen.host) && !insecure) {
    throw new ConfigError(
      `listen: ${listen.host} can be reached from other machines, and there is no protection by tokens yet. ` +
        'Listen on 127.0.0.1, or add --insecure if the network is yours alone.',
    );
  }
  const clickhouse = flags.clickhouse ?? env.EVERFLAME_CLICKHOUSE ?? file.clickhouse;
  if (clickhouse !== undefined && !/^https?:\/\//.test(clickhouse)) {
    throw new ConfigError(
      `clickhouse: ${JSON.stringify(clickhouse)} is no URL. Write http://user:password@host:8123.`,
    );
  }
  return {
    listen,
    dataDir: resolve(flags.data ?? env.EVERFLAME_DATA ?? file.data ?? DEFAULT_DATA),
    clickhouse,
    selfProfile: flags.selfProfile ?? readBoolean(env, 'EVERFLAME_SELF_PROFILE') ?? file.self_profile ?? true,
    allowHosts: [
      ...(flags.allowHost ?? env.EVERFLAME_ALLOW_HOST?.split(',').filter(Boolean) ?? file.allow_hosts ?? []),
    ],
    logLevel: flags.logLevel ?? env.EVERFLAME_LOG_LEVEL ?? file.log_level ?? 'info',
    limits: {
      bodyBytes: file.limits?.body_bytes ?? 32 << 20,
      profileBytes: file.limits?.profile_bytes ?? 64 << 20,
      inFlightBytes: file.limits?.in_flight_bytes ?? 128 << 20,
      query: {
        ...DEFAULT_QUERY_LIMITS,
        ...(file.limits?.query_seconds !== undefined && { seconds: file.limits.query_seconds }),
        ...(file.limits?.query_memory_bytes !== undefined && { memory: file.limits.query_memory_bytes }),
      },
    },
    collect: file.collect,
    retention: retentionOf(file.retention),
    dropLabels: file.rollups?.drop_labels,
  };
}

function readConfigFile(path: string): z.infer<typeof fileSchema> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      `config: ${path} cannot be read (${cause instanceof Error ? cause.message : cause}).`,
      { cause },
    );
  }
  let value: unknown;
  try {
    value = parseYaml(text) ?? {};
  } catch (cause) {
    throw new ConfigError(`config: ${path} is no YAML: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw new ConfigError(`config: ${path}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function readBoolean(env: NodeJS.ProcessEnv, name: string): boolean | undefined {
  const text = env[name]?.toLowerCase();
  if (text === undefined || text === '') return undefined;
  if (['1', 'true', 'yes', 'on'].includes(text)) return true;
  if (['0', 'false', 'no', 'off'].includes(text)) return false;
  throw new ConfigError(`${name}: ${JSON.stringify(env[name])} is neither true nor false.`);
}
