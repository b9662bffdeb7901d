import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';

/** The arguments that a process was started with; undefined where there is none of this id. */
export async function commandLine(pid: number): Promise<readonly string[] | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return text.split('\0').slice(0, -1);
  } catch {
    // Not Linux.
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)], { timeout: 5000 });
    return stdout.trim().split(/\s+/);
  } catch {
    return undefined;
  }
}

/** Options of Python whose value is the next argument. */
const WITH_VALUE = new Set(['-X', '-W', '--check-hash-based-pycs']);

/** A name for a program: its script's, or its module's. One that has given itself a title goes by that. */
export function programName([executable = '', ...args]: readonly string[]): string {
  const own = basename(executable);
  const [name] = /^python|^pypy/i.test(own) ? [scriptOf(args)] : own.split(/[:\s]/);
  // What the name of a service cannot hold, or a shell's line not well.
  return name.replace(/[^\w.-]/g, '_') || 'python';
}

function scriptOf(args: readonly string[]): string {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === '-c') return '';
    if (arg === '-m') return args[at + 1] ?? '';
    if (WITH_VALUE.has(arg)) at++;
    else if (!arg.startsWith('-')) return basename(arg, '.py');
  }
  return '';
}
