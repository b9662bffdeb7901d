import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { askServer, DEFAULT_SERVER, serverUrl } from './api-client.ts';
import { ConfigError } from './config-error.ts';

interface DeleteFlags {
  readonly server?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const answer = z.object({
  dryRun: z.boolean(),
  services: z.array(z.string()),
  series: z.number(),
  rows: z.record(z.string(), z.number()),
  first: z.number().nullable(),
  last: z.number().nullable(),
  mergedHours: z.number(),
});

export function deleteCommand(): Command {
  return new Command('delete')
    .description('Delete a service, or what has some labels, from the store of a server')
    .argument('<selector>', 'service, or service{label="value"}')
    .option('--server <url>', `server (EVERFLAME_SERVER; default ${DEFAULT_SERVER})`)
    .option('--dry-run', 'count what would be deleted, and stop')
    .option('--yes', 'do not ask')
    .option('--json', 'print the server’s answer')
    .addHelpText(
      'after',
      `
Examples:
  everflame delete old-service --dry-run
  everflame delete 'shop{env="test"}' --yes

A token is taken from EVERFLAME_TOKEN, or from the file that EVERFLAME_TOKEN_FILE names.
Exit codes: 0 deleted (or counted), 1 failed or not confirmed, 2 wrong usage.`,
    )
    .action(run);
}

async function run(selector: string, flags: DeleteFlags): Promise<void> {
  const server = serverUrl(flags.server);
  const ask = async (isDry: boolean) => {
    const query = new URLSearchParams({ query: selector, dry_run: String(isDry) });
    return answer.parse(await askServer('DELETE', server, `/api/v1/profiles?${query}`));
  };
  const counted = await ask(true);
  if (flags.dryRun) return print(counted, flags, 'would go');
  if (counted.series === 0) return print(counted, flags, 'went');
  if (!flags.yes) {
    if (!process.stdin.isTTY) {
      throw new ConfigError('delete: asks before it deletes. Add --yes, or --dry-run to count only.');
    }
    process.stderr.write(describe(counted, 'would go'));
    if (!(await confirmed())) {
      process.stderr.write('Nothing was deleted.\n');
      process.exitCode = 1;
      return;
    }
  }
  print(await ask(false), flags, 'went');
}

async function confirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Delete it? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

function print(counted: z.infer<typeof answer>, { json }: DeleteFlags, verb: string): void {
  process.stdout.write(json ? `${JSON.stringify(counted)}\n` : describe(counted, verb));
}

function describe(
  { services, series, rows, first, last, mergedHours }: z.infer<typeof answer>,
  verb: string,
): string {
  if (series === 0) return 'Nothing in the store is selected.\n';
  const day = (time: number | null) => (time === null ? '' : new Date(time).toISOString().slice(0, 10));
  const lines = [
    `${services.length} ${services.length === 1 ? 'service' : 'services'} (${services.slice(0, 10).join(', ')}` +
      `${services.length > 10 ? ', …' : ''}), ${series} series, from ${day(first)} to ${day(last)}; of these ${verb}:`,
    ...Object.entries(rows).map(([table, count]) => `  ${table.padEnd(12)} ${count} rows`),
  ];
  if (mergedHours > 0) {
    lines.push(
      `  ${mergedHours} rows of older hours hold it merged with others, and stay until they expire.`,
    );
  }
  return `${lines.join('\n')}\n`;
}
