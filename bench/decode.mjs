/**
 * How fast pprof is decoded:
 *
 *     npx tsc -b packages/profile && node bench/decode.mjs [folder or file …]
 *
 * For each profile: bytes (unpacked), MB/s of `decodePprof` and of pprof-format (npm), their ratio, and the CPU of
 * what ingest does with a profile (decode, normalise, ids of frames and stacks) over that of gunzip of the same
 * bytes. All are measured in turn in one process, so that the ratios hold where the times do not. Without
 * arguments: the corpus beside the repository where there is one, else the fixtures.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodePprof, frameIds, isGzip, normalizeProfile, stackIds } from '../packages/profile/dist/index.js';

const root = join(import.meta.dirname, '..');
const corpus = join(root, '../shared/corpus/pprof');
const fixtures = join(root, 'packages/profile/src/formats/fixtures');
const paths = process.argv.length > 2 ? process.argv.slice(2) : [existsSync(corpus) ? corpus : fixtures];

/** Time spent on one measurement and how often all are measured in turn; the best of these counts. */
const SLICE_NANOS = 60_000_000n;
const ROUNDS = 7;

const pprofFormat = await import('pprof-format').then(
  (module) => module.Profile ?? module.default.Profile,
  () => undefined,
);
if (!pprofFormat) console.log('pprof-format is not installed: no comparison with it');

const inputs = paths.flatMap(profilesIn).map((file) => {
  const raw = readFileSync(file);
  const bytes = isGzip(raw) ? gunzipSync(raw) : raw;
  return { name: relative(paths[0], file) || file, bytes, packed: isGzip(raw) ? raw : gzipSync(raw) };
});
// Everything is compiled for all shapes of profiles before anything is measured, as in a server that has run a while.
for (const input of inputs) for (const work of Object.values(works(input))) timePerCall(work, SLICE_NANOS);

const rows = inputs.map((input) => {
  const best = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, work] of Object.entries(works(input))) {
      best[what] = Math.min(best[what] ?? Number.POSITIVE_INFINITY, timePerCall(work, SLICE_NANOS));
    }
  }
  return { ...input, best };
});

const total = { name: 'all', bytes: { length: 0 }, best: {} };
for (const { bytes, best } of rows) {
  total.bytes.length += bytes.length;
  for (const what of Object.keys(best)) total.best[what] = (total.best[what] ?? 0) + best[what];
}
console.table(Object.fromEntries([...rows, total].map((row) => [row.name, describe(row)])));

function works({ bytes, packed }) {
  const work = {
    gunzip: () => gunzipSync(packed),
    decode: () => decodePprof(bytes),
    ingest: () => {
      const profile = normalizeProfile(decodePprof(bytes));
      return stackIds(profile.stacks, frameIds(profile.frames, profile.strings));
    },
  };
  if (pprofFormat) work.theirs = () => pprofFormat.decode(bytes);
  return work;
}

function describe({ bytes, best }) {
  const megabytesPerSecond = (nanos) => Math.round((bytes.length / nanos) * 1000);
  return {
    bytes: bytes.length,
    'ours MB/s': megabytesPerSecond(best.decode),
    ...(best.theirs && {
      'pprof-format MB/s': megabytesPerSecond(best.theirs),
      times: ratio(best.theirs / best.decode),
    }),
    'decode µs': Math.round(best.decode / 1000),
    'decode + ids µs': Math.round(best.ingest / 1000),
    'gunzip µs': Math.round(best.gunzip / 1000),
    'decode + ids / gunzip': ratio(best.ingest / best.gunzip),
  };
}

function ratio(value) {
  return Math.round(value * 100) / 100;
}

/** Mean nanoseconds of a call. */
function timePerCall(work, atLeast) {
  const start = process.hrtime.bigint();
  let calls = 0;
  let elapsed = 0n;
  for (; elapsed < atLeast; calls++) {
    work();
    elapsed = process.hrtime.bigint() - start;
  }
  return Number(elapsed) / calls;
}

function profilesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .filter((name) => /\.(pb\.gz|pb|prof|pprof)$/.test(name))
    .sort();
}
