import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readProfile } from './read-profile.ts';

const text = (content: string) => new TextEncoder().encode(content);
const FIXTURES = join(import.meta.dirname, '../../../profile/src/formats/fixtures');
const sum = (values: BigInt64Array) => values.reduce((all, one) => all + one, 0n);

describe('a file', () => {
  it('is what is in it, whatever its name', async () => {
    const folded = await readProfile(text('main;work 3\nmain;idle 1\n'));
    expect(sum(folded.samples.values[0])).toBe(40_000_000n);
    const nylas = await readProfile(text('elapsed 10\ngranularity 0.005\nmain(app);work(app.jobs) 4\n'));
    expect(sum(nylas.samples.values[0])).toBe(20_000_000n);
    expect(nylas.durationNanos).toBe(10_000_000_000n);
    const zipped = await readProfile(gzipSync('main;work 3\n'));
    expect(sum(zipped.samples.values[0])).toBe(30_000_000n);
  });

  it('may be any profile that Go writes', async () => {
    const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.pb.gz'));
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) {
      const profile = await readProfile(readFileSync(join(FIXTURES, name)));
      expect([name, profile.samples.length > 0]).toEqual([name, true]);
    }
  });

  it('that is none is refused with what is wrong', async () => {
    await expect(readProfile(text('hello\n'))).rejects.toThrow(/line 1/);
    await expect(readProfile(Uint8Array.of(1, 2, 3, 250))).rejects.toThrow();
    await expect(readProfile(gzipSync('main;work 3\n').subarray(0, 12))).rejects.toThrow();
  });
});
