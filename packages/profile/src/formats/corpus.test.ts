import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Frame } from '../model/frame.ts';
import { CPU_TIME } from '../model/profile-type.ts';
import { decodeFolded } from './folded.ts';
import { isGzip } from './gzip.ts';
import { decodePprof } from './pprof-decode.ts';
import { encodePprof } from './pprof-encode.ts';
import { checkProfile, type PlainSample, plainProfile } from './testing.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const corpus = join(import.meta.dirname, '../../../../../shared/corpus');
const hasCorpus = existsSync(corpus);
const hasGo = spawnSync('go', ['version']).status === 0;

/** What is known of a profile from elsewhere. The digest is over all samples with their frames and labels. */
interface Expected {
  readonly samples: number;
  readonly totals: Readonly<Record<string, string>>;
  readonly digest?: string;
}

const expectedFile = join(fixtures, 'expected.json');
const expected: Record<string, Expected> = existsSync(expectedFile)
  ? JSON.parse(readFileSync(expectedFile, 'utf8'))
  : {};

function filesIn(folder: string, extension: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => extension.test(name))
    .map((name) => join(folder, name));
}

const pprofs = filesIn(fixtures, /\.pb\.gz$/);
const folded = hasCorpus ? filesIn(join(corpus, 'folded'), /\.txt$/) : [];
if (hasCorpus) pprofs.push(...filesIn(join(corpus, 'pprof'), /\.(pb\.gz|prof)$/));
const nameOf = (file: string) => relative(file.startsWith(fixtures) ? fixtures : corpus, file);

function summary(types: readonly string[], samples: readonly { values: readonly bigint[]; text: string }[]) {
  const total = (i: number) => String(samples.reduce((sum, { values }) => sum + values[i], 0n));
  const lines = samples.map(({ values, text }) => `${values.join(' ')}: ${text}`).sort();
  return {
    samples: samples.length,
    totals: Object.fromEntries(types.map((type, i) => [type, total(i)])),
    digest: createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32),
  };
}

/** The samples as Go writes them: frames leaf first, a line each; labels as `key:[value]`. */
function ourSummary(bytes: Uint8Array): Expected {
  const profile = decodePprof(bytes);
  checkProfile(profile);
  const types = profile.types.map((type) => `${type.sampleType}/${type.sampleUnit}`);
  const samples = plainProfile(profile).samples.map(({ stack, values, text, numbers }) => ({
    values,
    text: [...stack.map(frameText).reverse(), ...labelLines({ text, numbers })].join('\n'),
  }));
  return summary(types, samples);
}

function frameText(frame: Frame): string {
  if (frame.function === '') return `0x${frame.address.toString(16)} ${frame.module} ${frame.buildId}`;
  const system = frame.systemName && `(${frame.systemName})`;
  return `${frame.function} ${frame.file}:${frame.line} s=${frame.startLine}${system} ${frame.module}`;
}

function labelLines({ text, numbers }: Pick<PlainSample, 'text' | 'numbers'>): string[] {
  const texts = Object.entries(text).map(([key, value]) => `${key}:[${value}]`);
  const numeric = Object.entries(numbers).map(([key, { value, unit }]) =>
    unit ? `${key}:[${value} ${unit}]` : `${key}:[${value}]`,
  );
  return [texts.sort().join(' '), numeric.sort().join(' ')].filter((line) => line !== '');
}

/**
 * Reads what `go tool pprof -raw` prints: sections Samples, Locations and Mappings, as Go's profile.go writes them
 * (https://github.com/google/pprof/blob/main/profile/profile.go, `String`).
 */
function goSummary(file: string): Expected {
  const raw = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-raw', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [, samples, locations, mappings] =
    /^Samples:\n(.*?)^Locations\n(.*?)^Mappings\n(.*)$/ms.exec(raw) ??
    /^Samples:\n(.*?)^Locations\n(.*)$/ms.exec(raw) ??
    [];
  const [types, ...lines] = samples.trimEnd().split('\n');
  const frames = goLocations(locations, goMappings(mappings ?? ''));
  const read: { values: bigint[]; text: string }[] = [];
  for (const line of lines) {
    const sample = /^ *(-?\d+(?: +-?\d+)*): ([\d ]*)$/.exec(line);
    if (sample) {
      const stack = sample[2]
        .trim()
        .split(' ')
        .flatMap((id) => frames.get(id) ?? []);
      read.push({ values: sample[1].split(/ +/).map(BigInt), text: stack.join('\n') });
    } else {
      const last = read[read.length - 1];
      last.text += `${last.text && '\n'}${line.trim()}`;
    }
  }
  return summary(types.replaceAll('[dflt]', '').trim().split(' '), read);
}

