import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodePprof } from '../formats/pprof-decode.ts';
import { normalizeProfile } from './normalize.ts';
import { ProfileBuilder } from './profile-builder.ts';
import { CPU_TIME, inferProfileType, WALL_TIME } from './profile-type.ts';

const SAMPLES = inferProfileType('samples', 'count', 'cpu', 'nanoseconds');

function profileOf(types: (typeof CPU_TIME)[], samples: bigint[][], period: bigint, defaultType = 0) {
  const builder = new ProfileBuilder(types);
  for (const values of samples) builder.sample(builder.stack([builder.frame({ function: 'f' })]), values);
  return builder.build({ period, defaultType });
}

const fixture = (name: string) =>
  decodePprof(gunzipSync(readFileSync(join(import.meta.dirname, '../formats/fixtures', name))));

test('counts that only repeat the time are dropped', () => {
  const profile = profileOf(
    [SAMPLES, CPU_TIME],
    [
      [3n, 30n],
      [0n, 0n],
    ],
    10n,
  );
  const normal = normalizeProfile(profile);
  expect(normal).toMatchObject({ types: [CPU_TIME], defaultType: 0, period: 10n });
  expect(normal.samples.values).toEqual([BigInt64Array.of(30n, 0n)]);
});

test('counts that say anything else stay', () => {
  for (const profile of [
    profileOf(
      [SAMPLES, CPU_TIME],
      [
        [3n, 30n],
        [1n, 11n],
      ],
      10n,
    ),
    profileOf([SAMPLES, CPU_TIME], [[3n, 30n]], 0n),
  ]) {
    expect(normalizeProfile(profile)).toBe(profile);
  }
});

test('the default type stays the one it was, or becomes its time', () => {
  const types = [WALL_TIME, SAMPLES, CPU_TIME];
  const shown = [0, 1, 2].map((defaultType) => {
    const normal = normalizeProfile(profileOf(types, [[7n, 3n, 30n]], 10n, defaultType));
    return normal.types[normal.defaultType];
  });
  expect(shown).toEqual([WALL_TIME, CPU_TIME, CPU_TIME]);
});

test('samples that are alone become time', () => {
  const normal = normalizeProfile(profileOf([SAMPLES], [[3n], [-1n]], 10_000_000n));
  expect(normal.types).toEqual([CPU_TIME]);
  expect(normal.samples.values).toEqual([BigInt64Array.of(30_000_000n, -10_000_000n)]);
  const wall = inferProfileType('samples', 'count', 'wall', 'nanoseconds');
  expect(normalizeProfile(profileOf([wall], [[3n]], 5n)).types).toEqual([WALL_TIME]);
});

test('counts of other things, of no known period or too large for it are left alone', () => {
  for (const profile of [
    profileOf([inferProfileType('goroutine', 'count', 'goroutine', 'count')], [[3n]], 1n),
    profileOf([inferProfileType('samples', 'count', 'cpu', 'cycles')], [[3n]], 1000n),
    profileOf([SAMPLES], [[3n]], 0n),
    profileOf([SAMPLES], [[2n ** 62n]], 10n),
    profileOf([CPU_TIME], [[3n]], 10n),
    profileOf([], [], 10n),
  ]) {
    expect(normalizeProfile(profile)).toBe(profile);
  }
});

test('of what Go records, CPU time is stored once and all else as it is', () => {
  const cpu = fixture('go-cpu.pb.gz');
  expect(cpu.types).toHaveLength(2);
  const normal = normalizeProfile(cpu);
  expect(normal.types).toEqual([CPU_TIME]);
  expect(normal.samples.values).toEqual([cpu.samples.values[1]]);
  for (const name of ['go-heap', 'go-goroutine', 'go-mutex', 'go-block']) {
    const profile = fixture(`${name}.pb.gz`);
    expect(normalizeProfile(profile)).toBe(profile);
  }
});
