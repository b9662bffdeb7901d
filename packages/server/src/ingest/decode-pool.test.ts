import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CPU_TIME, DEFAULT_LIMITS, encodePprof, ProfileBuilder } from '@everflame/profile';
import { afterAll, expect, it } from 'vitest';
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
    sampleTypeConfig: {},
    profileName: undefined,
  };
}

/** Every column, whichever buffer it lies in. */
function plain({ profile, prepared, cumulative }: DecodedPush): unknown {
  const strings = Array.from({ length: profile.strings.length }, (_, i) => profile.strings.get(i));
  return JSON.parse(
    JSON.stringify({ ...profile, strings, prepared, cumulative }, (_key, value: unknown) =>
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
  for (const [i, one] of decoded.entries()) expect(plain(one)).toEqual(plain(runDecodeJob(jobs[i])));
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

it('outlives a worker: its push is told to come again, the next ones are decoded', async () => {
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
  const ask = (service: string) => fragile.decode({ ...jobOf(gzipSync(profileOf(3))), service });
  const deadly = ask('deadly');
  const next = ask('next');
  await expect(deadly).rejects.toMatchObject({ code: 'store_failed', retryAfter: 2 });
  await expect(next).rejects.toMatchObject({ code: 'bad_body', message: 'next' });
  await fragile.close();
  await expect(ask('late')).rejects.toMatchObject({ code: 'closing' });
  rmSync(dir, { recursive: true });
});
