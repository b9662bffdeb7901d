import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, python } from '../support/programs.ts';
import { ROOT } from '../support/server.ts';
import { listeningSockets, residentBytes } from './process-facts.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

/** An agent of ours, in a real program that burns CPU time in known amounts. */
export interface AgentUnderTest {
  readonly name: string;
  /** CPU time of the thread that it profiles for closing a window, which it cannot sample meanwhile, seconds. */
  readonly closing: number;
  /** Whether it samples at the rate that the server names: Go's runtime has one rate. */
  readonly followsRate: boolean;
  /** What has to be made first: a binary, an environment. */
  prepare(): Promise<void>;
  /** Its program, and what comes before the program's own arguments. */
  command(): readonly [command: string, args: readonly string[]];
  dispose(): void;
}

function pythonAgent(): AgentUnderTest {
  let interpreter = '';
  return {
    name: 'Python',
    closing: 0,
    followsRate: true,
    async prepare() {
      interpreter = await python();
    },
    command: () => [interpreter, [join(PROGRAMS, 'burn.py')]],
    dispose() {},
  };
}

function goAgent(): AgentUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-conformance-'));
  const binary = join(folder, 'burn');
  return {
    name: 'Go',
    closing: 0,
    followsRate: false,
    async prepare() {
      execFileSync('go', ['build', '-o', binary, '.'], { cwd: join(PROGRAMS, 'go') });
    },
    command: () => [binary, []],
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const NODE_START = join(ROOT, 'packages/agent/esm/start.mjs');

function nodeAgent(): AgentUnderTest {
  const preload = ['--import', '@everflame/agent/start'];
  return {
    name: 'Node.js',
    closing: 0.008,
    followsRate: true,
    async prepare() {},
    command: () => [process.execPath, [...preload, join(PROGRAMS, 'burn.mjs')]],
    dispose() {},
  };
}

/** Python and Go always; Node.js once its package is built. On CI it is expected. */
export const AGENTS: readonly AgentUnderTest[] = [
  pythonAgent(),
  goAgent(),
  ...(existsSync(NODE_START) || process.env.CI ? [nodeAgent()] : []),
];

export interface Finished {
  /** CPU time of the process while the agent ran, seconds, by its own clock. */
  readonly cpu: number;
  /** Seconds from its last word to its end. */
  readonly exitDelay: number;
  readonly status: number | string | null;
  readonly output: string;
  /** Largest resident memory that was seen, bytes. */
  readonly memory: number;
  /** Sockets on which it waited for connections in the middle of its time. */
  readonly listening: readonly string[];
}

export interface RunOptions {
  readonly seconds: number;
  /** CPU time of each turn of 80 ms, ms. */
  readonly busyMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program under an agent to its end. */
export async function run(
  agent: AgentUnderTest,
  server: string,
  { seconds, busyMs = 20, env = {} }: RunOptions,
): Promise<Finished> {
  const [command, before] = agent.command();
  const args = [...before, String(seconds), String(busyMs)];
  const variables = { ...cleared(), ...SETTINGS, EVERFLAME_SERVER: server, ...env };
  await using program = new Program(command, args, variables, ROOT);
  let last = 0;
  program.process.stdout?.on('data', () => {
    last = performance.now();
  });
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, residentBytes(program.process.pid));
  }, 250);
  let listening: string[] = [];
  // Once, in the middle: the kernel's table takes milliseconds to read.
  const look = setTimeout(() => {
    listening = listeningSockets(program.process.pid);
  }, seconds * 500);
  let ended = 0;
  program.process.once('exit', () => {
    ended = performance.now();
  });
  // By 'close' all that it said has been read.
  const status = await new Promise<number | string | null>((done) => {
    program.process.once('close', (code, signal) => done(code ?? signal));
    setTimeout(() => program.process.kill('SIGKILL'), (seconds + 60) * 1000).unref();
  });
  clearInterval(watch);
  clearTimeout(look);
  const exitDelay = (ended - last) / 1000;
  const said = /\{"cpu": ?([\d.]+)\}/.exec(program.output);
  if (!said)
    throw new Error(`${agent.name} ended with ${status}, and did not say what it used:\n${program.output}`);
  return {
    cpu: Number(said[1]),
    exitDelay,
    status,
    output: program.output,
    memory,
    listening,
  };
}

const SETTINGS = {
  EVERFLAME_SERVICE_NAME: 'conformance',
  EVERFLAME_LABELS: 'env=test',
  EVERFLAME_WINDOW: '0.7',
};

/** Nothing of the environment reaches an agent unasked. */
function cleared(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('EVERFLAME_'));
  return Object.fromEntries(names.map((name) => [name, '']));
}
