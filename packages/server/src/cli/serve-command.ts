import { Command } from 'commander';
import { createLogger } from './logger.ts';
import {
  DEFAULT_DATA,
  DEFAULT_LISTEN,
  resolveServeConfig,
  type ServeConfig,
  type ServeFlags,
} from './serve-config.ts';
import { stopOnSignal } from './stop-signal.ts';
import { VERSION } from './version.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('Collect, store and show profiles')
    .option('--listen <[host:]port>', `address to listen on (EVERFLAME_LISTEN; default ${DEFAULT_LISTEN})`)
    .option('--port <port>', 'the same, as the old visualizer had it (EVERFLAME_PORT)')
    .option('--data <dir>', `directory of the store (EVERFLAME_DATA; default ./${DEFAULT_DATA})`)
    .option('--clickhouse <url>', 'store in this ClickHouse instead (EVERFLAME_CLICKHOUSE)')
    .option(
      '--clickhouse-cluster <name>',
      'that ClickHouse is a node of this cluster: spread the tables over it (EVERFLAME_CLICKHOUSE_CLUSTER)',
    )
    .option('--config <file>', 'YAML configuration (EVERFLAME_CONFIG)')
    .option('--no-self-profile', 'do not profile the server itself (EVERFLAME_SELF_PROFILE=0)')
    .option('--tokens-file <file>', 'tokens that are let in, YAML (EVERFLAME_TOKENS_FILE)')
    .option('--tls-cert <file>', 'certificate in PEM, with its chain: HTTPS (EVERFLAME_TLS_CERT)')
    .option('--tls-key <file>', 'its key in PEM (EVERFLAME_TLS_KEY)')
    .option(
      '--insecure',
      'listen beyond this machine though anybody there may read and push (EVERFLAME_INSECURE)',
    )
    .option(
      '--allow-host <name>',
      'a name that the server goes by, repeatable (EVERFLAME_ALLOW_HOST)',
      collect,
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent (EVERFLAME_LOG_LEVEL)')
    .addHelpText(
      'after',
      `
Examples:
  everflame serve
  everflame serve --listen 127.0.0.1:8080 --data /var/lib/everflame
  everflame serve --config everflame.yaml
  everflame serve --listen 0.0.0.0:5555 --tokens-file tokens.yaml --tls-cert tls.crt --tls-key tls.key

Single tokens are taken from EVERFLAME_INGEST_TOKEN, EVERFLAME_READ_TOKEN and EVERFLAME_ADMIN_TOKEN as well.
SIGHUP reads the certificate, the tokens and what the configuration says of agents (control) again.
Exit codes: 0 stopped, 1 failed, 2 wrong usage or configuration.`,
    )
    .action(run);
}

async function run(options: ServeFlags, command: Command): Promise<void> {
  // Commander gives --no-self-profile a default of true, which would hide the environment and the file.
  const { selfProfile, ...rest } = options;
  const given = command.getOptionValueSource('selfProfile') === 'cli';
  const config = resolveServeConfig({ ...rest, ...(given && selfProfile !== undefined && { selfProfile }) });
  const logger = createLogger(config.logLevel);
  // Loading the engine takes a moment: help and errors do without it.
  const { serve } = await import('./serve.ts');
  const server = await serve(config, logger);
  process.stdout.write(banner(server.url, config));
  // Only where there is something to read: else it ends the program, as when its terminal is closed.
  const isReadAgain = config.tls || config.tokens.file !== undefined || config.control.file !== undefined;
  if (isReadAgain) process.on('SIGHUP', () => server.reload());
  await stopOnSignal(async (signal) => {
    logger.info(`${signal}: stopping`);
    await server.stop();
  });
}

function banner(url: string, { clickhouse, dataDir, tokens }: ServeConfig): string {
  const data = clickhouse ?? dataDir;
  const needed = tokens.file !== undefined || tokens.given.length > 0;
  const bold =
    process.stdout.isTTY && !process.env.NO_COLOR ? (text: string) => `\x1b[1m${text}\x1b[22m` : String;
  return `
  ${bold(`Everflame ${VERSION}`)}

  Page     ${bold(url)}
  Data     ${data.replace(/\/\/[^@/]*@/, '//')}
${needed ? '  Tokens   are needed; agents have theirs from EVERFLAME_TOKEN_FILE or EVERFLAME_TOKEN\n' : ''}  Python   everflame-run --server ${url} --service-name my-service python app.py
           (once: pip install ./agents/python)

`;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
