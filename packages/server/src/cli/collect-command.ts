import { Command } from 'commander';
import { parseInterval } from '../collect/interval.ts';
import { parsePorts } from '../collect/ports.ts';
import { runCollect } from '../collect/run-collect.ts';
import { readToken, serverUrl } from './api-client.ts';
import { ConfigError } from './config-error.ts';
import { readLabels } from './label-option.ts';
import { createLogger } from './logger.ts';
import { stopOnSignal } from './stop-signal.ts';

interface CollectFlags {
  readonly host?: readonly string[];
  readonly ports: string;
  readonly interval: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly service: string;
  readonly label?: readonly string[];
  readonly logLevel: string;
}

export function collectCommand(): Command {
  return new Command('collect')
    .description('Poll nylas’ samplers and push what they have to a server')
    .option('--host <host>', 'host to poll, repeatable (default localhost)', append)
    .option('--ports <ports>', '16384, 16384,16390 or 16384..16400', '16384')
    .option('--interval <seconds>', 'how often: seconds, or 30s, 5m', '60')
    .option('--server <url>', 'server to push to (EVERFLAME_SERVER; default http://127.0.0.1:5555)')
    .option('--token-file <file>', 'file that holds the token to push with (EVERFLAME_TOKEN_FILE)')
    .option('--service <name>', 'name of the service', 'nylas')
    .option('--label <key=value>', 'label of all targets, repeatable', append)
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent', 'info')
    .addHelpText(
      'after',
      `
Examples:
  everflame collect --host localhost --ports 16384
  everflame collect --host a --host b --ports 16384..16390 --interval 30 --service shop --label env=prod

Without --token-file a token is taken from EVERFLAME_TOKEN, or from the file that EVERFLAME_TOKEN_FILE names.
A server with a certificate of your own authority: NODE_EXTRA_CA_CERTS=ca.crt.
Exit codes: 0 stopped, 1 failed, 2 wrong usage.`,
    )
    .action(run);
}

async function run(flags: CollectFlags): Promise<void> {
  const server = serverUrl(flags.server);
  const token = readToken(flags.tokenFile);
  const options = {
    hosts: flags.host ?? ['localhost'],
    ports: checked(() => parsePorts(flags.ports)),
    intervalMs: checked(() => parseInterval(flags.interval)),
    server,
    ...(token !== undefined && { token }),
    service: flags.service,
    labels: readLabels(flags.label ?? []),
  };
  const logger = createLogger(flags.logLevel);
  const stop = new AbortController();
  const collecting = runCollect(options, logger, stop.signal);
  await stopOnSignal(async (signal) => {
    logger.info(`${signal}: stopping`);
    stop.abort();
    await collecting;
  });
}

/** A value that cannot be read is wrong usage, not a crash. */
function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
