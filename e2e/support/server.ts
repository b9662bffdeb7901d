import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

export const ROOT = resolve(import.meta.dirname, '..', '..');
export const EVERFLAME = join(ROOT, 'packages/server/bin/everflame.cjs');

export interface StartOptions {
  /** Kept over a restart; a fresh one otherwise. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
  readonly selfProfile?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A test that fails must not leave servers behind that take the next one's time. */
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** A real `everflame serve` in a process of its own, on a port that was free. */
export class TestServer {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  readonly #log: string[];

  private constructor(url: string, dataDir: string, child: ChildProcess, log: string[]) {
    this.url = url;
    this.dataDir = dataDir;
    this.process = child;
    this.#log = log;
  }

  static async start({
    dataDir,
    args = [],
    selfProfile = false,
    env = {},
  }: StartOptions = {}): Promise<TestServer> {
    const data = dataDir ?? mkdtempSync(join(tmpdir(), 'everflame-e2e-'));
    const log: string[] = [];
    const own = selfProfile ? [] : ['--no-self-profile'];
    const child = spawn(
      process.execPath,
      [EVERFLAME, 'serve', '--listen', '127.0.0.1:0', '--data', data, ...own, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
    );
    started.add(child);
    child.once('exit', () => started.delete(child));
    const url = await new Promise<string>((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`the server did not start:\n${log.join('')}`)), 60_000);
      const read = (chunk: Buffer) => {
        log.push(chunk.toString());
        const match = /Page\s+(https?:\S+)/.exec(log.join(''));
        if (!match) return;
        clearTimeout(timer);
        found(match[1]);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => failed(new Error(`the server ended with ${code}:\n${log.join('')}`)));
    });
    return new TestServer(url, data, child, log);
  }

  get log(): string {
    return this.#log.join('');
  }

  /** Resident memory, bytes. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which say what they expect in them
  async json(path: string): Promise<any> {
    const response = await fetch(this.url + path);
    return response.json();
  }

  push(query: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/ingest?${query}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : Uint8Array.from(body),
      headers: { 'content-type': 'application/octet-stream', ...headers },
    });
  }

  /** Ends it and waits. @returns exit code, or the signal */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    const ended = new Promise<number | string | null>((done) => {
      this.process.once('exit', (code, by) => done(code ?? by));
    });
    this.process.kill(signal);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Polls until `probe` gives something. */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined | null | false>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((wait) => setTimeout(wait, 200));
  }
}
