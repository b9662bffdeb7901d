import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flameGraphOf, formatProfileType, toPlainTree } from '@everflame/profile';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Push } from '../store/push.ts';
import { collectSchema } from './collect-config.ts';
import { Collector } from './collector.ts';
import { parseInterval } from './interval.ts';
import { parsePorts } from './ports.ts';
import { DeliveryError, type Sink } from './sink.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A sampler as nylas wrote it: what was counted since the last reset. */
function nylas(count = 4): RequestListener {
  return (request, response) => {
    expect(request.url).toBe('/?reset=true');
    response.setHeader('content-type', 'text/plain');
    response.end(
      `elapsed 1.5\ngranularity 0.005\nmain(__main__);work(app.jobs) ${count}\nmain(__main__) 1\n`,
    );
  };
}

class RecordingSink implements Sink {
  readonly pushes: Push[] = [];
  fails: ((push: Push) => Error | undefined) | undefined;

  async write(push: Push): Promise<void> {
    const error = this.fails?.(push);
    if (error) throw error;
    this.pushes.push(push);
  }
}

function collect(targets: unknown[], sink: Sink): Collector {
  const config = collectSchema.parse({ interval: '200ms', targets });
  const collector = new Collector({ targets: config.targets, sink, logger });
  collector.start();
  cleanups.push(() => collector.stop());
  return collector;
}

async function until(what: string, probe: () => boolean, seconds = 20): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !probe(); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
  }
}

describe('nylas targets', () => {
  it('are polled with reset, labelled, and placed in the time that they counted', async () => {
    const url = await serve(nylas());
    const sink = new RecordingSink();
    const collector = collect([{ kind: 'nylas', url, service: 'shop', labels: { env: 'prod' } }], sink);
    await until('two polls', () => sink.pushes.length >= 2);
    const [push, next] = sink.pushes;
    expect(push).toMatchObject({
      service: 'shop',
      labels: { instance: new URL(url).host, sampler: 'nylas', language: 'python', env: 'prod' },
      durationNanos: 1_500_000_000n,
    });
    expect(Date.now() - Number((push.startNanos + push.durationNanos) / 1_000_000n)).toBeLessThan(20_000);
    expect(push.identity).not.toBe(next.identity);
    expect(toPlainTree(flameGraphOf(push.profile)).children[0]).toMatchObject({
      name: 'main(__main__)',
      value: 25_000_000,
      self: 5_000_000,
    });
    expect(collector.targets()).toMatchObject([{ url, state: 'up', lastError: null, intervalSeconds: 0.2 }]);
    expect(collector.targets()[0].lastSuccess).toBeGreaterThan(Date.now() - 20_000);
  });

  it('that are slow or dead or talk nonsense delay no other, and say what is wrong', async () => {
    const sink = new RecordingSink();
    const good = await serve(nylas());
    const slow = await serve(() => {});
    const rubbish = await serve((_request, response) => response.end('<html>hello</html>'));
    const broken = await serve((_request, response) => {
      response.statusCode = 500;
      response.end('no\nmore');
    });
    const elsewhere = await serve((_request, response) => {
      response.statusCode = 302;
      response.setHeader('location', 'http://169.254.169.254/');
      response.end();
    });
    const huge = await serve((_request, response) => {
      const chunk = Buffer.alloc(1 << 20, 'x');
      const more = () => (response.write(chunk) ? setImmediate(more) : response.once('drain', more));
      more();
    });
    const dead = 'http://127.0.0.1:16999';
    const urls = [good, slow, rubbish, broken, elsewhere, huge, dead];
    const collector = collect(
      urls.map((url) => ({ kind: 'nylas', url, timeout: url === huge ? '20s' : '500ms' })),
      sink,
    );
    await until(
      'all have been tried',
      () => collector.targets().every(({ state }) => state !== 'pending'),
      40,
    );
    const errors = Object.fromEntries(collector.targets().map(({ url, lastError }) => [url, lastError]));
    expect(errors[good]).toBeNull();
    expect(errors[slow]).toContain('did not answer within 0.5 s');
    expect(errors[rubbish]).toMatch(/nylas/);
    expect(errors[broken]).toContain('answered 500: no');
    expect(errors[elsewhere]).toContain('redirects are not followed');
    expect(errors[huge]).toContain('more than 64 MiB');
    expect(errors[dead]).toContain('ECONNREFUSED');
    const before = sink.pushes.length;
    await until('the good one goes on', () => sink.pushes.length > before + 2);
    expect(new Set(sink.pushes.map(({ labels }) => labels.instance))).toEqual(new Set([new URL(good).host]));
  });

  it('lose nothing while the store is away, and count once', async () => {
    let count = 0;
    const url = await serve((request, response) => nylas(++count)(request, response));
    const sink = new RecordingSink();
    sink.fails = () => new Error('the store is away');
    const collector = collect([{ kind: 'nylas', url }], sink);
    await until('some wait', () => (collector.targets()[0].undelivered ?? 0) >= 4);
    expect(sink.pushes).toEqual([]);
    sink.fails = undefined;
    await until('all are stored', () => sink.pushes.length >= 5 && collector.targets()[0].undelivered <= 1);
    await collector.stop();
    const counted = sink.pushes.map(
      ({ profile }) => Number(profile.samples.values[0].reduce((a, b) => a + b, 0n)) / 5e6 - 1,
    );
    expect(counted.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: sink.pushes.length }, (_, i) => i + 1),
    );
    expect(new Set(sink.pushes.map(({ identity }) => identity)).size).toBe(sink.pushes.length);
  });

  it('do not repeat what was refused for good', async () => {
    const url = await serve(nylas());
    let refused = 0;
    const sink = new RecordingSink();
    sink.fails = () => (refused++ < 2 ? new DeliveryError('bad') : undefined);
    const collector = collect([{ kind: 'nylas', url }], sink);
    await until('later ones are stored', () => sink.pushes.length >= 2);
    expect(refused).toBe(sink.pushes.length + 2);
    expect(collector.targets()[0].undelivered).toBeLessThanOrEqual(1);
  });

  it('get a last chance when the collector stops', async () => {
    const url = await serve(nylas());
    const sink = new RecordingSink();
    sink.fails = () => new Error('not yet');
    const collector = collect([{ kind: 'nylas', url }], sink);
    await until('one waits', () => collector.targets()[0].undelivered > 0);
    sink.fails = undefined;
    await collector.stop();
    expect(sink.pushes.length).toBeGreaterThan(0);
    expect(collector.targets()[0].undelivered).toBe(0);
  });
});

