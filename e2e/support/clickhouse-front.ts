import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FrontOptions {
  /** Kept over a restart; a fresh one otherwise. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly password?: string;
  /** The engine has Keeper, for KeeperMap. */
  readonly keeper?: boolean;
  /** Cluster mode of the front (clickhouse-front.mjs says what is real in it). */
  readonly cluster?: string;
  readonly shards?: number;
  /** Replicated tables stay so: they can be made and not written. */
  readonly replicated?: boolean;
}

/** The embedded engine behind ClickHouse's HTTP interface, in a process of its own. */
export class ClickHouseFront {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly process: ChildProcess;
  readonly #password: string;

  private constructor(url: string, dataDir: string, child: ChildProcess, password: string) {
    this.url = url;
    this.port = Number(new URL(url).port);
    this.dataDir = dataDir;
    this.process = child;
    this.#password = password;
  }

  static async start(options: FrontOptions = {}): Promise<ClickHouseFront> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'everflame-front-'));
    const { port, password, keeper, cluster, shards, replicated } = options;
    const args = [
      ...['--data', dataDir],
      ...(port === undefined ? [] : ['--port', String(port)]),
      ...(password === undefined ? [] : ['--password', password]),
      ...(keeper ? ['--keeper'] : []),
      ...(replicated ? ['--replicated'] : []),
      ...(cluster === undefined ? [] : ['--cluster', cluster, '--shards', String(shards ?? 1)]),
    ];
    const child = spawn(process.execPath, [join(import.meta.dirname, 'clickhouse-front.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Each statement of the engine holds a thread.
      env: { ...process.env, UV_THREADPOOL_SIZE: '20' },
    });
    const url = await new Promise<string>((found, failed) => {
      let output = '';
      const read = (chunk: Buffer) => {
        output += chunk;
        const ready = /ready (\S+)/.exec(output);
        if (ready) found(ready[1]);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code, signal) =>
        failed(new Error(`the front ended with ${code ?? signal}: ${output}`)),
      );
    });
    return new ClickHouseFront(url, dataDir, child, password ?? '');
  }

  /** The URL with the user's name and password. */
  as(user: string, password: string): string {
    const url = new URL(this.url);
    url.username = user;
    url.password = password;
    return url.href.replace(/\/$/, '');
  }

  /** One statement, its answer as text. */
  async sql(statement: string): Promise<string> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': this.#password },
      body: statement,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
