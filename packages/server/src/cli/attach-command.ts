import { Command, Option } from 'commander';
import { DEFAULT_SERVER, readToken, ServerError, serverUrl } from './api-client.ts';
import { type Attached, attach, isAlive } from './attach/attach.ts';
import { explain } from './attach/explain.ts';
import { commandLine, programName } from './attach/program.ts';
import { ConfigError } from './config-error.ts';
import { readLabels } from './label-option.ts';
import { createLogger } from './logger.ts';
import { numberBetween } from './number-option.ts';
import { ProgressLine } from './progress-line.ts';
import { stopOnSignal } from './stop-signal.ts';

interface AttachFlags {
  readonly duration?: number;
  readonly window: number;
  readonly hz: number;
  readonly type: 'cpu' | 'wall';
  readonly serviceName?: string;
  readonly label?: readonly string[];
  readonly server?: string;
  readonly tokenFile?: string;
  readonly blocking?: boolean;
  readonly pySpy: string;
  readonly json?: boolean;
}

export function attachCommand(): Command {
  return new Command('attach')
    .description('Profile a Python program that runs already, from outside, with py-spy, and push')
    .argument('<pid>', 'id of the Python process')
    .option(
      '--duration <seconds>',
      'how long (default: until ctrl-C or its end)',
      numberBetween(1, 31_536_000),
    )
    .option('--window <seconds>', 'seconds per push', numberBetween(1, 300), 10)
    .option('--hz <rate>', 'samples per second', numberBetween(1, 1000), 100)
    .addOption(
      new Option('--type <type>', 'CPU time, or wall time: also what waits')
        .choices(['cpu', 'wall'])
        .default('cpu'),
    )
    .option(
      '--service-name <name>',
      'what the program is called (EVERFLAME_SERVICE_NAME; default: its script)',
    )
    .option('--label <key=value>', 'label, repeatable', append)
    .option('--server <url>', `server (EVERFLAME_SERVER; default ${DEFAULT_SERVER})`)
    .option('--token-file <file>', 'file that holds the token to push with (EVERFLAME_TOKEN_FILE)')
    .option('--blocking', 'stop the program for the moment of each sample: exact stacks, at a cost to it')
    .option('--py-spy <file>', 'py-spy, where it is not on PATH', 'py-spy')
    .option('--json', 'print what was pushed as JSON')
    .addHelpText(
      'after',
      `
Examples:
  everflame attach 4711 --duration 30
  everflame attach 4711 --service-name shop --label env=prod --type wall
  sudo env "PATH=$PATH" everflame attach 4711 --server http://profiles.example:5555

Nothing is changed in the program, and it need not be restarted. Labels language, host, instance and sampler are added, and
thread for each named thread. Between two windows py-spy starts anew, and some tenths of a second are not seen.
Exit codes: 0 pushed, 1 failed or nothing to push, 2 wrong usage or no py-spy.`,
    )
    .action(run);
}

async function run(text: string, flags: AttachFlags): Promise<void> {
  const pid = Number(text);
  if (!/^\d{1,10}$/.test(text) || pid < 1) throw new ConfigError(`attach: ${text} is no id of a process.`);
  const server = serverUrl(flags.server);
  const token = readToken(flags.tokenFile);
  if (!isAlive(pid)) throw new ServerError(`attach: there is no process ${pid}.`);
  const program = (await commandLine(pid)) ?? [];
  const service = flags.serviceName ?? (process.env.EVERFLAME_SERVICE_NAME || programName(program));
  if (!/^[^\p{Cc}{}",=\\]{1,200}$/u.test(service)) {
    throw new ConfigError(`service-name: ${JSON.stringify(service)} is no name of a service.`);
  }
  const labels = readLabels(flags.label ?? []);
  const { duration, window, hz, type, blocking = false, pySpy: command } = flags;
  const line = new ProgressLine();
  const stop = new AbortController();
  const what = `${service} (process ${pid})`;
  line.show(`Sampling ${what} at ${Math.round(hz)} Hz; ctrl-C ends it …`);
  const attaching = attach(
    {
      pid,
      server,
      service,
      labels,
      duration,
      window: Math.max(1, Math.round(window)),
      hz: Math.max(1, Math.round(hz)),
      idle: type === 'wall',
      blocking,
      command,
      ...(token !== undefined && { token }),
    },
    createLogger('warn'),
    stop.signal,
    ({ windows, stored, samples }) =>
      line.show(`Sampling ${what} …`, ` ${samples} samples in ${windows} windows, ${stored} pushed`),
  ).catch((error: unknown) => {
    throw explain(error, command, pid);
  });
  const stopped = stopOnSignal(async () => {
    stop.abort();
    await attaching;
  });
  await Promise.race([attaching, stopped]).finally(() => line.clear());
  report(await attaching, { server, service, pid, type, json: flags.json === true });
}

interface ReportOptions {
  readonly server: string;
  readonly service: string;
  readonly pid: number;
  readonly type: 'cpu' | 'wall';
  readonly json: boolean;
}

function report(done: Attached, { server, service, pid, type, json }: ReportOptions): void {
  const { instance, from, until, windows, samples, stored, lost, isOver } = done;
  const parameters = new URLSearchParams({
    query: `${service}{instance="${instance.replace(/["\\]/g, '\\$&')}",sampler="py-spy"}`,
    ...(type === 'wall' && { type: 'wall:wall:nanoseconds:wall:nanoseconds' }),
    from: String(from),
    until: String(until),
  });
  const url = `${server}/?${parameters}`;
  if (json) process.stdout.write(`${JSON.stringify({ service, pid, ...done, url })}\n`);
  if (stored === 0) {
    throw new ServerError(
      windows === 0
        ? 'attach: nothing was sampled.'
        : `attach: nothing could be pushed to ${server}; ${windows} windows are lost.`,
    );
  }
  if (json) return;
  const seconds = ((until - from) / 1000).toFixed(1);
  const end = isOver ? ' The program has ended.' : '';
  const missing = lost > 0 ? `, ${lost} lost` : '';
  process.stderr.write(`${service}: ${samples} samples in ${seconds} s, ${stored} pushed${missing}.${end}\n`);
  process.stdout.write(`${url}\n`);
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
