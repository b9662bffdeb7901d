import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildAgent, fixture, LONG, NODES, Program, PushServer, run, START } from './testing.ts';

/** What samples say: labels, routes, spans, sources, blocked loops, the heap, and what says so without the native part. */
let server: PushServer;
let folder: string;
beforeAll(buildAgent);
beforeEach(async () => {
  server = await PushServer.open();
  folder = mkdtempSync(join(tmpdir(), 'everflame-agent-'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const preload = ['--import', START];
/** Without AsyncContextFrame labels are there when asked for; with it, this changes nothing. */
const env = { EVERFLAME_ASYNC_HOOKS: '1', EVERFLAME_ROUTES: '1' };
const repository = fileURLToPath(new URL('../../..', import.meta.url));

describe.each(NODES)('%s', (node) => {
  it.each(['express-app.cjs', 'fastify-app.mjs', 'koa-app.cjs'])(
    '%s: method and route template, never the path',
    async (name) => {
      const program = new Program(server.url, { node, args: [...preload, fixture(name)], env });
      const port = (await program.says(/"port":(\d+)/))[1];
      const paths = ['/users/17', '/shops/4711/orders/99/items', '/users/18'];
      for (let i = 0; i < 150; i += 3)
        await Promise.all(
          paths.map((path) => fetch(`http://127.0.0.1:${port}${path}`).then((answer) => answer.text())),
        );
      program.child.kill('SIGTERM');
      expect((await program.done).code).toBe(0);
      const users = { method: 'GET', endpoint: '/users/:id' };
      const items = { method: 'GET', endpoint: '/shops/:shop/orders/:order/items' };
      const burn = server.total('cpu', 'burn');
      const labelled = server.total('cpu', 'burn', users) + server.total('cpu', 'burn', items);
      expect(labelled / burn).toBeGreaterThan(0.7);
      // Two requests of 300 rounds to one of 100.
      expect(server.total('cpu', 'burn', users) / labelled).toBeGreaterThan(0.75);
      expect(server.total('cpu', 'burn', users) / labelled).toBeLessThan(0.95);
      const said = JSON.stringify(server.pushes.map(({ profile }) => profile?.labelSets));
      for (const value of ['/users/17', '/users/18', '4711']) expect(said).not.toContain(value);
    },
  );

  it('labels are let go with what they labelled', async () => {
    const code = `
      const { labels } = require('@everflame/agent');
      const work = async () => {
        for (let i = 0; i < 50_000; i++) {
          await labels({ kind: 'a' }, async () => i);
          if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
        gc();
        return process.memoryUsage().heapUsed;
      };
      work().then(async (before) => console.log(JSON.stringify({ grownBytes: (await work()) - before })));`;
    const args = [...preload, '--expose-gc', '--eval', code];
    const ran = await run(server.url, { node, args, env, cwd: repository });
    // 50,000 that were kept would be some 10 MB.
    expect(Number(ran.said.grownBytes)).toBeLessThan(3e6);
    expect(ran.said.grownBytes).toBeDefined();
  });

  it('requests are let go before V8 collects all of its heap', async () => {
    const code = `
      const http = require('node:http');
      const server = http.createServer((request, response) => {
        request.large = new Array(1000).fill(0.5); // 8 KB that go with the request
        response.end();
      }).listen(0, '127.0.0.1', async () => {
        const agent = new http.Agent({ keepAlive: true });
        const ask = () => new Promise((done) => {
          http.get({ port: server.address().port, host: '127.0.0.1', agent }, (answer) => answer.resume().on('end', done));
        });
        for (let i = 0; i < 500; i++) await ask();
        gc();
        const before = process.memoryUsage().heapUsed;
        for (let i = 0; i < 3000; i++) await ask();
        gc({ type: 'minor' });
        gc({ type: 'minor' });
        console.log(JSON.stringify({ grownBytes: process.memoryUsage().heapUsed - before }));
        process.exit();
      });`;
    const ran = await run(server.url, { node, args: [...preload, '--expose-gc', '--eval', code], env });
    // All of them would be 24 MB.
    expect(Number(ran.said.grownBytes)).toBeLessThan(12e6);
    expect(ran.said.grownBytes).toBeDefined();
  });

  it("OpenTelemetry's spans: ids and name of the one that is active", async () => {
    const ran = await run(server.url, {
      node,
      args: [...preload, fixture('spans.cjs')],
      env: { ...env, EVERFLAME_SPANS: '1' },
    });
    const [checkout, search] = ran.said.ids as string[];
    const traced = server.total('cpu', 'traced');
    const first = server.total('cpu', 'traced', { span_name: 'checkout', span_id: checkout });
    const second = server.total('cpu', 'traced', { span_name: 'search', span_id: search });
    // Some 80 samples, of which those in the middle of a change of contexts have none.
    expect((first + second) / traced).toBeGreaterThan(0.7);
    expect(first / (first + second)).toBeGreaterThan(0.3);
    expect(first / (first + second)).toBeLessThan(0.7);
  });

  it('a program compiled from TypeScript shows its TypeScript', async () => {
    const source = [
      'interface Order { readonly price: number }', // a line that is not in the JavaScript
      'type Rounds = number;',
      '',
      'export class Basket {',
      '  readonly orders: Order[] = [];',
      '  total(rounds: Rounds): number {',
      '    let sum = 0;',
      '    for (let i = 0; i < rounds; i++) sum += Math.sqrt(i);',
      '    return sum;',
      '  }',
      '}',
      'const basket = new Basket();',
      'const end = Date.now() + 1500;',
      'const work = (): void => { basket.total(3e6); if (Date.now() < end) setTimeout(work, 1); };',
      'work();',
    ].join('\n');
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/shop.ts'), source);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const options = [
      '--outDir',
      'dist',
      '--sourceMap',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--ignoreConfig',
    ];
    execFileSync(join(repository, 'node_modules/.bin/tsc'), [...options, '--types', '', 'src/shop.ts'], {
      cwd: folder,
    });
    await run(server.url, { node, args: [...preload, 'dist/shop.js'], cwd: folder });
    expect(server.share('cpu', 'total')).toBeGreaterThan(0.6);
    const { profile } = server.pushes[0];
    const { frames, strings } = profile ?? expect.fail('no profile');
    const at = Array.from(frames.function).findIndex((name) => strings.get(name) === 'total');
    expect(strings.get(frames.file[at])).toBe('src/shop.ts');
    expect(frames.startLine[at]).toBe(6);
    // Switched off, it is what runs.
    server.received.length = 0;
    const off = { EVERFLAME_SOURCE_MAPS: '0' };
    await run(server.url, { node, args: [...preload, 'dist/shop.js'], cwd: folder, env: off });
    const plain = server.pushes[0].profile ?? expect.fail('no profile');
    expect(Array.from(plain.frames.file, (file) => plain.strings.get(file))).toContain('dist/shop.js');
  });

  it('blocked loops: the stack that blocked, and for how long', async () => {
    await run(server.url, { node, args: [...preload, fixture('blocked.cjs')] });
    const blocked = server.total('loop_block', 'blocksTheLoop') / 1e6;
    expect(blocked).toBeGreaterThan(700);
    expect(blocked).toBeLessThan(2500);
    expect(server.share('loop_block', 'blocksTheLoop')).toBeGreaterThan(0.6);
    server.received.length = 0;
    await run(server.url, {
      node,
      args: [...preload, fixture('blocked.cjs')],
      env: { EVERFLAME_LOOP_BLOCK: '0' },
    });
    expect(server.total('cpu')).toBeGreaterThan(0);
    expect(
      server.pushes.flatMap(({ profile }) => profile?.types.map((type) => type.sampleType) ?? []),
    ).not.toContain('loop_block');
  });

  it('the heap: what is there, or what was allocated', async () => {
    const args = [...preload, fixture('heap.cjs')];
    await run(server.url, {
      node,
      args,
      env: { EVERFLAME_MEMORY: 'live', EVERFLAME_MEMORY_INTERVAL: '65536' },
    });
    // A level: the last window says how it is.
    const last = new PushServer();
    last.received.push(server.pushes[server.pushes.length - 1]);
    expect(last.total('inuse_space', 'keeps') / 2 ** 20).toBeGreaterThan(20);
    expect(last.total('inuse_space', 'keeps') / 2 ** 20).toBeLessThan(29);
    server.received.length = 0;
    await run(server.url, {
      node,
      args,
      env: { EVERFLAME_MEMORY: 'allocated', EVERFLAME_MEMORY_INTERVAL: '65536' },
    });
    expect(server.total('alloc_space', 'forgets') / 2 ** 20).toBeGreaterThan(170);
    expect(server.total('alloc_space', 'forgets') / 2 ** 20).toBeLessThan(240);
  });

  it('where the native part is missing the inspector samples, and says so', async () => {
    // The package as it is installed, but for the one that it depends on.
    const installed = join(folder, 'node_modules/@everflame/agent');
    for (const part of ['dist', 'esm', 'package.json'])
      cpSync(join(repository, 'packages/agent', part), join(installed, part), { recursive: true });
    symlinkSync(fixture('burn.cjs'), join(folder, 'burn.cjs'));
    cpSync(fixture('shares.cjs'), join(folder, 'shares.cjs'));
    const ran = await run(server.url, {
      node,
      cwd: folder,
      args: ['--import', '@everflame/agent/start', 'shares.cjs', LONG ? '2500' : '1200', 'exit'],
    });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("Node's inspector samples in place of the native part");
    expect(server.pushes[0].name).toContain('profiler=inspector');
    const truth = ran.said.truth as Readonly<Record<string, number>>;
    const all = Object.values(truth).reduce((sum, one) => sum + one, 0);
    const seen = Object.keys(truth).reduce((sum, name) => sum + server.total('cpu', name), 0);
    for (const [name, milliseconds] of Object.entries(truth))
      expect(Math.abs(server.total('cpu', name) / seen - milliseconds / all), name).toBeLessThan(0.25);
    expect(server.total('cpu') / 1e6 / Number(ran.said.cpuMs)).toBeGreaterThan(0.9);
    expect(server.total('cpu') / 1e6 / Number(ran.said.cpuMs)).toBeLessThan(1.2);
  });
});
