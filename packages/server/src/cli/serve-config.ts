import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { collectSchema } from '../collect/collect-config.ts';
import type { ControlRule } from '../control/control-rules.ts';
import { DEFAULT_QUERY_LIMITS, type QueryLimits } from '../store/connection.ts';
import type { Retention } from '../store/retention.ts';
import { CLUSTER_NAME, type Topology, topologyOf } from '../store/topology.ts';
import { ConfigError } from './config-error.ts';
import { controlSchema } from './control-config.ts';
import { isLoopback, type ListenAddress, parseListen } from './listen-address.ts';
import { retentionOf, retentionSchema } from './retention-config.ts';
import type { TlsConfig } from './tls.ts';
import type { TokensConfig } from './token-source.ts';
import { readTokensOf } from './tokens-file.ts';

/** What a configuration file may say. Flags come before environment variables, those before the file. */
const fileSchema = z.strictObject({
  listen: z.union([z.string(), z.number()]).optional(),
  data: z.string().optional(),
  clickhouse: z.url({ protocol: /^https?$/ }).optional(),
  clickhouse_cluster: z.string().optional(),
  self_profile: z.boolean().optional(),
  insecure: z.boolean().optional(),
  allow_hosts: z.array(z.string()).optional(),
  tokens_file: z.string().optional(),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).optional(),
  limits: z
    .strictObject({
      body_bytes: z.number().int().positive().optional(),
      profile_bytes: z.number().int().positive().optional(),
      disk_reserve_bytes: z.number().int().nonnegative().optional(),
      in_flight_bytes: z.number().int().positive().optional(),
      query_seconds: z.number().positive().optional(),
      query_memory_bytes: z.number().int().positive().optional(),
    })
    .optional(),
  collect: collectSchema.optional(),
  control: controlSchema.optional(),
  retention: retentionSchema.optional(),
  cost: z
    .strictObject({ core_hour: z.number().positive(), currency: z.string().max(8).optional() })
    .optional(),
  rollups: z
    .strictObject({
      drop_labels: z.array(z.string()).optional(),
      settle_seconds: z.number().min(1).max(3600).optional(),
    })
    .optional(),
});

