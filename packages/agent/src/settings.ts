import { type Logger, messageOf } from './log.ts';
import { cleanLabels, cleanServiceName, guessServiceName } from './naming.ts';
import type { StartOptions } from './options.ts';
import { parseServerUrl, type ServerUrl } from './server-url.ts';

/** What of the heap is sampled: what is there, or what was allocated in the window. */
export type MemoryMode = 'off' | 'live' | 'allocated';

export interface Settings {
  readonly serviceName: string;
  readonly server: ServerUrl;
  readonly labels: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** Samples of CPU time per second; 0: off. */
  readonly rate: number;
  /** 0: no wall time. CPU and wall time are of one sampler, whose rate this is only where `rate` is 0. */
  readonly wallRate: number;
  /** Seconds. */
  readonly window: number;
  readonly enabled: boolean;
  readonly memory: MemoryMode;
  /** Bytes of allocations, on average, to a sample of the heap. */
  readonly memoryInterval: number;
  readonly spans: boolean;
  /** Label samples with the route of the request. */
  readonly routes: boolean;
  /** A loop that could not turn for so many milliseconds was blocked; 0: not watched. */
  readonly loopBlock: number;
  readonly sourceMaps: boolean;
  readonly native: boolean;
  readonly asyncHooks: boolean;
  /** Send the last window where SIGTERM ends the program. */
  readonly sigterm: boolean;
}

interface Range {
  readonly default: number;
  readonly least: number;
  readonly most: number;
  /** 0 means off, where that is allowed, and lies outside of the bounds. */
  readonly zero: boolean;
}

const RATE: Range = { default: 100, least: 1, most: 1000, zero: true };
const WALL_RATE: Range = { default: 20, least: 0.1, most: 1000, zero: true };
const WINDOW: Range = { default: 10, least: 0.2, most: 600, zero: false };
const MEMORY_INTERVAL: Range = { default: 512 * 1024, least: 1024, most: 2 ** 30, zero: false };
const LOOP_BLOCK: Range = { default: 100, least: 20, most: 60_000, zero: true };
const DEFAULT_SERVER = 'http://127.0.0.1:5555';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings of arguments first and environment second. A wrong argument is a mistake in a program and throws (TypeError,
 * RangeError). A wrong variable is a mistake in a deployment: it is logged, the default is used.
 */
export function resolveSettings(options: StartOptions, env: Environment, logger: Logger): Settings {
  const variable = <T>(name: string, parse: (text: string) => T, otherwise: string): T => {
    const text = env[name]?.trim() ?? '';
    if (text !== '') {
      try {
        return parse(text);
      } catch (error) {
        logger.warn(`${name}=${text} is ignored, ${otherwise || 'nothing'} is used: it ${messageOf(error)}`);
      }
    }
    return parse(otherwise);
  };
  const number = (name: keyof StartOptions, variableName: string, range: Range): number => {
    const value = options[name];
    if (value === undefined)
      return variable(variableName, (text) => within(range, Number(text)), String(range.default));
    if (typeof value !== 'number') throw wrongType(name, 'a number', value);
    return argument(name, () => within(range, value));
  };
  const flag = (name: keyof StartOptions, variableName: string, otherwise: boolean): boolean => {
    const value = options[name];
    if (value === undefined) return variable(variableName, parseFlag, otherwise ? '1' : '0');
    if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value);
    return value;
  };
  const text = (name: keyof StartOptions, variableName: string): string | undefined => {
    const value = options[name];
    if (value !== undefined && typeof value !== 'string') throw wrongType(name, 'a string', value);
    return value || env[variableName]?.trim() || undefined;
  };
  const memory = (): MemoryMode => {
    const value = options.memory;
    if (value === undefined) return variable('EVERFLAME_MEMORY', parseMemory, '0');
    if (typeof value === 'boolean') return value ? 'live' : 'off';
    return argument('memory', () => parseMemory(String(value)));
  };

  const server = text('server', '');
  return {
    serviceName: cleanServiceName(
      text('serviceName', 'EVERFLAME_SERVICE_NAME') ?? guessServiceName(),
      logger,
    ),
    server:
      server === undefined
        ? variable('EVERFLAME_SERVER', parseServerUrl, DEFAULT_SERVER)
        : argument('server', () => parseServerUrl(server)),
    labels: cleanLabels({ ...labelsOfEnvironment(env, logger), ...labelsOfArgument(options.labels) }, logger),
    token: text('token', 'EVERFLAME_TOKEN'),
    tokenFile: text('tokenFile', 'EVERFLAME_TOKEN_FILE'),
    rate: number('rate', 'EVERFLAME_RATE', RATE),
    wallRate: number('wallRate', 'EVERFLAME_WALL_RATE', WALL_RATE),
    window: number('window', 'EVERFLAME_WINDOW', WINDOW),
    enabled: flag('enabled', 'EVERFLAME_ENABLED', true),
    memory: memory(),
    memoryInterval: number('memoryInterval', 'EVERFLAME_MEMORY_INTERVAL', MEMORY_INTERVAL),
    spans: flag('spans', 'EVERFLAME_SPANS', false),
    routes: flag('routes', 'EVERFLAME_ROUTES', false),
    loopBlock: number('loopBlock', 'EVERFLAME_LOOP_BLOCK', LOOP_BLOCK),
    sourceMaps: flag('sourceMaps', 'EVERFLAME_SOURCE_MAPS', true),
    native: flag('native', 'EVERFLAME_NATIVE', true),
    asyncHooks: flag('asyncHooks', 'EVERFLAME_ASYNC_HOOKS', false),
    sigterm: flag('sigterm', 'EVERFLAME_SIGTERM', true),
  };
}

function within({ least, most, zero }: Range, value: number): number {
  if ((zero && value === 0) || (value >= least && value <= most)) return value;
  throw new RangeError(`must be ${zero ? '0 or ' : ''}between ${least} and ${most}, not ${value}`);
}

function parseFlag(text: string): boolean {
  if (/^(0|false|no|off)$/i.test(text)) return false;
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  throw new RangeError('must be 1 or 0');
}

function parseMemory(text: string): MemoryMode {
  const mode = text.toLowerCase();
  if (mode === 'live' || mode === 'allocated') return mode;
  try {
    return parseFlag(text) ? 'live' : 'off';
  } catch {
    throw new RangeError('must be 0, live or allocated');
  }
}

function wrongType(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(
    `everflame.start({ ${name} }) takes ${wanted}, not ${value === null ? 'null' : typeof value}`,
  );
}

function argument<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new RangeError(`everflame.start({ ${name} }) ${messageOf(error)}`);
  }
}

function labelsOfArgument(labels: unknown): Record<string, string> {
  if (labels === undefined) return {};
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
    throw wrongType('labels', 'an object such as { env: "prod" }', labels);
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

function labelsOfEnvironment(env: Environment, logger: Logger): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const text of (env.EVERFLAME_LABELS ?? '').split(',')) {
    if (text.trim() === '') continue;
    const at = text.indexOf('=');
    const name = text.slice(0, at).trim();
    if (at > 0 && name !== '') labels[name] = text.slice(at + 1).trim();
    else logger.warn(`EVERFLAME_LABELS: ${JSON.stringify(text)} is ignored, write name=value,name=value`);
  }
  return labels;
}
