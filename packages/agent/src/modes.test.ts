import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildAgent, fixture, NODES, Program, PushServer, run, START } from './testing.ts';

/** Real programs, in the ways that Node's programs are run: no window is lost, total and shares are true. */
let server: PushServer;
beforeAll(buildAgent);
beforeEach(async () => {
  server = await PushServer.open();
});
afterEach(() => server.close());

const preload = ['--import', START];
const MS = 1e6;

describe.each(NODES)('%s', (node) => {
  it.each([
    ['returns', 'return', 0],
    ['calls process.exit()', 'exit', 3],
    ['throws', 'throw', 1],
  ])('a program that %s', async (_, end, code) => {
    const ran = await run(server.url, { node, args: [...preload, fixture('shares.cjs'), '2500', end] });
    expect(ran.code).toBe(code);
    const truth = ran.said.truth as Readonly<Record<string, number>>;
    const inAll = Object.values(truth).reduce((sum, one) => sum + one, 0);
    const seen = Object.keys(truth).reduce((sum, name) => sum + server.total('cpu', name), 0);
    // Some 300 samples have a standard error of 3 points.
    for (const [name, milliseconds] of Object.entries(truth))
      expect(Math.abs(server.total('cpu', name) / seen - milliseconds / inAll), name).toBeLessThan(0.1);
    // What Node itself used before the agent began is not the agent's to know; what it used after it began is.
    const cpuNanos = Number(ran.said.cpuMs) * MS;
    expect(server.total('cpu') / cpuNanos).toBeGreaterThan(0.95);
    expect(server.total('cpu') / cpuNanos).toBeLessThan(1.15);
  });

  it('windows follow one another without gap and without overlap, and wall time fills them', async () => {
    await run(server.url, { node, args: [...preload, fixture('shares.cjs'), '1500', 'exit'] });
    const pushes = server.pushes.sort((a, b) => Number(a.from - b.from));
    expect(pushes.length).toBeGreaterThan(2);
    for (let i = 1; i < pushes.length; i++) {
      expect(Math.abs(Number(pushes[i].from - pushes[i - 1].until)) / MS).toBeLessThan(5);
      expect(pushes[i].headers['everflame-sequence']).toBe(String(i));
    }
    const length = pushes.reduce((sum, { from, until }) => sum + Number(until - from), 0);
    expect(server.total('wall') / length).toBeGreaterThan(0.95);
    expect(server.total('wall') / length).toBeLessThan(1.05);
  });

  it('by --require and by NODE_OPTIONS', async () => {
    const required = START.replace('esm/start.mjs', 'dist/start.js');
    await run(server.url, { node, args: ['--require', required, fixture('shares.cjs'), '300'] });
    expect(server.pushes.length).toBeGreaterThan(0);
    const before = server.pushes.length;
    await run(server.url, {
      node,
      args: [fixture('shares.cjs'), '300'],
      env: { NODE_OPTIONS: `--import ${START}` },
    });
    expect(server.pushes.length).toBeGreaterThan(before);
  });

  it('started and stopped by the program, by import and require alike', async () => {
    const ran = await run(server.url, {
      node,
      args: [fixture('started.cjs')],
      env: { EVERFLAME_LABELS: 'team=a' },
    });
    expect(ran.said).toMatchObject({ running: true, answered: true, after: false });
    expect(server.total('cpu', 'burn')).toBeGreaterThan(0);
    expect(server.pushes[0].name).toMatch(
      /^started\{env=test,host=.*,instance=.*:\d+,language=javascript,team=a\}$/,
    );
    expect(Number(ran.said.stopMs)).toBeLessThan(2500);
  });

  it('worker threads have profiles of their own, up to process.exit()', async () => {
    const ran = await run(server.url, { node, args: [...preload, fixture('workers.cjs')] });
    expect(ran.code).toBe(0);
    const instances = new Set(server.pushes.map(({ name }) => /instance=([^,}]*)/.exec(name)?.[1]));
    expect(instances.size).toBe(3);
    expect([...instances].filter((name) => /:\d+\/\d+$/.test(name ?? '')).length).toBe(2);
    const byThread = [...instances].map((instance) =>
      server.pushes
        .filter(({ name }) => name.includes(`instance=${instance},`))
        .reduce((sum, { profile }) => sum + (profile ? inWorker(profile) : 0), 0),
    );
    const [less, more] = byThread.filter((nanos) => nanos > 0).sort((a, b) => a - b);
    expect(more / less).toBeGreaterThan(1.6);
    expect(more / less).toBeLessThan(2.5);
    // Each thread's CPU time once: the workers' is not the main thread's as well.
    expect(server.total('cpu') / (Number(ran.said.cpuMs) * MS)).toBeGreaterThan(0.88);
    expect(server.total('cpu') / (Number(ran.said.cpuMs) * MS)).toBeLessThan(1.1);
  });

  it('cluster: each process has profiles of its own, up to its disconnect', async () => {
    const ran = await run(server.url, { node, args: [...preload, fixture('cluster.cjs')] });
    expect(ran).toMatchObject({ code: 0, said: { gone: true } });
    const burning = server.pushes.filter(({ profile }) => profile && inWorker(profile, 'inChild') > 0);
    expect(new Set(burning.map(({ name }) => name)).size).toBe(2);
    expect(server.share('cpu', 'inChild')).toBeGreaterThan(0.5);
  });

  it('SIGTERM kills a program that does not handle it, as ever', async () => {
    const program = new Program(server.url, { node, args: [...preload, fixture('shares.cjs'), '60000'] });
    await server.until(() => server.pushes.length > 0);
    program.child.kill('SIGTERM');
    expect((await program.done).signal).toBe('SIGTERM');
  });

  it('the end is not held up by a server that does not answer', async () => {
    server.behave = () => {};
    const ran = await run(server.url, { node, args: [...preload, fixture('shares.cjs'), '200', 'exit'] });
    expect(ran.code).toBe(3);
    expect(ran.milliseconds).toBeLessThan(6000);
    const dead = await run('http://127.0.0.1:9', { node, args: [...preload, fixture('shares.cjs'), '200'] });
    expect(dead.code).toBe(0);
    expect(dead.milliseconds).toBeLessThan(5000);
  });

  it('a program without work ends at once, and opens no port', async () => {
    const code = 'console.log(JSON.stringify({ open: process.getActiveResourcesInfo() }))';
    const ran = await run(server.url, { node, args: [...preload, '--eval', code] });
    expect(ran.code).toBe(0);
    expect(JSON.stringify(ran.said.open)).not.toContain('TCPServer');
    expect(ran.milliseconds).toBeLessThan(5000);
  });
});

function inWorker(profile: NonNullable<PushServer['pushes'][number]['profile']>, name = 'inWorker'): number {
  const { samples, stacks, frames, strings } = profile;
  const cpu = profile.types.findIndex(({ sampleType }) => sampleType === 'cpu');
  let total = 0;
  for (let i = 0; i < samples.length; i++) {
    const stack = samples.stack[i];
    const on = stacks.frames.subarray(stacks.offsets[stack], stacks.offsets[stack + 1]);
    if ([...on].some((frame) => strings.get(frames.function[frame]) === name))
      total += Number(samples.values[cpu][i]);
  }
  return total;
}