const hasGo = spawnSync('go', ['version']).status === 0;

describe.runIf(hasGo || process.env.CI === 'true')('Go targets', () => {
  it('give CPU, allocations, heap and goroutines', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'everflame-go-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const binary = join(folder, 'target');
    const built = spawnSync('go', ['build', '-o', binary, '.'], {
      cwd: join(import.meta.dirname, 'fixtures/go-target'),
      encoding: 'utf8',
    });
    expect(built.stderr).toBe('');
    const program = spawn(binary, { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanups.push(() => program.kill());
    const url = await new Promise<string>((found) => {
      program.stdout.on('data', (line) => found(String(line).trim()));
    });
    const sink = new RecordingSink();
    collect(
      [
        {
          kind: 'go',
          url,
          service: 'cart',
          interval: '2s',
          types: ['cpu', 'heap', 'allocs', 'goroutine', 'mutex'],
        },
      ],
      sink,
    );
    const typesSeen = () =>
      new Set(sink.pushes.flatMap(({ profile }) => profile.types.map(formatProfileType)));
    await until('all types', () => typesSeen().size >= 8, 60);
    expect([...typesSeen()].sort()).toEqual([
      'goroutines:goroutine:count:goroutine:count',
      'memory:alloc_objects:count:space:bytes',
      'memory:alloc_space:bytes:space:bytes',
      'memory:inuse_objects:count:space:bytes',
      'memory:inuse_space:bytes:space:bytes',
      'mutex:contentions:count:contentions:count',
      'mutex:delay:nanoseconds:contentions:count',
      'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    ]);
    const cpu = sink.pushes.find(({ profile }) => profile.types[0].name === 'process_cpu');
    const total = cpu ? toPlainTree(flameGraphOf(cpu.profile)).value : 0;
    const text = cpu ? JSON.stringify(toPlainTree(flameGraphOf(cpu.profile))) : '';
    expect(total).toBeGreaterThan(5e8);
    expect(text).toContain('main.burnInAKnownFunction');
    expect(Number(cpu?.durationNanos) / 1e9).toBeCloseTo(2, 0);
  });
});

describe('configuration', () => {
  it.each([
    ['16384', [16384]],
    ['16384,16390', [16384, 16390]],
    ['16384..16387', [16384, 16385, 16386, 16387]],
    ['1,3..4, 3', [1, 3, 4]],
  ])('reads the ports %s', (text, ports) => {
    expect(parsePorts(text)).toEqual(ports);
  });

  it.each(['', 'x', '1..', '5..4', '0', '65536', '1-5', '1..x'])('refuses the ports %j', (text) => {
    expect(() => parsePorts(text)).toThrow(/^ports: .*Write 16384/);
  });

  it('reads intervals', () => {
    expect(['5', 5, '500ms', '1.5s', '2m', '1h'].map(parseInterval)).toEqual([
      5000, 5000, 500, 1500, 120_000, 3_600_000,
    ]);
    for (const bad of ['', 'soon', '-5', '0', '5 parsecs', '25h'])
      expect(() => parseInterval(bad)).toThrow(/no interval/);
  });

  it('makes a target of every port, with what it inherits', () => {
    const config = collectSchema.parse({
      interval: 30,
      targets: [
        { kind: 'nylas', host: 'a', ports: '1..2' },
        { kind: 'nylas', host: '::1', ports: 3, service: 'b', interval: '5s', labels: { n: 1 } },
        { kind: 'go', url: 'http://c:6060/', service: 'c' },
      ],
    });
    expect(config.targets.map(({ url, service, intervalMs }) => [url, service, intervalMs])).toEqual([
      ['http://a:1', 'nylas', 30_000],
      ['http://a:2', 'nylas', 30_000],
      ['http://[::1]:3', 'b', 5000],
      ['http://c:6060', 'c', 30_000],
    ]);
    expect(config.targets[2].labels).toEqual({ n: '1' });
  });

  it.each([
    [{ targets: [{ kind: 'nylas', host: 'a', ports: 'x' }] }],
    [{ targets: [{ kind: 'go', url: 'c:6060', service: 'c' }] }],
    [{ targets: [{ kind: 'go', url: 'http://c' }] }],
    [{ targets: [{ kind: 'go', url: 'http://c', service: 'c', types: ['everything'] }] }],
    [{ targets: [{ kind: 'nylas', url: 'http://c', labels: { service_name: 'x' } }] }],
    [{ interval: 'soon' }],
    [{ target: [] }],
  ])('refuses %j', (config) => {
    expect(collectSchema.safeParse(config).success).toBe(false);
  });
});
