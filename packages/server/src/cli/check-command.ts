import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { ConfigError } from './config-error.ts';
import { DEFAULT_DATA } from './serve-config.ts';

interface CheckFlags {
  readonly data?: string;
  readonly setAside?: boolean;
}

/** Reading all of a month of data may take minutes. */
const SECONDS = 24 * 3600;

export function checkCommand(): Command {
  return new Command('check')
    .description('Read everything in a data directory whose server is stopped, and say what is damaged')
    .option('--data <dir>', `directory of the store (EVERFLAME_DATA; default ./${DEFAULT_DATA})`)
    .option('--set-aside', 'take damaged parts out of their tables; they are kept in detached/')
    .addHelpText(
      'after',
      `
Examples:
  everflame check --data /var/lib/everflame
  everflame check --data /var/lib/everflame --set-aside

Nothing is deleted. Exit codes: 0 all can be read, 1 something cannot (with --set-aside: could not), 2 wrong usage.`,
    )
    .action(run);
}

async function run({ data, setAside: isSetAside = false }: CheckFlags): Promise<void> {
  const dataDir = resolve(data ?? process.env.EVERFLAME_DATA ?? DEFAULT_DATA);
  if (!existsSync(join(dataDir, 'engine'))) throw new ConfigError(`data: there is no store in ${dataDir}.`);
  const { openEmbedded } = await import('../store/embedded.ts');
  const { checkParts, setAside } = await import('../store/check.ts');
  const { DEFAULT_QUERY_LIMITS } = await import('../store/connection.ts');
  const connection = openEmbedded({ dataDir, limits: { ...DEFAULT_QUERY_LIMITS, seconds: SECONDS } });
  try {
    const parts = { read: 0, damaged: 0 };
    for await (const checked of checkParts(connection)) {
      parts.read++;
      if (checked.damage === undefined) continue;
      parts.damaged++;
      console.log(`${checked.table} ${checked.part}: ${checked.damage}`);
      if (!isSetAside) continue;
      await setAside(connection, checked);
      console.log(`${checked.table} ${checked.part}: set aside, in detached/ of its table`);
    }
    console.log(`${parts.read} parts read, ${parts.damaged} damaged`);
    if (parts.damaged > 0 && !isSetAside) process.exitCode = 1;
  } finally {
    await connection.close();
  }
}
