import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { CAPTURE_TYPES, MAX_CAPTURE_SECONDS, MAX_HZ } from '../control/control-answer.ts';
import { askServer, DEFAULT_SERVER, ServerError, serverUrl } from './api-client.ts';
import { numberBetween } from './number-option.ts';
import { ProgressLine } from './progress-line.ts';

interface CaptureFlags {
  readonly instance?: string;
  readonly type: (typeof CAPTURE_TYPES)[number];
  readonly seconds: number;
  readonly hz?: number;
  readonly server?: string;
  readonly json?: boolean;
}

const answer = z.looseObject({
  id: z.string(),
  state: z.enum(['waiting', 'sent', 'delivered', 'refused', 'expired']),
  service: z.string(),
  labels: z.record(z.string(), z.string()),
  instance: z.string(),
  seconds: z.number(),
  sentAt: z.number().nullable(),
  reason: z.string().nullable(),
  profile: z.looseObject({ path: z.string(), rate: z.number().nullable(), samples: z.number() }).nullable(),
});
type Answer = z.infer<typeof answer>;

/** How often the server is asked how it goes. */
const LOOK_EVERY_MS = 500;

export function captureCommand(): Command {
  return new Command('capture')
    .description('Have one process of a service sampled now, more closely, and print the link to its profile')
    .argument('<selector>', 'service, or service{label="value"}')
    .option('--instance <id>', 'this process: its label instance (host:pid), as /api/v1/instances lists it')
    .addOption(new Option('--type <type>', 'what to sample').choices(CAPTURE_TYPES).default('cpu'))
    .option(
      '--seconds <seconds>',
      `how long, ${MAX_CAPTURE_SECONDS} at most`,
      numberBetween(1, MAX_CAPTURE_SECONDS),
      30,
    )
    .option(
      '--hz <rate>',
      `samples per second, ${MAX_HZ} at most (default: cpu 1000, wall 100)`,
      numberBetween(1, MAX_HZ),
    )
    .option('--server <url>', `server (EVERFLAME_SERVER; default ${DEFAULT_SERVER})`)
    .option('--json', 'print the server’s answer')
    .addHelpText(
      'after',
      `
Examples:
  everflame capture shop
  everflame capture 'shop{env="prod"}' --type wall --seconds 10
  everflame capture shop --instance web-1:4711 --hz 500 --json

The process is told in the answer to its next push, so it begins after one window at the latest (10 s mostly). Of several
processes the busiest is taken. The agent's limiter stays in force: what it reached is said.
A token for admin is taken from EVERFLAME_TOKEN, or from the file that EVERFLAME_TOKEN_FILE names.
Exit codes: 0 captured, 1 failed, refused or not answered, 2 wrong usage.`,
    )
    .action(run);
}

async function run(query: string, flags: CaptureFlags): Promise<void> {
  const server = serverUrl(flags.server);
  const { instance, type, seconds, hz } = flags;
  const request = { query, type, seconds, ...(instance !== undefined && { instance }), ...(hz && { hz }) };
  const line = new ProgressLine();
  let capture = answer.parse(await askServer('POST', server, '/api/v1/captures', request));
  while (capture.state === 'waiting' || capture.state === 'sent') {
    line.show(...progressOf(capture));
    await sleep(LOOK_EVERY_MS);
    capture = answer.parse(await askServer('GET', server, `/api/v1/captures/${capture.id}`));
  }
  line.clear();
  const { profile, state, reason } = capture;
  if (flags.json) process.stdout.write(`${JSON.stringify(capture)}\n`);
  if (profile) {
    if (flags.json) return;
    const rate = profile.rate === null ? '' : ` at ${Math.round(profile.rate)} Hz`;
    process.stderr.write(`${nameOf(capture)}: ${profile.samples} stacks${rate}\n`);
    process.stdout.write(`${server}${profile.path}\n`);
    return;
  }
  throw new ServerError(
    state === 'refused'
      ? `capture: ${nameOf(capture)} cannot: ${reason}`
      : `capture: no profile came from ${nameOf(capture)}. It may have ended, its agent may be too old for captures, ` +
          'or it pushes to another server.',
  );
}

function progressOf(capture: Answer): [text: string, detail: string] {
  const { state, seconds, sentAt } = capture;
  if (state === 'waiting' || sentAt === null)
    return [`Waiting for the next push of ${nameOf(capture)} …`, ''];
  const passed = Math.floor((Date.now() - sentAt) / 1000);
  const detail = passed > seconds ? ' waiting for its push …' : ` ${Math.max(0, passed)} of ${seconds} s`;
  return [`${nameOf(capture)} is being sampled …`, detail];
}

function nameOf({ service, labels, instance }: Answer): string {
  return `${service} ${labels.instance ?? instance}`;
}
