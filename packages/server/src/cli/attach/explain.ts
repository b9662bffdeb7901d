import { readFileSync } from 'node:fs';
import { ServerError } from '../api-client.ts';
import { ConfigError } from '../config-error.ts';
import { PySpyError } from './py-spy.ts';

const PTRACE_SCOPE = '/proc/sys/kernel/yama/ptrace_scope';

/** What went wrong with py-spy, in words that say what to do. */
export function explain(error: unknown, command: string, pid: number): unknown {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) {
    return new ConfigError(
      `attach: ${command} is not here. Install py-spy with pip install py-spy (or pipx, or your distribution), ` +
        'or name the file with --py-spy FILE.',
      { cause: error },
    );
  }
  if (!(error instanceof PySpyError)) return error;
  const said = error.message;
  if (/permission denied|operation not permitted/i.test(said)) {
    return new ServerError(`attach: this user may not read the memory of process ${pid}. ${permission()}`);
  }
  if (/failed to find python version/i.test(said)) {
    return new ServerError(
      `attach: process ${pid} is no Python program that py-spy knows. Where the program runs under a shell or a ` +
        'supervisor, give the id of the Python process itself; for a Python that is very new, update py-spy.',
    );
  }
  if (/no such (process|file)|process executable name/i.test(said)) {
    return new ServerError(`attach: process ${pid} has ended, or its files cannot be seen from here.`);
  }
  const [first = ''] = said
    .replace(/^py-spy> /gm, '')
    .split('\n\nStack backtrace')[0]
    .split('\n\n');
  return new ServerError(`attach: py-spy failed: ${first.slice(0, 500)}`);
}

function permission(): string {
  if (process.platform === 'darwin') return 'On macOS that takes root: run it with sudo.';
  const scope = readScope();
  const root = 'Run it as root: sudo env "PATH=$PATH" everflame attach …';
  switch (scope) {
    case undefined:
    case '0':
      return `Run it as the user of that process. ${root}. In a container, that wants --cap-add SYS_PTRACE.`;
    case '3':
      return `${PTRACE_SCOPE} is 3: nobody may, until this machine is started anew with less.`;
    default:
      return (
        `${PTRACE_SCOPE} is ${scope}: only root may${scope === '1' ? ', or a parent its children' : ''}. ${root}. ` +
        'Or let every user look at their own processes: sudo sysctl kernel.yama.ptrace_scope=0. ' +
        'In a container, that wants --cap-add SYS_PTRACE.'
      );
  }
}

function readScope(): string | undefined {
  try {
    return readFileSync(PTRACE_SCOPE, 'utf8').trim();
  } catch {
    return undefined;
  }
}
