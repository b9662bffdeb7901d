import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalizeProfile } from '../model/normalize.ts';
import type { Profile } from '../model/profile.ts';
import { CPU_TIME } from '../model/profile-type.ts';
import { decodeFolded } from './folded.ts';
import { FormatError } from './format-error.ts';
import { gunzip } from './gzip.ts';
import { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
import { decodeNylas } from './nylas.ts';
import { decodePprof } from './pprof-decode.ts';
import { encodePprof } from './pprof-encode.ts';
import { checkProfile, plainProfile } from './testing.ts';

/** How long each of the tests goes on, in ms: `FUZZ_MS=60000 npx vitest run …/fuzz.test.ts` looks further. */
const FUZZ_MS = Number(process.env.FUZZ_MS ?? 1000);
const LIMITS: DecodeLimits = { ...DEFAULT_LIMITS, bytes: 1 << 20, depth: 200, samples: 2000, frames: 2000 };

const fixtures = join(import.meta.dirname, 'fixtures');
const read = (name: string) => readFileSync(join(fixtures, name));
const pprofs = readdirSync(fixtures)
  .filter((name) => name.endsWith('.pb.gz'))
  .map((name) => new Uint8Array(gunzipSync(read(name))));
const folded = new TextEncoder().encode('main;work;parse 12\nmain;größe 3.5\r\n;a;; 9\n -1\n');
const nylas = new TextEncoder().encode(
  'elapsed 61.0312\ngranularity 0.005\nmain(__main__);<listcomp>(a module) 5\nf() 1\n',
);

/** Bytes that mean something: ends of varints, the tags of pprof, separators of text. */
const telling = fc.oneof(
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x08, 0x0a, 0x10, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x20, 0x3b, 0x0d),
  fc.nat(255),
);

/** Not `fc.double`, which has as many numbers below 1e-300 as above. */
const fraction = fc.noBias(fc.nat(2 ** 24 - 1)).map((numerator) => numerator / 2 ** 24);
/** Some bytes written over others: lengths still hold, so that it is what is inside that is looked at. */
const overwrite = fc
  .tuple(fraction, fc.array(telling, { minLength: 1, maxLength: 3 }))
  .map(([at, insert]) => ({ at, remove: insert.length, insert, from: 0, copy: 0 }));
/** Bytes taken away, put in, or copied from elsewhere in the file, at a place given as a fraction of the length. */
const shift = fc.record({
  at: fraction,
  remove: fc.nat(60),
  insert: fc.oneof(fc.array(telling, { maxLength: 12 }), fc.constant(Array<number>(9).fill(0xff))),
  from: fraction,
  copy: fc.nat(200),
});

function mutations(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changes = fc.oneof(
    { weight: 3, arbitrary: fc.array(overwrite, { minLength: 1, maxLength: 3 }) },
    fc.array(fc.oneof(overwrite, shift), { minLength: 1, maxLength: 6 }),
  );
  return fc.tuple(fc.constantFrom(...seeds), changes).map(([seed, changes]) => {
    const bytes = [...seed];
    for (const { at, remove, insert, from, copy } of changes) {
      const source = Math.floor(from * bytes.length);
      const copied = bytes.slice(source, source + copy);
      bytes.splice(Math.floor(at * bytes.length), remove, ...insert, ...copied);
    }
    return Uint8Array.from(bytes);
  });
}

/** Decodes until the time is over; whatever comes is a sound profile or a FormatError. */
function fuzz(inputs: fc.Arbitrary<Uint8Array>, decode: (bytes: Uint8Array) => Profile) {
  let decoded = 0;
  let refused = 0;
  const property = fc.property(inputs, (bytes) => {
    try {
      const profile = decode(bytes);
      checkProfile(profile);
      expect(profile.stacks.frames.length).toBeLessThanOrEqual(LIMITS.stackFrames);
      decoded++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refused++;
    }
  });
  fc.assert(property, { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS, endOnFailure: true });
  return { decoded, refused };
}

test('a pprof that was changed is decoded or refused', () => {
  const { decoded, refused } = fuzz(mutations(pprofs), (bytes) => {
    const profile = normalizeProfile(decodePprof(bytes, LIMITS));
    const again = decodePprof(encodePprof(profile));
    expect(plainProfile(again).samples).toEqual(plainProfile(profile).samples);
    return profile;
  });
  // Were it only ever one of the two, this would test nothing.
  expect(decoded).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(20);
});

test('a pprof that is cut off anywhere is decoded or refused', () => {
  for (const bytes of pprofs) {
    for (let length = 0; length < bytes.length; length++) {
      try {
        checkProfile(decodePprof(bytes.subarray(0, length), LIMITS));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }
});

test('random bytes are no pprof', () => {
  fuzz(fc.uint8Array({ maxLength: 300 }), (bytes) => decodePprof(bytes, LIMITS));
});

test('folded text that was changed is decoded or refused', () => {
  const inputs = fc.oneof(mutations([folded]), fc.uint8Array({ maxLength: 300 }));
  for (const lenient of [false, true]) {
    fuzz(inputs, (bytes) => decodeFolded(bytes, { type: CPU_TIME, lenient }, LIMITS).profile);
  }
});

test("nylas's text that was changed is decoded or refused", () => {
  fuzz(mutations([nylas]), (bytes) => decodeNylas(bytes, LIMITS));
});

test('gzip that was changed is unpacked or refused', async () => {
  const property = fc.asyncProperty(mutations([read('go-mutex.pb.gz')]), async (bytes) => {
    try {
      expect((await gunzip(bytes, 4000)).length).toBeLessThanOrEqual(4000);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  });
  await fc.assert(property, { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS, endOnFailure: true });
});
