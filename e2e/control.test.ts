import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FakeAgent } from './support/fake-agent.ts';
import { EVERFLAME, TestServer, until } from './support/server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'everflame-control-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a command beside the agent, which lives in this process. */
async function everflame(
  ...args: string[]
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [EVERFLAME, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const status = await new Promise<number | null>((done) => child.on('exit', done));
  return { status, stdout, stderr };
}

it('captures from the command line: waits, and links to exactly that profile', async () => {
  await using server = await TestServer.start();
  const agent = new FakeAgent(server.url, 'shop{env=prod,instance="host:1"}', 'cpu').start(700);
  const other = new FakeAgent(server.url, 'shop{env=prod,instance="host:2"}', 'cpu').start(400);
  try {
    await until('both agents are known', 20, async () => {
      const { instances } = await server.json('/api/v1/instances?query=shop');
      return instances.length === 2;
    });
    const common = ['--server', server.url, '--instance', 'host:1'];
    const done = await everflame('capture', 'shop{env="prod"}', ...common, '--seconds', '2', '--hz', '500');
    expect(done.stderr).toMatch(
      /Waiting for the next push of shop host:1 …\n.*is being sampled …\n.*at 500 Hz\n/,
    );
    expect(done.status).toBe(0);
    const link = new URL(done.stdout.trim());
    expect(link.origin).toBe(server.url);
    expect(link.searchParams.get('query')).toBe('shop{instance="host:1"}');
    const { total, root } = await server.json(`/api/v1/flamegraph${link.search}&format=json`);
    expect(root.children[0].children).toMatchObject([{ name: 'captured', value: total, self: total }]);
    const page = await fetch(link);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);

    const json = await everflame('capture', 'shop', ...common, '--seconds', '1', '--json');
    const { state, profile } = JSON.parse(json.stdout);
    expect([json.status, state, profile.rate]).toEqual([0, 'delivered', 1000]);
    expect(profile.until - profile.from).toBeGreaterThan(900);

    const unable = await everflame('capture', 'shop', '--server', server.url, '--type', 'heap');
    expect([unable.status, unable.stdout]).toEqual([1, '']);
    expect(unable.stderr).toContain('None of the 2 selected can capture heap; they can capture cpu.');
    const wrong = await everflame('capture', 'shop', '--server', server.url, '--seconds', '90');
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('from 1 to 60')]);
    // Nobody else was told.
    expect(other.said.length).toBeGreaterThan(0);
    expect(other.said.filter((control) => control.capture)).toEqual([]);
  } finally {
    await Promise.all([agent.stop(), other.stop()]);
  }
});

it('says in its configuration what agents do, and reads it again', async () => {
  const config = join(scratch, 'everflame.yaml');
  const write = (text: string) => writeFileSync(config, text);
  write('control:\n  - match: \'shop{env!="test"}\'\n    hz: 50\n    window: 30\n');
  await using server = await TestServer.start({ args: ['--config', config] });
  const shop = new FakeAgent(server.url, 'shop{env=prod}').start(200);
  const cart = new FakeAgent(server.url, 'cart{env=prod}').start(200);
  const hears = (agent: FakeAgent, what: object) =>
    until(`an agent hears ${JSON.stringify(what)}`, 20, async () => {
      return JSON.stringify(agent.said.at(-1)) === JSON.stringify(what);
    });
  try {
    await hears(shop, { hz: 50, window: 30 });
    await hears(cart, {});
    write('control:\n  - match: shop\n    enabled: false\n');
    server.process.kill('SIGHUP');
    await hears(shop, { enabled: false });
    write('control:\n  - match: shop\n    hz: 1e6\n');
    server.process.kill('SIGHUP');
    await until('the log says what is wrong', 20, async () => server.log.includes('control[0].hz'));
    await new Promise((wait) => setTimeout(wait, 500));
    await hears(shop, { enabled: false });
    write('listen: 1\n');
    server.process.kill('SIGHUP');
    await hears(shop, {});
  } finally {
    await Promise.all([shop.stop(), cart.stop()]);
  }
});
