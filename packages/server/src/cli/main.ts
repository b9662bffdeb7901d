import { Command, CommanderError } from 'commander';
import { StoreError } from '../store/store-error.ts';
import { ServerError } from './api-client.ts';
import { attachCommand } from './attach-command.ts';
import { captureCommand } from './capture-command.ts';
import { checkCommand } from './check-command.ts';
import { collectCommand } from './collect-command.ts';
import { ConfigError } from './config-error.ts';
import { copyCommand } from './copy-command.ts';
import { deleteCommand } from './delete-command.ts';
import { serveCommand } from './serve-command.ts';
import { VERSION } from './version.ts';

/** The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('everflame')
    .description('Always-on profiling for services in production.')
    .version(VERSION)
    .showHelpAfterError('(everflame --help shows what there is)')
    .addCommand(serveCommand())
    .addCommand(collectCommand())
    .addCommand(attachCommand())
    .addCommand(captureCommand())
    .addCommand(deleteCommand())
    .addCommand(copyCommand())
    .addCommand(checkCommand());
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync([...args], { from: 'user' });
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    process.exit(report(error));
  }
}

function report(error: unknown): number {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    console.error(`everflame: ${error.message}`);
    return 2;
  }
  if (error instanceof StoreError || error instanceof ServerError) {
    console.error(`everflame: ${error.message}`);
    return 1;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error(
      `everflame: the address is in use (${error.message}). Stop the other program, or choose with --listen.`,
    );
    return 1;
  }
  console.error(error);
  return 1;
}
