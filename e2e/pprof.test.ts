import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, TestServer } from './support/server.ts';

const FIXTURES = join(ROOT, 'packages/profile/src/formats/fixtures');
const CORPUS = join(ROOT, '../shared/corpus/pprof');
const hasGo = spawnSync('go', ['version']).status === 0;

/** Profiles recorded by others where they are there, and our own. */
function files(): string[] {
  return [FIXTURES, CORPUS]
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => /\.(pb\.gz|prof|pprof|pb)$/.test(path));
}

interface RawTotals {
  readonly columns: string[];
  readonly totals: bigint[];
}

/** Sums of the value columns, as Go's own tool reads them. */
function goTotals(path: string): RawTotals {
  const { stdout, status, stderr } = spawnSync('go', ['tool', 'pprof', '-raw', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  const lines = stdout.split('\n');
  const start = lines.indexOf('Samples:');
  const columns = lines[start + 1]
    .replace(/\[dflt\]/, '')
    .trim()
    .split(/\s+/);
  const totals = columns.map(() => 0n);
  for (const line of lines.slice(start + 2)) {
    const match = /^\s*(-?\d+(?:\s+-?\d+)*): /.exec(line);
    if (line.startsWith('Locations')) break;
    match?.[1].split(/\s+/).forEach((value, i) => {
      totals[i] += BigInt(value);
    });
  }
  return { columns, totals };
}

describe.runIf(hasGo || process.env.CI === 'true')('pprof files pushed with curl', () => {
  it('have the totals that go tool pprof reads', { timeout: 300_000 }, async () => {
    await using server = await TestServer.start();
    const paths = files();
    expect(paths.length).toBeGreaterThan(0);
    for (const [i, path] of paths.entries()) {
      const service = `file-${i}`;
      const curl = spawnSync(
        'curl',
        [
          '-sS',
          '--fail-with-body',
          '--data-binary',
          `@${path}`,
          `${server.url}/ingest?name=${service}&format=pprof`,
        ],
        { encoding: 'utf8' },
      );
      expect([path, curl.status, curl.stdout]).toEqual([path, 0, expect.stringContaining('stored')]);
      const expected = goTotals(path);
      const { types } = await server.json(`/api/v1/types?query=${service}`);
      expect(types.length).toBeGreaterThan(0);
      for (const { type } of types as { type: string }[]) {
        const [, sampleType, unit] = type.split(':');
        const column = expected.columns.indexOf(`${sampleType}/${unit}`);
        const { total } = await server.json(
          `/api/v1/flamegraph?query=${service}&type=${type}&from=-7d&format=json`,
        );
        // Lone sample counts become time: then the count is what the column has.
        if (column < 0) {
          const counts = expected.columns.findIndex((name) => name.startsWith('samples/'));
          const period = /Period: (\d+)/.exec(readRaw(path))?.[1] ?? '0';
          expect([path, type, total]).toEqual([path, type, Number(expected.totals[counts] * BigInt(period))]);
        } else {
          expect([path, type, total]).toEqual([path, type, Number(expected.totals[column])]);
        }
      }
    }
  });
});

function readRaw(path: string): string {
  return spawnSync('go', ['tool', 'pprof', '-raw', path], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
}

it('has profiles to read', () => {
  for (const path of files()) expect(readFileSync(path).length).toBeGreaterThan(0);
});
