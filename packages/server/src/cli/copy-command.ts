import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { openCluster } from '../store/cluster.ts';
import type { CopiedTable } from '../store/copy.ts';
import { ConfigError } from './config-error.ts';
import { clickhouseOf, DEFAULT_DATA } from './serve-config.ts';

interface CopyFlags {
  readonly data?: string;
  readonly clickhouse?: string;
  readonly clickhouseCluster?: string;
}

export function copyCommand(): Command {
  return new Command('copy')
    .description('Copy the store of a data directory into a ClickHouse')
    .option('--data <dir>', `directory of the store (EVERFLAME_DATA; default ./${DEFAULT_DATA})`)
    .option('--clickhouse <url>', 'where to (EVERFLAME_CLICKHOUSE)')
    .option('--clickhouse-cluster <name>', 'that is a node of this cluster (EVERFLAME_CLICKHOUSE_CLUSTER)')
    .addHelpText(
      'after',
      `
The directory must not be in use: stop its server first. The ClickHouse may be in use. What was interrupted is done
again without harm. docs/cluster.md has the whole way.

Exit codes: 0 copied, 1 failed, 2 wrong usage.`,
    )
    .action(run);
}

async function run(flags: CopyFlags): Promise<void> {
  const dataDir = resolve(flags.data ?? process.env.EVERFLAME_DATA ?? DEFAULT_DATA);
  const { clickhouse, topology } = clickhouseOf(flags, process.env);
  if (clickhouse === undefined) throw new ConfigError('copy: say where to, with --clickhouse URL.');
  if (!existsSync(join(dataDir, 'engine'))) throw new ConfigError(`copy: there is no store in ${dataDir}.`);
  const [{ openEmbedded }, { copyStore }] = await Promise.all([
    import('../store/embedded.ts'),
    import('../store/copy.ts'),
  ]);
  const source = openEmbedded({ dataDir });
  const target = openCluster(clickhouse, undefined, topology);
  try {
    const copied = await copyStore(source, target, clickhouse, (table, partition) =>
      process.stderr.write(`${table} ${partition}\n`),
    );
    process.stdout.write(describe(copied));
    if (copied.some(({ rows, there }) => there < rows)) process.exitCode = 1;
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

function describe(copied: readonly CopiedTable[]): string {
  const lines = copied.map(({ table, partitions, rows, there }) => {
    const short = there < rows ? '   SOME ARE MISSING' : '';
    return `${table.padEnd(12)} ${String(rows).padStart(12)} rows in ${partitions} partitions, there ${there}${short}`;
  });
  return `${lines.join('\n')}\n`;
}