interface GoMapping {
  readonly start: bigint;
  readonly offset: bigint;
  readonly file: string;
  readonly buildId: string;
}

function goMappings(section: string): Map<string, GoMapping> {
  const mappings = new Map<string, GoMapping>();
  for (const [, id, start, offset, file, buildId] of section.matchAll(
    /^(\d+): (0x\w+)\/0x\w+\/(0x\w+) (\S*) (\S*) /gm,
  )) {
    mappings.set(id, { start: BigInt(start), offset: BigInt(offset), file, buildId });
  }
  return mappings;
}

/** The frames of each location, innermost first. */
function goLocations(section: string, mappings: Map<string, GoMapping>): Map<string, string[]> {
  const locations = new Map<string, string[]>();
  let frames: string[] = [];
  let file = '';
  for (const line of section.trimEnd().split('\n')) {
    const [, id, address, mappingId, rest] = /^ *(\d+): (0x\w+) (?:M=(\d+) )?(.*)$/.exec(line) ?? [
      '',
      '',
      '',
      '',
      line.trim(),
    ];
    if (id) {
      const mapping = mappings.get(mappingId);
      file = mapping?.file ?? '';
      frames = [];
      locations.set(id, frames);
      // No line, or one that says nothing.
      if (rest === '' || rest === ' :0:0 s=0') {
        const relative = BigInt.asUintN(
          64,
          BigInt(address) - (mapping?.start ?? 0n) + (mapping?.offset ?? 0n),
        );
        frames.push(`0x${relative.toString(16)} ${file} ${mapping?.buildId ?? ''}`);
        continue;
      }
    }
    // The model does not keep columns, nor that there is no system name where there is a name.
    frames.push(`${rest.replace(/:\d+ s=(\d+)/, ' s=$1').replace(/\(\)$/, '')} ${file}`);
  }
  return locations;
}

const unpacked = (file: string) => {
  const bytes = readFileSync(file);
  return isGzip(bytes) ? gunzipSync(bytes) : bytes;
};

test.runIf(process.env.CI === 'true' && hasCorpus)('Go is there to compare with', () => {
  expect(hasGo).toBe(true);
});

describe('pprof', () => {
  if (process.env.RECORD) for (const file of pprofs) expected[nameOf(file)] = goSummary(file);

  test.each(pprofs.map((file) => [nameOf(file), file]))('%s says what Go reads in it', (name, file) => {
    const ours = ourSummary(unpacked(file));
    expect(ours).toEqual(expected[name]);
    if (hasGo) expect(ours).toEqual(goSummary(file));
    expect(ourSummary(encodePprof(decodePprof(unpacked(file))))).toEqual(ours);
  });
});

describe.runIf(hasCorpus)('folded', () => {
  /** What awk makes of it: of lines that end in a number, how many there are and their sum. */
  const awkSummary = (file: string): Expected => {
    const utf16 = /utf16-(le|be)/.exec(file)?.[1];
    const text = utf16
      ? execFileSync('iconv', ['-f', `UTF-16${utf16.toUpperCase()}`, '-t', 'UTF-8', file])
      : readFileSync(file);
    const program = '{ sub(/\\r$/, "") } $NF ~ /^[0-9]+$/ { n++; sum += $NF } END { print n, sum }';
    const [samples, total] = execFileSync('awk', [program], { input: text, encoding: 'utf8' })
      .trim()
      .split(' ');
    return { samples: Number(samples), totals: { count: total } };
  };
  if (process.env.RECORD) {
    for (const file of folded) expected[nameOf(file)] = awkSummary(file);
    writeFileSync(expectedFile, `${JSON.stringify(expected, null, 2)}\n`);
  }

  test.each(folded.map((file) => [nameOf(file), file]))('%s adds up', (name, file) => {
    const lenient = name.includes('invalids');
    const { profile, skippedLines } = decodeFolded(readFileSync(file), { type: CPU_TIME, lenient });
    checkProfile(profile);
    expect({
      samples: profile.samples.length,
      totals: { count: String(profile.samples.values[0].reduce((sum, value) => sum + value, 0n)) },
    }).toEqual(expected[name]);
    expect(skippedLines).toBe(lenient ? 3 : 0);
  });
});