export interface ServeFlags {
  readonly listen?: string;
  readonly port?: string;
  readonly data?: string;
  readonly clickhouse?: string;
  readonly clickhouseCluster?: string;
  readonly config?: string;
  readonly selfProfile?: boolean;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly logLevel?: string;
  readonly tokensFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** What agents are told. */
export interface ControlConfig {
  readonly rules: readonly ControlRule[];
  /** Where the rules are read again; undefined: there is no file. */
  readonly file: string | undefined;
}

export interface ServeConfig {
  readonly listen: ListenAddress;
  readonly dataDir: string;
  /** URL of a ClickHouse; without one the engine runs in this process. */
  readonly clickhouse: string | undefined;
  /** Whether that is a node of a cluster over which the tables are spread. */
  readonly topology: Topology;
  readonly selfProfile: boolean;
  readonly allowHosts: readonly string[];
  readonly logLevel: string;
  readonly tokens: TokensConfig;
  /** Without it: HTTP. */
  readonly tls: TlsConfig | undefined;
  /** Whoever started it knows that the network can be trusted. */
  readonly insecure: boolean;
  readonly limits: {
    readonly bodyBytes: number;
    readonly profileBytes: number;
    readonly inFlightBytes: number;
    /** Bytes of the disk that pushes leave free; undefined: one per cent, 200 MB at the most. */
    readonly diskReserveBytes: number | undefined;
    readonly query: QueryLimits;
  };
  /** What an hour of a core costs. */
  readonly cost: { readonly coreHour: number; readonly currency: string } | undefined;
  readonly collect: z.infer<typeof collectSchema> | undefined;
  readonly retention: Retention;
  readonly control: ControlConfig;
  /** Labels that the table of hours does not keep; undefined: those of single processes. */
  readonly dropLabels: readonly string[] | undefined;
  /** How long nothing may have come in for a bucket before it is summed up, ms; undefined: a minute. */
  readonly settleMs: number | undefined;
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
  const tokens = {
    given: readTokensOf(env),
    file: flags.tokensFile ?? (env.EVERFLAME_TOKENS_FILE || undefined) ?? file.tokens_file,
  };
  const needsTokens = tokens.given.length > 0 || tokens.file !== undefined;
  if (!isLoopback(listen.host) && !needsTokens && !insecure) {
    throw new ConfigError(
      `listen: ${listen.host} can be reached from other machines, and no token is set. Listen on 127.0.0.1, ` +
        'name a file of tokens with --tokens-file (docs/security.md shows one), or add --insecure if the network is yours alone.',
    );
  }
  return {
    listen,
    dataDir: resolve(flags.data ?? env.EVERFLAME_DATA ?? file.data ?? DEFAULT_DATA),
    ...clickhouseOf(flags, env, file),
    selfProfile: flags.selfProfile ?? readBoolean(env, 'EVERFLAME_SELF_PROFILE') ?? file.self_profile ?? true,
    allowHosts: [
      ...(flags.allowHost ?? env.EVERFLAME_ALLOW_HOST?.split(',').filter(Boolean) ?? file.allow_hosts ?? []),
    ],
    logLevel: flags.logLevel ?? env.EVERFLAME_LOG_LEVEL ?? file.log_level ?? 'info',
    tokens,
    tls: tlsOf(flags, env, file.tls),
    insecure,
    limits: {
      bodyBytes: file.limits?.body_bytes ?? 32 << 20,
      profileBytes: file.limits?.profile_bytes ?? 64 << 20,
      diskReserveBytes: file.limits?.disk_reserve_bytes,
      inFlightBytes: file.limits?.in_flight_bytes ?? 128 << 20,
      query: {
        ...DEFAULT_QUERY_LIMITS,
        ...(file.limits?.query_seconds !== undefined && { seconds: file.limits.query_seconds }),
        ...(file.limits?.query_memory_bytes !== undefined && { memory: file.limits.query_memory_bytes }),
      },
    },
    cost: file.cost && { coreHour: file.cost.core_hour, currency: file.cost.currency ?? '' },
    collect: file.collect,
    retention: retentionOf(file.retention),
    control: { rules: file.control ?? [], file: configFile },
    dropLabels: file.rollups?.drop_labels,
    settleMs: file.rollups?.settle_seconds === undefined ? undefined : file.rollups.settle_seconds * 1000,
  };
}

/** What the file says of agents now. @throws ConfigError */
export function readControlRules(path: string): readonly ControlRule[] {
  return readConfigFile(path).control ?? [];
}

/** Which ClickHouse, if any, and over how much of it the tables are spread. @throws ConfigError */
export function clickhouseOf(
  flags: Pick<ServeFlags, 'clickhouse' | 'clickhouseCluster'>,
  env: NodeJS.ProcessEnv,
  file: Partial<Pick<z.infer<typeof fileSchema>, 'clickhouse' | 'clickhouse_cluster'>> = {},
): Pick<ServeConfig, 'clickhouse' | 'topology'> {
  const clickhouse = flags.clickhouse ?? env.EVERFLAME_CLICKHOUSE ?? file.clickhouse;
  if (clickhouse !== undefined && !/^https?:\/\//.test(clickhouse)) {
    // What it is may hold a password.
    throw new ConfigError('clickhouse: that is no URL. Write http://user:password@host:8123.');
  }
  const cluster =
    flags.clickhouseCluster ?? (env.EVERFLAME_CLICKHOUSE_CLUSTER || undefined) ?? file.clickhouse_cluster;
  if (cluster !== undefined && clickhouse === undefined) {
    throw new ConfigError('clickhouse_cluster: name a node of it too, with --clickhouse URL.');
  }
  if (cluster !== undefined && !CLUSTER_NAME.test(cluster)) {
    throw new ConfigError(
      `clickhouse_cluster: ${JSON.stringify(cluster)} is no name of a cluster: letters, digits, _, . and - only.`,
    );
  }
  return { clickhouse, topology: topologyOf(cluster) };
}

/** Half of a pair is a mistake that must not end in plain HTTP. */
function tlsOf(
  flags: ServeFlags,
  env: NodeJS.ProcessEnv,
  file: TlsConfig | undefined,
): TlsConfig | undefined {
  const cert = flags.tlsCert ?? (env.EVERFLAME_TLS_CERT || undefined) ?? file?.cert;
  const key = flags.tlsKey ?? (env.EVERFLAME_TLS_KEY || undefined) ?? file?.key;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined)
    throw new ConfigError('tls: there is a key but no certificate. Add --tls-cert FILE.');
  if (key === undefined) throw new ConfigError('tls: there is a certificate but no key. Add --tls-key FILE.');
  return { cert, key };
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
