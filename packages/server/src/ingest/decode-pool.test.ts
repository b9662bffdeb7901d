import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CPU_TIME, DEFAULT_LIMITS, encodePprof, ProfileBuilder } from '@everflame/profile';
import { afterAll, expect, it } from 'vitest';
import { KnownNames, NO_NAMES } from '../store/known-names.ts';
import { type DecodedPush, type DecodeJob, runDecodeJob } from './decode-job.ts';
import { DecodePool } from './decode-pool.ts';

// Workers run what is built (npm run build): Node 20 runs no TypeScript.
const file = new URL('../../dist/ingest/decode-worker.js', import.meta.url);
if (!existsSync(file)) throw new Error('packages/server is not built: run npm run build first.');
const pool = new DecodePool({ workers: 2, file });
afterAll(() => pool.close());

function profileOf(stacks: number): Uint8Array {
  const builder = new ProfileBuilder([CPU_TIME]);
  for (let i = 0; i < stacks; i++) {
    const frames = ['main', 'wörk', `leaf${i}`].map((name) => ({ function: name, module: 'app', line: i }));
    const labels = builder.labels({ text: i % 2 ? { endpoint: `/${i % 10}` } : {}, numbers: {} });
    builder.sample(builder.stack(frames.map((frame) => builder.frame(frame))), [BigInt(i + 1)], labels);
  }
  return encodePprof(builder.build());
}

function jobOf(body: Uint8Array): DecodeJob {
  return {
    body,
    service: 'shop',
    labels: { host: 'a' },
    format: 'pprof',
    textType: { type: CPU_TIME, counts: 'samples' },
    sampleRate: 100,
    limits: DEFAULT_LIMITS,
    isEncoded: false,
    sampleTypeConfig: {},
    profileName: undefined,
    from: '1780000000',
    until: '1780000015',
    now: 1_780_000_020_000_000_000n,
    start: undefined,
  };
}

/** Every column, whichever buffer it lies in. */
function plain({ prepared, window, cumulative }: DecodedPush): unknown {
  const { names, ...rest } = prepared;
  const strings = Array.from({ length: names.strings.length }, (_, i) => names.strings.get(i));
  return JSON.parse(
    JSON.stringify({ ...rest, names: { ...names, strings }, window, cumulative }, (_key, value: unknown) =>
      typeof value === 'bigint'
        ? String(value)
        : ArrayBuffer.isView(value)
          ? [...Object.values(value)].map(String)
          : value,
    ),
  );
}

it('gives what decoding here gives, many at once', async () => {
  const bodies = [1, 40, 300, 2000].flatMap((stacks) => [profileOf(stacks), gzipSync(profileOf(stacks))]);
  const jobs = Array.from({ length: 40 }, (_, i) => jobOf(bodies[i % bodies.length]));
  // Bodies are handed over: each its own copy.
  const decoded = await Promise.all(
    jobs.map((job) => pool.decode({ ...job, body: Uint8Array.from(job.body) })),
  );
  for (const [i, one] of decoded.entries())
    expect(plain(one)).toEqual(plain(runDecodeJob(jobs[i], NO_NAMES)));
  expect(pool.load).toEqual({ busy: 0, waiting: 0 });
});

it('says what is wrong with a body as decoding here does', async () => {
  const broken = gzipSync(profileOf(500)).subarray(0, 300);
  const large = jobOf(gzipSync(Buffer.alloc(1 << 20)));
  await expect(pool.decode(jobOf(broken))).rejects.toMatchObject({ name: 'UserError', code: 'bad_body' });
  await expect(pool.decode({ ...large, limits: { ...DEFAULT_LIMITS, bytes: 1000 } })).rejects.toMatchObject({
    code: 'too_large',
  });
  await expect(pool.decode(jobOf(gzipSync(profileOf(3))))).resolves.toBeDefined();
});

it('leaves names out that are in the store, and says as of when', async () => {
  const known = new KnownNames(1000);
  const informed = new DecodePool({ workers: 1, file, known });
  const job = () => jobOf(Uint8Array.from(gzipSync(profileOf(400))));
  const first = await informed.decode(job());
  expect(first.prepared.names.stackIds.length).toBe(800);
  const names = first.prepared.names;
  for (const of of ['frames', 'stacks'] as const) {
    const ids = of === 'frames' ? names.frameIds : names.stackIds;
    // All but the first stack, and its leaf.
    for (let i = of === 'frames' ? 4 : 2; i < ids.length; i += 2) {
      known[of].add((ids[i] ^ names.salt[0]) >>> 0, (ids[i + 1] ^ names.salt[1]) >>> 0);
    }
  }
  const second = await informed.decode(job());
  expect(second.prepared.rows).toEqual(first.prepared.rows);
  expect([...second.prepared.names.stackIds]).toEqual([...names.stackIds.subarray(0, 2)]);
  expect(second.prepared.names.frameIds.length).toBeGreaterThan(0);
  expect(second.prepared.names.frameIds.length).toBeLessThan(names.frameIds.length);
  known.clear();
  const third = await informed.decode(job());
  expect(third.prepared.names.stackIds).toEqual(names.stackIds);
  expect(third.prepared.names.epoch).toBe(second.prepared.names.epoch + 1);
  await informed.close();
});

it('refuses a body that takes more memory than a worker has, and goes on', async () => {
  const small = new DecodePool({ workers: 1, file, heapMb: 24 });
  // Labels become JavaScript strings and objects: on the heap, unlike columns.
  const builder = new ProfileBuilder([CPU_TIME]);
  const stack = builder.stack([builder.frame({ function: 'main' })]);
  for (let i = 0; i < 150_000; i++) {
    builder.sample(stack, [1n], builder.labels({ text: { request: `request-${i}` }, numbers: {} }));
  }
  const greedy = small.decode(jobOf(encodePprof(builder.build())));
  await expect(greedy).rejects.toMatchObject({ code: 'too_large' });
  await expect(small.decode(jobOf(profileOf(400)))).resolves.toBeDefined();
  await small.close();
});

it('outlives a worker: its pushes are told to come again, the next ones are decoded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'everflame-pool-'));
  const worker = join(dir, 'worker.mjs');
  writeFileSync(
    worker,
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ service }) => {
      if (service === 'deadly') throw new Error('dead');
      parentPort.postMessage({ kind: 'refused', code: 'bad_body', message: service });
    });`,
  );
  const fragile = new DecodePool({ workers: 1, file: pathToFileURL(worker) });
  const ask = (service: string) => fragile.decode({ ...jobOf(profileOf(400)), service });
  const deadly = Array.from({ length: 3 }, () => ask('deadly'));
  const next = ask('next');
  for (const one of deadly) await expect(one).rejects.toMatchObject({ code: 'store_failed', retryAfter: 2 });
  await expect(next).rejects.toMatchObject({ code: 'bad_body', message: 'next' });
  await fragile.close();
  await expect(ask('late')).rejects.toMatchObject({ code: 'closing' });
  rmSync(dir, { recursive: true });
});
