import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';

/** What one run of py-spy is to do. */
export interface PySpyRun {
  /** Name on PATH, or a file. */
  readonly command: string;
  readonly pid: number;
  /** Whole seconds: py-spy takes no others. */
  readonly seconds: number;
  /** Samples per second, whole. */
  readonly hz: number;
  /** Also threads that wait: wall time. */
  readonly idle: boolean;
  /** Stop the program for the moment of each sample: exact stacks, at a cost to the program. */
  readonly blocking: boolean;
  /** Where it writes. */
  readonly file: string;
}

export interface PySpySamples {
  /** Folded text as py-spy writes it. */
  readonly text: string;
  /** When it began to sample, unix ms. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Samples per second that it really took. */
  readonly hz: number;
  /** The program has ended. */
  readonly isOver: boolean;
}

/** py-spy failed; what it said. */
export class PySpyError extends Error {
  override readonly name = 'PySpyError';
}

/** Beyond its seconds: reading the symbols of a large program, and writing. */
const GRACE_MS = 30_000;
const MAX_SAID = 16_384;
const MAX_TEXT_BYTES = 64 << 20;

/**
 * One window of a program by py-spy: `py-spy record -p PID -d N -r HZ -f raw -t -o FILE` (https://github.com/benfred/py-spy).
 * Aborting `stop` ends it early with what it has. It is killed when it does not end in time.
 *
 * @throws PySpyError
 */
export async function runPySpy(run: PySpyRun, stop: AbortSignal, graceMs = GRACE_MS): Promise<PySpySamples> {
  const { command, pid, seconds, hz, idle, blocking, file } = run;
  const args = ['record', '-p', pid, '-d', seconds, '-r', hz, '-f', 'raw', '-t', '-o', file].map(String);
  if (idle) args.push('--idle');
  if (!blocking) args.push('--nonblocking');
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let startedMs: number | undefined;
  let endedMs: number | undefined;
  const read = (chunk: Buffer) => {
    if (said.length < MAX_SAID) said += chunk;
    if (said.includes('Sampling process')) startedMs ??= Date.now();
    if (/Stopped sampling|Wrote raw/.test(said)) endedMs ??= Date.now();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const interrupt = () => child.kill('SIGINT');
  stop.addEventListener('abort', interrupt);
  if (stop.aborted) interrupt();
  let isLate = false;
  const deadline = setTimeout(
    () => {
      isLate = true;
      child.kill('SIGKILL');
    },
    seconds * 1000 + graceMs,
  );
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (isLate) throw new PySpyError(`it did not end within ${seconds + graceMs / 1000} s and was killed`);
    // Interrupted before it had begun: nothing was sampled, and nothing is wrong.
    const startMs = startedMs ?? Date.now();
    if (code !== 0 && !stop.aborted) throw new PySpyError(said.trim() || `it ended with ${code}`);
    const text = code === 0 ? await readText(file) : '';
    const durationMs = Math.max(1, (endedMs ?? Date.now()) - startMs);
    const isWhole = !/Stopped sampling/.test(said);
    return {
      text,
      startMs,
      durationMs,
      // It waits a random time between two samples, so that N of them take more or less than their seconds.
      hz: isWhole ? (seconds * hz) / (durationMs / 1000) : hz,
      isOver: /process exited/.test(said),
    };
  } finally {
    clearTimeout(deadline);
    stop.removeEventListener('abort', interrupt);
    await rm(file, { force: true });
  }
}

async function readText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new PySpyError(`it wrote nothing (${error instanceof Error ? error.message : error})`);
  });
  if (text.length > MAX_TEXT_BYTES) throw new PySpyError('what it wrote is larger than 64 MB');
  return text;
}
