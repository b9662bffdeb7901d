import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Frame } from '../model/frame.ts';
import { frameIds, stackIds } from '../model/identity.ts';
import type { Profile, SampleLabels } from '../model/profile.ts';
import { ProfileBuilder } from '../model/profile-builder.ts';
import { CPU_TIME, inferProfileType, WALL_TIME } from '../model/profile-type.ts';
import { decodePprof } from './pprof-decode.ts';
import { encodePprof } from './pprof-encode.ts';
import { checkProfile, plainProfile } from './testing.ts';

const text = fc.oneof(fc.constantFrom('', 'a', 'b', 'größe', 'a;b\n'), fc.string({ unit: 'grapheme' }));
const name = text.filter((one) => one !== '');
const int64 = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
const uint32 = fc.oneof(fc.nat(300), fc.nat(0xffffffff));

/** Frames as the model has them: an address only where there is no name. */
const frame: fc.Arbitrary<Partial<Frame>> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ function: name, file: text, module: text, line: uint32, startLine: uint32 }),
  },
  fc
    .record({ function: name, systemName: name, module: text })
    .map((one) => ({ ...one, systemName: one.systemName === one.function ? '' : one.systemName })),
  fc.record({ module: text, buildId: text, address: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.record({
    file: text,
    module: text,
    buildId: text,
    line: uint32,
    address: fc.bigInt(0n, 2n ** 64n - 1n),
  }),
  fc.constant({}),
);

/** A frame and the functions inlined into it, which are in the same module. */
const location = fc
  .tuple(frame, fc.array(fc.record({ function: name, file: text, line: uint32 }), { maxLength: 3 }))
  .map(([outer, inner]): Partial<Frame>[] => [
    outer,
    ...inner.map((one) => ({ ...one, module: outer.module ?? '', inlined: true })),
  ]);

const labels: fc.Arbitrary<SampleLabels> = fc.record({
  text: fc.dictionary(text, name, { maxKeys: 3 }),
  numbers: fc.dictionary(text, fc.record({ value: int64, unit: text }), { maxKeys: 2 }),
});

const types = fc.constantFrom(
  [CPU_TIME],
  [CPU_TIME, WALL_TIME],
  [WALL_TIME, CPU_TIME],
  [inferProfileType('goroutine', 'count', '', '')],
  ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'].map((type) =>
    inferProfileType(type, type.endsWith('space') ? 'bytes' : 'count', 'space', 'bytes'),
  ),
  [inferProfileType('lock', 'seconds', '', '')],
);

const profile: fc.Arbitrary<Profile> = types.chain((types) =>
  fc
    .record({
      samples: fc.array(
        fc.record({
          stack: fc.array(location, { maxLength: 5 }).map((locations) => locations.flat()),
          values: fc.array(int64, { minLength: types.length, maxLength: types.length }),
          labels: fc.oneof(fc.constant({ text: {}, numbers: {} }), labels),
        }),
        { maxLength: 6 },
      ),
      window: fc.record({
        startNanos: int64,
        durationNanos: int64,
        period: int64,
        defaultType: fc.nat(types.length - 1),
        comments: fc.array(text, { maxLength: 3 }),
        dropFrames: text,
        keepFrames: text,
      }),
    })
    .map(({ samples, window }) => {
      const builder = new ProfileBuilder(types);
      for (const { stack, values, labels } of samples) {
        const frames = stack.map((fields) => builder.frame(fields));
        builder.sample(builder.stack(frames), values, builder.labels(labels));
      }
      return builder.build(window);
    }),
);

test('what is encoded is decoded as it was', () => {
  fc.assert(
    fc.property(profile, (profile) => {
      const back = decodePprof(encodePprof(profile));
      checkProfile(back);
      expect(plainProfile(back)).toEqual(plainProfile(profile));
    }),
    { numRuns: 500 },
  );
});

