import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { ensurePythonEnv } from '../../scripts/python-env.mjs';

/** The repository's own Python, with the agent and what the tests need. */
export async function python(): Promise<string> {
  return process.env.EVERFLAME_TEST_PYTHON ?? ensurePythonEnv();
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** A program that runs until it is disposed of; what it prints is kept for the failure's message. */
export class Program {
  readonly process: ChildProcess;
  #output = '';

  constructor(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
    cwd?: string,
    /** User to run it as, for tests that root runs. */
    uid?: number,
  ) {
    this.process = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it forks ends with it.
      detached: true,
      ...(cwd !== undefined && { cwd }),
      ...(uid !== undefined && { uid, gid: uid }),
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk;
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Sends a signal and waits for the end; kills after `seconds`. @returns exit code or signal */
  async end(signal: NodeJS.Signals = 'SIGTERM', seconds = 20): Promise<number | string | null> {
    if (!this.running) return this.process.exitCode ?? this.process.signalCode;
    const ended = new Promise<number | string | null>((done) => {
      this.process.once('exit', (code, by) => done(code ?? by));
    });
    const timer = setTimeout(() => this.#kill('SIGKILL'), seconds * 1000);
    this.process.kill(signal);
    const result = await ended;
    clearTimeout(timer);
    return result;
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.process.pid !== undefined) process.kill(-this.process.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM', 5);
    this.#kill('SIGKILL');
  }
}
