import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { Program, python } from './support/programs.ts';
import { EVERFLAME, ROOT, TestServer, until } from './support/server.ts';
import { valueUnder } from './support/tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'everflame-control-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A real program with the real agent, which knows nothing of any rule. */
async function knownShares(server: TestServer): Promise<Program> {
  const bin = dirname(await python());
  return new Program(
    join(bin, 'everflame-run'),
    ['--service-name', 'known', '--server', server.url, join(bin, 'python'), 'known_shares.py'],
    { PATH: `${bin}:${process.env.PATH}`, EVERFLAME_WINDOW: '2' },
    join(ROOT, 'e2e/fixtures'),
  );
}

async function capture(...args: string[]): Promise<{ status: number | string | null; output: string }> {
  await using command = new Program(process.execPath, [EVERFLAME, 'capture', 'known', ...args]);
  await until(`the capture ends\n${command.output}`, 90, async () => !command.running);
  return { status: command.process.exitCode, output: command.output };
}

interface Seen {
  readonly lastSeen: number;
  readonly windowSeconds: number;
  readonly rate: number;
}

it('a Python program is captured, and the link shows that and nothing else', async () => {
  await using server = await TestServer.start();
  await using program = await knownShares(server);
  await until(`the agent pushes\n${program.output}`, 60, async () => {
    return (await server.json('/api/v1/instances?query=known')).instances.length > 0;
  });
  const { status, output } = await capture('--server', server.url, '--seconds', '4', '--hz', '500', '--json');
  expect(status, output).toBe(0);
  const { profile, state } = JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '');
  expect(state).toBe('delivered');
  expect(profile.until - profile.from).toBeGreaterThan(3500);
  expect(profile.until - profile.from).toBeLessThan(6000);
  // More than it samples by itself, and what the limiter lets it.
  expect(profile.rate).toBeGreaterThan(100);
  expect(profile.rate).toBeLessThanOrEqual(500);
  const { total, root } = await server.json(`/api/v1/flamegraph${profile.path.slice(1)}&format=json`);
  const [hot, cool] = ['hot', 'cool'].map((name) => valueUnder(root, name));
  expect(hot / (hot + cool)).toBeGreaterThan(0.65);
  expect(hot / (hot + cool)).toBeLessThan(0.85);
  expect(total / 1e6).toBeLessThan((profile.until - profile.from) * 1.1);
  const wire = await server.json(`/api/v1/flamegraph${profile.path.slice(1)}`);
  expect(wire.profiles).toBe(1);
  // Regular windows go on right after it.
  await until('a window after it', 30, async () => {
    const later = `from=${profile.until}&until=${profile.until + 1000}`;
    return (await server.json(`/api/v1/flamegraph?query=known&${later}`)).profiles > 0;
  });
  expect(program.running).toBe(true);
});

it('a Python program does what the configuration says, from one answer to the next', async () => {
  const config = join(scratch, 'everflame.yaml');
  writeFileSync(config, 'control: [{match: known, hz: 25, window: 1}]\n');
  await using server = await TestServer.start({ args: ['--config', config] });
  await using program = await knownShares(server);
  const seen = async (): Promise<Seen | undefined> =>
    (await server.json('/api/v1/instances?query=known')).instances[0];
  await until(`25 Hz, windows of a second\n${program.output}`, 60, async () => {
    const instance = await seen();
    return instance !== undefined && instance.rate === 25 && instance.windowSeconds < 1.5;
  });
  writeFileSync(config, 'control: []\n');
  server.process.kill('SIGHUP');
  await until('its own settings again', 60, async () => {
    const instance = await seen();
    return instance !== undefined && instance.rate > 50 && instance.windowSeconds > 1.5;
  });
  writeFileSync(config, 'control: [{match: known, enabled: false}]\n');
  server.process.kill('SIGHUP');
  // What was measured comes with the push that is told, and perhaps one more.
  await sleep(8000);
  const silent = await seen();
  await sleep(8000);
  expect((await seen())?.windowSeconds).toBe(silent?.windowSeconds);
  const { profiles } = await server.json('/api/v1/flamegraph?query=known&from=-8s');
  expect(profiles).toBe(0);
  expect(program.running).toBe(true);
});

it.runIf(process.env.EVERFLAME_TEST_LONG)('one that is switched off asks, and comes back', async () => {
  const config = join(scratch, 'off.yaml');
  writeFileSync(config, 'control: [{match: known, enabled: false}]\n');
  await using server = await TestServer.start({ args: ['--config', config] });
  await using program = await knownShares(server);
  await until(`it is told\n${program.output}`, 60, async () => {
    return (await server.json('/api/v1/instances?query=known')).instances.length > 0;
  });
  await sleep(5000);
  const { instances } = await server.json('/api/v1/instances?query=known');
  await until('it asks within a minute and a half', 90, async () => {
    const [instance] = (await server.json('/api/v1/instances?query=known')).instances;
    return instance.lastSeen > instances[0].lastSeen;
  });
  writeFileSync(config, 'control: []\n');
  server.process.kill('SIGHUP');
  await until('it pushes again', 100, async () => {
    return (await server.json('/api/v1/flamegraph?query=known&from=-5s')).profiles > 0;
  });
});