const fixtures = join(import.meta.dirname, 'fixtures');
const recorded = readdirSync(fixtures).filter((name) => name.endsWith('.pb.gz'));

test.each(recorded)('%s comes out as it went in, and is no larger', (name) => {
  const bytes = gunzipSync(readFileSync(join(fixtures, name)));
  const profile = decodePprof(bytes);
  const encoded = encodePprof(profile);
  const back = decodePprof(encoded);
  expect(plainProfile(back)).toEqual(plainProfile(profile));
  expect(encoded.length).toBeLessThanOrEqual(bytes.length);
  const ids = (of: Profile) => {
    const all = stackIds(of.stacks, frameIds(of.frames, of.strings));
    return Array.from(of.samples.stack, (stack) => [all[stack * 2], all[stack * 2 + 1]]);
  };
  expect(ids(back)).toEqual(ids(profile));
});

test('names that are not UTF-8 are written as they came', () => {
  const profile = decodePprof(gunzipSync(readFileSync(join(fixtures, 'go-heap.pb.gz'))));
  const name = profile.frames.function[0];
  profile.strings.bytes[profile.strings.starts[name]] = 0xff;
  const back = decodePprof(encodePprof(profile));
  expect(frameIds(back.frames, back.strings).subarray(0, 2)).toHaveLength(2);
  const bytes = [...back.strings.bytes];
  expect(bytes).toContain(0xff);
});

test('frames in another module are not written as inlined', () => {
  const builder = new ProfileBuilder([CPU_TIME]);
  const outer = builder.frame({ function: 'outer', module: 'a' });
  const inner = builder.frame({ function: 'inner', module: 'b', inlined: true });
  builder.sample(builder.stack([outer, inner]), [1n]);
  const [sample] = plainProfile(decodePprof(encodePprof(builder.build()))).samples;
  expect(sample.stack.map(({ function: name, module, inlined }) => [name, module, inlined])).toEqual([
    ['outer', 'a', false],
    ['inner', 'b', false],
  ]);
});

const hasGo = spawnSync('go', ['version']).status === 0;

test.skipIf(!hasGo)('go tool pprof opens what is written', () => {
  const builder = new ProfileBuilder([CPU_TIME]);
  const frames = [
    builder.frame({ function: 'main', file: 'main.go', line: 3, startLine: 1, module: '/bin/app' }),
    builder.frame({ function: 'inlined', file: 'main.go', line: 9, module: '/bin/app', inlined: true }),
    builder.frame({ module: 'libc.so.6', buildId: 'abcd', address: 0x1234n }),
    builder.frame({ module: 'libc.so.6', function: 'read', systemName: '_read' }),
  ];
  const labels = builder.labels({
    text: { endpoint: '/x' },
    numbers: { bytes: { value: 7n, unit: 'bytes' } },
  });
  builder.sample(builder.stack(frames), [20_000_000n], labels);
  const folder = mkdtempSync(join(tmpdir(), 'everflame-'));
  try {
    const file = join(folder, 'profile.pb');
    writeFileSync(file, encodePprof(builder.build({ durationNanos: 10n ** 10n, period: 10_000_000n })));
    const pprof = (...options: string[]) =>
      execFileSync('go', ['tool', 'pprof', '-symbolize=none', ...options, file], { encoding: 'utf8' });
    const raw = pprof('-raw');
    expect(raw).toContain('cpu/nanoseconds');
    expect(raw).toMatch(/20000000: 1 2 3 \n\s+endpoint:\[\/x\]\n\s+bytes:\[7 bytes\]/);
    expect(raw).toMatch(/1: 0x0 M=1 read :0:0 s=0\(_read\)/);
    expect(raw).toMatch(/2: 0x1234 M=2 \n/);
    expect(raw).toMatch(/3: 0x0 M=3 inlined main\.go:9:0 s=0\n\s+main main\.go:3:0 s=1/);
    expect(pprof('-top')).toMatch(/20ms\s+100%\s+main/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
