import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodePprof, flameGraphOf, formatProfileType, type Profile, toPlainTree } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import type { Push } from '../store/push.ts';
import { ByteBudget } from './byte-budget.ts';
import { collectSchema } from './collect-config.ts';
import { Collector } from './collector.ts';
import { goJob } from './go-job.ts';
import type { GoProfile, TargetConfig } from './target.ts';
import { listen, RecordingSink, silent, testPush, until } from './testing.ts';

function target(url: string, types: readonly GoProfile[] = ['cpu']): TargetConfig {
  return { kind: 'go', url, service: 'cart', labels: {}, intervalMs: 1000, timeoutMs: 5000, types };
}

const context = () => ({ signal: new AbortController().signal, budget: new ByteBudget(1 << 30) });

it('does not add up what counts since the start of the process', async () => {
  const pprof = gzipSync(encodePprof(testPush(1).profile));
  await using old = await listen((_request, response) => response.end(pprof));
  await expect(goJob(target(old.url), 'cpu').poll(context())).rejects.toThrow(
    /^answered after 0\.\d s where 1 s were asked for: Go before 1\.15/,
  );
});

it('refuses a profile of something else', async () => {
  await using other = await listen((_request, response) => response.end(encodePprof(testPush(1).profile)));
  await expect(goJob(target(other.url), 'heap').poll(context())).rejects.toThrow(
    '/debug/pprof/heap answered a profile of cpu',
  );
});

it('asks for no more seconds than fetch waits', async () => {
  const asked: string[] = [];
  await using busy = await listen((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(500).end('Could not enable CPU profiling: cpu profiling already in use\n');
  });
  await expect(goJob({ ...target(busy.url), intervalMs: 3_600_000 }, 'cpu').poll(context())).rejects.toThrow(
    'answered 500: Could not enable CPU profiling: cpu profiling already in use',
  );
  expect(asked).toEqual(['/debug/pprof/profile?seconds=240']);
});

const FOLDER = join(import.meta.dirname, 'fixtures/go-target');
const hasGo = spawnSync('go', ['version']).status === 0;

/** A real Go program with net/http/pprof. */
async function startGo(): Promise<AsyncDisposable & { url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-go-'));
  const binary = join(folder, 'target');
  const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: FOLDER, encoding: 'utf8' });
  expect(built.stderr).toBe('');
  const program = spawn(binary, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((found) => {
    program.stdout.once('data', (line) => found(String(line).trim()));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      program.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Names of the boxes on the widest way from the root. */
function widestPath(profile: Profile): string[] {
  const names: string[] = [];
  let node = toPlainTree(flameGraphOf(profile));
  while (node.children.length > 0) {
    node = node.children.reduce((a, b) => (a.value >= b.value ? a : b));
    names.push(node.name);
  }
  return names;
}

function total({ profile }: Push, sampleType: string): number {
  const column = profile.types.findIndex((type) => type.sampleType === sampleType);
  return Number(profile.samples.values[column].reduce((a, b) => a + b, 0n));
}

describe.runIf(hasGo || process.env.CI === 'true')('a Go program', () => {
  it('gives CPU, allocations, heap, goroutines and contention, without gaps', {
    timeout: 120_000,
  }, async () => {
    await using go = await startGo();
    const sink = new RecordingSink();
    const types = ['cpu', 'heap', 'allocs', 'goroutine', 'block', 'mutex'];
    const { targets } = collectSchema.parse({
      interval: '2s',
      targets: [{ kind: 'go', url: go.url, service: 'cart', types }],
    });
    const collector = new Collector({ targets, sink, logger: silent });
    collector.start();
    const of = (name: string) => sink.pushes.filter(({ profile }) => profile.types[0].name === name);
    const named = ['process_cpu', 'goroutines', 'memory', 'mutex', 'block'];
    await until('two of each', () => named.every((name) => of(name).length >= 2), 60);
    await until('three of CPU', () => of('process_cpu').length >= 3, 60);
    await collector.stop();

    const seen = new Set(sink.pushes.flatMap(({ profile }) => profile.types.map(formatProfileType)));
    expect([...seen].sort()).toEqual([
      'block:contentions:count:contentions:count',
      'block:delay:nanoseconds:contentions:count',
      'goroutines:goroutine:count:goroutine:count',
      'memory:alloc_objects:count:space:bytes',
      'memory:alloc_space:bytes:space:bytes',
      'memory:inuse_objects:count:space:bytes',
      'memory:inuse_space:bytes:space:bytes',
      'mutex:contentions:count:contentions:count',
      'mutex:delay:nanoseconds:contentions:count',
      'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    ]);
    const [first, second, third] = of('process_cpu');
    expect(first.labels).toEqual({ instance: new URL(go.url).host, language: 'go' });
    expect(widestPath(first.profile)).toContainEqual(expect.stringContaining('main.burnInAKnownFunction'));
    // Half a core for two seconds, on a machine that others share.
    expect(total(first, 'cpu')).toBeGreaterThan(3e8);
    expect(total(first, 'cpu')).toBeLessThan(2e9);
    // One window follows the other: what is not covered is a request's way there and back.
    for (const [one, next] of [
      [first, second],
      [second, third],
    ]) {
      const gap = Number(next.startNanos - one.startNanos - one.durationNanos) / 1e9;
      expect(Number(one.durationNanos) / 1e9).toBeCloseTo(2, 0);
      expect(gap).toBeGreaterThan(-0.1);
      expect(gap).toBeLessThan(1);
    }
    const goroutines = of('goroutines')[0];
    expect(total(goroutines, 'goroutine')).toBeGreaterThanOrEqual(4);
    expect(goroutines.durationNanos).toBe(2_000_000_000n);
    expect(Number((goroutines.startNanos + goroutines.durationNanos) / 1_000_000n)).toBeLessThanOrEqual(
      Date.now(),
    );
    const heap = of('memory').find(({ profile }) => profile.types[0].sampleType.startsWith('inuse'));
    expect(heap && total(heap, 'inuse_space')).toBeGreaterThan(1 << 20);
    expect(collector.targets()).toMatchObject([{ state: 'up', lastError: null }]);
  });

  it('says that somebody else profiles, and goes on with the rest', { timeout: 60_000 }, async () => {
    await using go = await startGo();
    const other = fetch(`${go.url}/debug/pprof/profile?seconds=8`);
    await new Promise((begun) => setTimeout(begun, 500));
    const sink = new RecordingSink();
    const config = { ...target(go.url, ['cpu', 'goroutine']) };
    const collector = new Collector({ targets: [config], sink, logger: silent });
    collector.start();
    await until('it is refused', () => collector.targets()[0].lastError !== null);
    await until('goroutines', () => sink.pushes.length > 0);
    expect(collector.targets()[0]).toMatchObject({
      state: 'down',
      lastError: expect.stringContaining('cpu profiling already in use'),
    });
    await (await other).arrayBuffer();
    await until('it is free again', () => collector.targets()[0].state === 'up');
    await collector.stop();
  });
});
