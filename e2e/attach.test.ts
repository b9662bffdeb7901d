import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Program, python } from './support/programs.ts';
import { EVERFLAME, ROOT, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

const KNOWN_SHARES = join(ROOT, 'e2e/fixtures/known_shares.py');
const NOBODY = 65_534;

async function knownShares(): Promise<Program> {
  const program = new Program(await python(), [KNOWN_SHARES]);
  await until('the program runs', 20, async () => program.output.includes('ready'));
  return program;
}

/** `everflame attach` with py-spy on its PATH, as after `pip install py-spy`. */
async function attach(...args: (string | number | undefined)[]): Promise<Program> {
  const PATH = `${dirname(await python())}:${process.env.PATH}`;
  return new Program(process.execPath, [EVERFLAME, 'attach', ...args.map(String)], { PATH });
}

async function ended(command: Program, seconds: number): Promise<number | string | null> {
  await until(`the command ends\n${command.output}`, seconds, async () => !command.running);
  return command.process.exitCode ?? command.process.signalCode;
}

describe('everflame attach', () => {
  it('profiles a running Python program and pushes window by window', async () => {
    await using server = await TestServer.start();
    await using program = await knownShares();
    const { pid } = program.process;
    const own = ['--server', server.url, '--duration', '7', '--window', '3', '--label', 'env=prod'];
    await using command = await attach(pid, ...own, '--json');
    expect(await ended(command, 60), command.output).toBe(0);
    const line = command.output.split('\n').find((one) => one.startsWith('{')) ?? '';
    const done = JSON.parse(line);
    expect(done).toMatchObject({ service: 'known_shares', pid, lost: 0, isOver: false });
    expect(done.windows).toBeGreaterThanOrEqual(2);
    expect(done.stored).toBe(done.windows);

    const { search } = new URL(done.url);
    const tree = await server.json(`/api/v1/flamegraph${search}&format=json`);
    const [hot, cool] = [valueUnder(tree.root, 'hot'), valueUnder(tree.root, 'cool')];
    expect(hot / (hot + cool)).toBeGreaterThan(0.65);
    expect(hot / (hot + cool)).toBeLessThan(0.85);
    // Four fifths of one core at most, and what a loaded machine leaves of it.
    expect(tree.total / 1e6 / (done.until - done.from)).toBeLessThan(1);
    expect(tree.total / 1e6 / (done.until - done.from)).toBeGreaterThan(0.1);
    const { values } = await server.json('/api/v1/labels/thread/values?query=known_shares');
    expect(values).toContain('MainThread');
    const { values: envs } = await server.json('/api/v1/labels/env/values?query={sampler="py-spy"}');
    expect(envs).toEqual(['prod']);

    await using wall = await attach(pid, '--server', server.url, '--duration', '2', '--type', 'wall');
    expect(await ended(wall, 60), wall.output).toBe(0);
    const waiting = await server.json(`/api/v1/flamegraph${linkOf(wall)}&format=json`);
    expect(valueUnder(waiting.root, 'wait_for_nothing')).toBeGreaterThan(waiting.total * 0.3);
    expect(program.running).toBe(true);
  });

  it('pushes what it has at ctrl-C, and when the program ends', async () => {
    await using server = await TestServer.start();
    await using program = await knownShares();
    const common = [program.process.pid, '--server', server.url, '--window', '120'];
    await using interrupted = await attach(...common, '--service-name', 'interrupted');
    await until('it samples', 20, async () => interrupted.output.includes('Sampling'));
    await sleep(3000);
    expect(await interrupted.end('SIGINT'), interrupted.output).toBe(0);
    const tree = await server.json(`/data${linkOf(interrupted)}`);
    expect(valueUnder(tree, 'hot')).toBeGreaterThan(2e8);

    await using orphan = await attach(...common, '--service-name', 'orphan');
    await until('it samples', 20, async () => orphan.output.includes('Sampling'));
    await sleep(3000);
    await program.end('SIGKILL');
    expect(await ended(orphan, 30), orphan.output).toBe(0);
    expect(orphan.output).toContain('The program has ended.');
    expect(valueUnder(await server.json(`/data${linkOf(orphan)}`), 'hot')).toBeGreaterThan(2e8);
  });

  it('says what is wrong, and what to do', async () => {
    await using program = await knownShares();
    await using other = new Program('sleep', ['300']);
    const { pid } = program.process;
    const unreachable = ['--server', 'http://127.0.0.1:9', '--duration', '1'];
    for (const [args, code, message] of [
      [['4194999', ...unreachable], 1, /there is no process 4194999/],
      [['x', ...unreachable], 2, /no id of a process/],
      [[other.process.pid, ...unreachable], 1, /no Python program that py-spy knows/],
      [[pid, ...unreachable, '--py-spy', 'no-such-py-spy'], 2, /pip install py-spy/],
      [[pid, ...unreachable, '--label', '1=2'], 2, /is no label/],
      [[pid, ...unreachable], 1, /nothing could be pushed to http:\/\/127\.0\.0\.1:9/],
    ] as const) {
      await using command = await attach(...args);
      expect(await ended(command, 60), command.output).toBe(code);
      expect(command.output).toMatch(message);
    }
  });

  it('explains what it may not do', async () => {
    await using program = await knownShares();
    // Whoever is not root may not look at what root runs; root itself becomes nobody.
    const isRoot = process.getuid?.() === 0;
    const pid = isRoot ? program.process.pid : 1;
    const PATH = `${dirname(await python())}:${process.env.PATH}`;
    const args = [EVERFLAME, 'attach', String(pid), '--duration', '1', '--service-name', 'x'];
    await using command = new Program(process.execPath, args, { PATH }, '/', isRoot ? NOBODY : undefined);
    expect(await ended(command, 60), command.output).toBe(1);
    expect(command.output).toMatch(/may not read the memory of process \d+\. .*(root|sudo)/);
  });
});

function linkOf(command: Program): string {
  const link = command.output.split('\n').find((line) => line.startsWith('http')) ?? '';
  return new URL(link).search;
}
