import { spawnSync } from 'node:child_process';
import { EVERFLAME } from './server.ts';

/** Runs a command of the program to its end: one that is expected to end. */
export function everflame(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [EVERFLAME, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  if (signal) throw new Error(`everflame ${args.join(' ')} did not end:\n${stdout}${stderr}`);
  return { status, stdout, stderr };
}
