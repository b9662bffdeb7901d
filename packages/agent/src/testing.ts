import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  decodePprof,
  flameGraphOf,
  gunzip,
  isGzip,
  type Labels,
  type PlainNode,
  type Profile,
  toPlainTree,
} from '@everflame/profile';

/** For tests: a server that takes pushes and decodes them, and real programs that are profiled. */
export interface Received {
  readonly path: string;
  readonly name: string;
  readonly from: bigint;
  readonly until: bigint;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly profile: Profile | undefined;
}

export type Behaviour = (received: Received, response: ServerResponse) => void;

export const takesAll: Behaviour = (_, response) => {
  response.end('{"status":"stored","control":{}}');
};

export class PushServer {
  /** Everything that came, retries too. */
  readonly received: Received[] = [];
  behave: Behaviour = takesAll;
  readonly #server = createServer((request, response) => void this.#take(request, response));

  static async open(): Promise<PushServer> {
    const server = new PushServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Pushes, each once, as a server that knows retries has them. */
  get pushes(): Received[] {
    const known = new Map<string, Received>();
    for (const one of this.received) {
      if (one.path !== '/ingest') continue;
      const key = `${one.headers['everflame-instance']} ${one.headers['everflame-sequence']}`;
      const before = known.get(key);
      // Whatever is said twice is said alike.
      if (before !== undefined && before.from !== one.from) throw new Error('a push was changed');
      known.set(key, one);
    }
    return [...known.values()];
  }

  /** Sum of a type's values, those whose stack holds the function, and whose labels fit. */
  total(sampleType: string, functionName?: string, labels: Labels = {}): number {
    let total = 0;
    for (const { profile } of this.pushes)
      if (profile) total += totalOf(profile, sampleType, functionName, labels);
    return total;
  }

  /** The function's part of a type's total. */
  share(sampleType: string, functionName: string, labels: Labels = {}): number {
    return this.total(sampleType, functionName, labels) / this.total(sampleType);
  }

  async until(holds: () => boolean, milliseconds = 20_000): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`it did not come about; ${this.received.length} requests came`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '', 'http://x');
    const bytes = isGzip(body) ? await gunzip(body, 64 << 20) : body;
    const received: Received = {
      path: url.pathname,
      name: url.searchParams.get('name') ?? '',
      from: BigInt(url.searchParams.get('from') ?? 0),
      until: BigInt(url.searchParams.get('until') ?? 0),
      headers: request.headers,
      body,
      profile: bytes.length > 0 ? decodePprof(bytes) : undefined,
    };
    this.received.push(received);
    this.behave(received, response);
  }
}

export function totalOf(
  profile: Profile,
  sampleType: string,
  functionName?: string,
  labels: Labels = {},
): number {
  const column = profile.types.findIndex((type) => type.sampleType === sampleType);
  if (column < 0) return 0;
  const { samples, stacks, frames, strings, labelSets } = profile;
  let total = 0;
  for (let i = 0; i < samples.length; i++) {
    const text = labelSets[samples.labels[i]].text;
    if (!Object.entries(labels).every(([name, value]) => (text[name] ?? '') === value)) continue;
    const stack = samples.stack[i];
    const names = [...stacks.frames.subarray(stacks.offsets[stack], stacks.offsets[stack + 1])].map((frame) =>
      strings.get(frames.function[frame]),
    );
    if (functionName === undefined || names.includes(functionName))
      total += Number(samples.values[column][i]);
  }
  return total;
}

export function treeOf(profile: Profile, sampleType: string): PlainNode {
  return toPlainTree(
    flameGraphOf(
      profile,
      profile.types.findIndex((type) => type.sampleType === sampleType),
    ),
  );
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const START = fileURLToPath(new URL('../esm/start.mjs', import.meta.url));

/** Builds the package where that has not been done: programs in tests run what programs run. */
export async function buildAgent(): Promise<void> {
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/agent'], { cwd: root });
  const type = join(root, 'packages/agent/dist/package.json');
  if (!existsSync(type)) writeFileSync(type, '{ "type": "commonjs" }\n');
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

export interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly cwd?: string;
}

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of the output, which is JSON. */
  readonly said: Record<string, unknown>;
  readonly milliseconds: number;
}

/** A program that is running. */
export class Program {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
  stdout = '';
  stderr = '';

  constructor(server: string, { args, env = {}, node = process.execPath, cwd }: Run) {
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(EVERFLAME|VITEST|NODE_)/.test(name)),
    );
    const began = Date.now();
    this.child = spawn(node, [...args], {
      cwd,
      env: { ...clean, EVERFLAME_SERVER: server, EVERFLAME_WINDOW: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (text) => {
      this.stdout += text;
    });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.done = once(this.child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
      said: lastJson(this.stdout),
      milliseconds: Date.now() - began,
    }));
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const end = Date.now() + 20_000;
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found) return found;
      if (Date.now() > end || this.child.exitCode !== null)
        throw new Error(`it said: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export function run(server: string, options: Run): Promise<Ran> {
  return new Program(server, options).done;
}

function lastJson(text: string): Record<string, unknown> {
  const line = text
    .trim()
    .split('\n')
    .findLast((one) => one.startsWith('{'));
  return line === undefined ? {} : JSON.parse(line);
}

/** For `npm run test:long`: what repeats, with another value or another end, what a shorter test has shown. */
export const LONG = process.env.EVERFLAME_TEST_LONG !== undefined;

/** Node, and those of `EVERFLAME_TEST_NODES` (paths, separated by colons): the matrix of the long tests. */
export const NODES: readonly string[] = [
  process.execPath,
  ...(process.env.EVERFLAME_TEST_NODES ?? '').split(':').filter((path) => path !== ''),
];
