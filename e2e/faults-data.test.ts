import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inEngine } from './support/engine.ts';
import { everflame } from './support/everflame.ts';
import { PushLoad } from './support/push-load.ts';
import { ROOT, TestServer, until } from './support/server.ts';

const DAY_MS = 86_400_000;
const DAYS = 3;
const PER_DAY = 4;

let scratch: string;
/** Data of three days, one part of `profiles` each. */
let whole: string;
let load: PushLoad;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'everflame-faults-'));
  whole = join(scratch, 'whole');
  const server = await TestServer.start({ dataDir: whole });
  let sent = 0;
  load = new PushLoad('shop', { start: () => Date.now() - (sent % DAYS) * DAY_MS - 60_000 });
  await load.run(server, 1, () => sent++ >= DAYS * PER_DAY);
  await server.end();
  inEngine(
    whole,
    ...['profiles', 'stacks', 'frames'].map((table) => `OPTIMIZE TABLE everflame.${table} FINAL`),
  );
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function copyOf(name: string): string {
  const copy = join(scratch, name);
  cpSync(whole, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

interface Part {
  readonly name: string;
  readonly rows: number;
}

/**
 * Parts of `profiles` as they lie on the disk, oldest day first: those that are read, and those they were merged from.
 * The engine does not know of the latter at once.
 */
function partsOf(dataDir: string): { dir: string; active: Part[]; merged: string[] } {
  const dir = realpathSync(join(dataDir, 'engine/data/everflame/profiles'));
  const parts = readdirSync(dir).flatMap((name) => {
    const [, partition, first, last, level] = /^([0-9a-f]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/.exec(name) ?? [];
    return partition === undefined ? [] : [{ name, partition, first: +first, last: +last, level: +level }];
  });
  const [merged, active] = [true, false].map((isCovered) =>
    parts.filter(
      (part) =>
        isCovered ===
        parts.some(
          (other) =>
            other.partition === part.partition &&
            other.level > part.level &&
            other.first <= part.first &&
            other.last >= part.last,
        ),
    ),
  );
  return {
    dir,
    active: active.map(({ name }) => ({
      name,
      rows: Number(readFileSync(join(dir, name, 'count.txt'), 'utf8')),
    })),
    merged: merged.map(({ name }) => name),
  };
}

/** Every block of the file says something else than its checksum. */
function flipBytes(file: string): void {
  const bytes = readFileSync(file);
  for (let at = 40; at < bytes.length; at += 40) bytes[at] ^= 0xff;
  writeFileSync(file, bytes);
}

const RANGE = `from=-${DAYS + 1}d`;

describe('a damaged part', () => {
  it('is set aside and named when nothing else has its rows; the rest is answered', async () => {
    const dataDir = copyOf('truncated');
    const { dir, active, merged } = partsOf(dataDir);
    for (const name of merged) rmSync(join(dir, name), { recursive: true });
    const [{ name: broken, rows }] = active;
    truncateSync(join(dir, broken, 'data.bin'), 20);
    const files = readdirSync(join(dir, broken)).sort();

    const server = await TestServer.start({ dataDir });
    const { lost, wrong } = await load.differences(server, RANGE);
    expect([lost.length, wrong]).toEqual([rows, []]);
    expect(server.log).toMatch(
      new RegExp(`damaged: part broken-on-start_${broken} of table profiles .* missing`),
    );
    const { damagedParts } = await server.json('/api/v1/status');
    const path = join(dir, 'detached', `broken-on-start_${broken}`);
    expect(damagedParts).toEqual([
      { table: 'profiles', part: `broken-on-start_${broken}`, reason: 'broken-on-start', instead: 0, path },
    ]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('everflame_store_damaged_parts{table="profiles"} 1');
    expect(readdirSync(path).sort()).toEqual(files);
    // Agents that still have it may send it again.
    for (const push of load.sent) expect(await load.send(server, push)).toBe(true);
    expect(await load.differences(server, RANGE)).toEqual({ lost: [], wrong: [] });
    await server.end();
  });

  it('costs nothing while the parts that it was merged from are there', async () => {
    const dataDir = copyOf('merged');
    const { dir, active, merged } = partsOf(dataDir);
    expect(merged.length).toBeGreaterThan(0);
    for (const { name } of active) truncateSync(join(dir, name, 'data.bin'), 0);
    const server = await TestServer.start({ dataDir });
    expect(await load.differences(server, RANGE)).toEqual({ lost: [], wrong: [] });
    expect(server.log).toMatch(/damaged: .* parts that it was merged from are read in its place/);
    await server.end();
  });

  it('is none when only its checksums are gone', async () => {
    const dataDir = copyOf('no-checksums');
    const { dir, active } = partsOf(dataDir);
    for (const { name } of active) rmSync(join(dir, name, 'checksums.txt'));
    const server = await TestServer.start({ dataDir });
    expect(await load.differences(server, RANGE)).toEqual({ lost: [], wrong: [] });
    expect(server.log).not.toContain('damaged');
    await server.end();
  });

  it('is named by the question that meets it where opening does not notice, and found by everflame check', async () => {
    const dataDir = copyOf('flipped');
    const { dir, active } = partsOf(dataDir);
    const [{ name: broken, rows }] = active;
    flipBytes(join(dir, broken, 'data.bin'));

    let server = await TestServer.start({ dataDir });
    const { error } = await server.json(`/data?query=shop&${RANGE}`);
    expect(error).toMatchObject({ code: 'data_damaged', message: expect.stringContaining(broken) });
    await server.end();

    const found = everflame('check', '--data', dataDir);
    expect([found.status, found.stdout]).toEqual([
      1,
      expect.stringMatching(`profiles ${broken}: .*Checksum`),
    ]);
    const aside = everflame('check', '--data', dataDir, '--set-aside');
    expect([aside.status, aside.stdout]).toEqual([0, expect.stringContaining(', 1 damaged')]);
    expect(readdirSync(join(dir, 'detached'))).toEqual([broken]);
    expect(everflame('check', '--data', dataDir).stdout).toContain(', 0 damaged');

    server = await TestServer.start({ dataDir });
    const { lost, wrong } = await load.differences(server, RANGE);
    expect([lost.length, wrong]).toEqual([rows, []]);
    await server.end();
  });

  it('of what describes the tables keeps the server from starting, and is left as it is', () => {
    const dataDir = copyOf('metadata');
    const metadata = join(dataDir, 'engine/metadata/everflame/profiles.sql');
    const broken = readFileSync(metadata, 'utf8').slice(0, 100);
    writeFileSync(metadata, broken);
    const { status, stderr } = everflame('serve', '--listen', '127.0.0.1:0', '--data', dataDir);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /profiles\.sql[\s\S]*could not be opened.*Nothing was changed[\s\S]*operations\.md/,
    );
    expect(readFileSync(metadata, 'utf8')).toBe(broken);
    expect(readdirSync(dataDir)).not.toContain('everflame.lock');
  });
});

describe('the schema', () => {
  const COLUMNS = {
    profiles: 'class, service, type, series, ts, push, duration, period, total, stacks, values',
    series: 'service, week, type, series, kind, labels',
    stacks: 'service, week, stack, frames',
    frames:
      'service, week, frame, function, system_name, file, module, build_id, line, start_line, address, inlined',
  };
  const statements = readFileSync(join(ROOT, 'e2e/fixtures/schema-1.sql'), 'utf8')
    .replace(/^--.*$/gm, '')
    .split(';\n')
    .filter((statement) => statement.trim());

  it.each([
    ['the first version', []],
    [
      'the first version, half upgraded when the power went',
      ["ALTER TABLE everflame.profiles ADD COLUMN inserted DateTime64(3, 'UTC') DEFAULT now64(3)"],
    ],
  ])('of %s is brought up to date, with all data', async (_what, more) => {
    const dataDir = mkdtempSync(join(scratch, 'older-'));
    const export_ = (table: string) => join(dataDir, `${table}.native`);
    const tables = Object.entries(COLUMNS);
    inEngine(
      whole,
      ...tables.map(
        ([table, columns]) =>
          `INSERT INTO FUNCTION file('${export_(table)}', 'Native') SELECT ${columns} FROM everflame.${table} FINAL`,
      ),
    );
    inEngine(
      dataDir,
      ...statements,
      ...tables.map(
        ([table, columns]) =>
          `INSERT INTO everflame.${table} (${columns}) SELECT * FROM file('${export_(table)}', 'Native')`,
      ),
      ...more,
    );
    for (let start = 0; start < 2; start++) {
      const server = await TestServer.start({ dataDir });
      expect(await load.differences(server, RANGE)).toEqual({ lost: [], wrong: [] });
      // Sent again, it lands on the rows of the older version.
      for (const push of load.sent) expect(await load.send(server, push)).toBe(true);
      expect(await load.differences(server, RANGE)).toEqual({ lost: [], wrong: [] });
      await server.end();
    }
  });

  it('of a newer version is refused, and nothing is changed', async () => {
    const dataDir = copyOf('newer');
    inEngine(dataDir, "INSERT INTO everflame.migrations (version, name) VALUES (1000, 'of the future')");
    const count = 'SELECT count() AS n, sum(total) AS total FROM everflame.profiles';
    const tables =
      "SELECT create_table_query AS sql FROM system.tables WHERE database = 'everflame' ORDER BY name";
    const before = [inEngine(dataDir, count), inEngine(dataDir, tables)];
    const { status, stderr } = everflame('serve', '--listen', '127.0.0.1:0', '--data', dataDir);
    expect(status).toBe(1);
    expect(stderr).toMatch(/newer Everflame \(schema 1000; this one knows \d+\).*Nothing was changed/);
    expect([inEngine(dataDir, count), inEngine(dataDir, tables)]).toEqual(before);
  });
});

describe('a second server on the same data', () => {
  it('is refused with the name of the first, until that was killed', async () => {
    const dataDir = copyOf('shared');
    const first = await TestServer.start({ dataDir });
    const refused = () => everflame('serve', '--listen', '127.0.0.1:0', '--data', dataDir);
    const inUse = expect.stringContaining(`is in use by another Everflame (process ${first.process.pid})`);
    expect(refused()).toMatchObject({ status: 1, stderr: inUse });
    // Without our lock there is still the engine's.
    rmSync(join(dataDir, 'everflame.lock'));
    expect(refused()).toMatchObject({ status: 1, stderr: inUse });
    expect(await load.differences(first, RANGE)).toEqual({ lost: [], wrong: [] });
    await first.end('SIGKILL');
    const second = await TestServer.start({ dataDir });
    expect(await load.differences(second, RANGE)).toEqual({ lost: [], wrong: [] });
    await second.end('SIGKILL');
    const third = await TestServer.start({ dataDir });
    await third.end();
  });

  it('gets in once when several start at the same moment on what a killed one left', async () => {
    const dataDir = copyOf('race');
    const killed = await TestServer.start({ dataDir });
    await killed.end('SIGKILL');
    const started = await Promise.allSettled(Array.from({ length: 3 }, () => TestServer.start({ dataDir })));
    const running = started.filter((one) => one.status === 'fulfilled');
    expect(running).toHaveLength(1);
    for (const one of started) {
      if (one.status === 'rejected') expect(String(one.reason)).toContain('is in use by another Everflame');
    }
    expect(await load.differences(running[0].value, RANGE)).toEqual({ lost: [], wrong: [] });
    await running[0].value.end();
  });
});

describe('a copy taken while the server runs', () => {
  it('has every push that was acknowledged before', async () => {
    const dataDir = copyOf('live');
    const server = await TestServer.start({ dataDir });
    const live = new PushLoad('live');
    let over = false;
    const running = live.run(server, 8, () => over);
    for (const copy of ['first', 'second'].map((name) => join(scratch, `copy-${name}`))) {
      await until('more pushes', 30, async () => live.acknowledged.size % 40 > 20);
      const before = new Set(live.acknowledged);
      // As docs/operations.md says: links first, which takes a moment, then the bytes.
      const { stderr } = spawnSync('cp', ['-al', dataDir, `${copy}-links`], { encoding: 'utf8' });
      // Inserts and merges that are under way have other names when they are done.
      expect(stderr.split('\n').filter((line) => line && !line.includes('/tmp_'))).toEqual([]);
      execFileSync('cp', ['-a', `${copy}-links`, copy]);
      rmSync(`${copy}-links`, { recursive: true });
      const restored = await TestServer.start({ dataDir: copy });
      const { lost, wrong } = await live.differences(restored);
      expect([lost.filter((id) => before.has(id)), wrong]).toEqual([[], []]);
      expect(await load.differences(restored, RANGE)).toEqual({ lost: [], wrong: [] });
      expect(restored.log).not.toContain('damaged');
      await restored.end();
    }
    over = true;
    await running;
    await server.end();
  });
});
