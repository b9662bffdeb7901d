import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inEngine } from './support/engine.ts';
import { PushLoad } from './support/push-load.ts';
import { TestServer, until } from './support/server.ts';

const ROUNDS = process.env.EVERFLAME_TEST_LONG ? 100 : 5;
const SENDERS = 8;
/** Instead of a minute, so that buckets are summed up, and again, while servers come and go. */
const SETTLE_S = 2;
const HOUR_MS = 3_600_000;
/** Windows that come in late, into hours that closed long ago. */
const HOURS = 4;

it(`has every acknowledged push once after ${ROUNDS} × kill -9 under load, and right sums of them`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'everflame-crash-'));
  const config = join(scratch, 'crash.yaml');
  writeFileSync(config, `rollups: {settle_seconds: ${SETTLE_S}}\n`);
  const options = { dataDir: join(scratch, 'data'), args: ['--config', config] };
  const fresh = new PushLoad('fresh');
  let round = 0;
  // An hour that is left alone for some rounds is summed up; then more comes into it.
  const late = new PushLoad('late', {
    start: () => Date.now() - (2 + (round % HOURS) + Math.random()) * HOUR_MS,
  });
  const loads = [fresh, late];

  let server = await TestServer.start(options);
  for (; round < ROUNDS; round++) {
    let killed = false;
    const running = loads.map((load) => load.run(server, SENDERS, () => killed));
    const before = loads.map((load) => load.acknowledged.size);
    await until('some pushes of each kind', 30, async () =>
      loads.every((load, i) => load.acknowledged.size > before[i] + 10),
    );
    await sleep(Math.random() * 1000);
    const ended = server.end('SIGKILL');
    killed = true;
    await Promise.all([ended, ...running]);
    server = await TestServer.start(options);
  }

  // What was not acknowledged is sent again, as an agent would: it may have been stored all the same.
  for (const load of loads) {
    expect(await load.sendAgain(server)).toEqual([]);
    expect(load.acknowledged.size).toBe(load.sent.length);
  }
  for (const load of loads) expect(await differences(server, load)).toEqual({ lost: [], wrong: [] });

  // Sums are looked after at each start (and every 30 s): five minutes at the first, hours once those have settled.
  for (const table of ['profiles_5m', 'profiles_1h']) {
    await server.end('SIGKILL');
    await sleep(SETTLE_S * 1000 + 500);
    server = await TestServer.start(options);
    const { from, until: end } = range();
    await until(`answers from ${table}`, 20, async () => {
      const answer = await server.json(`/api/v1/flamegraph?query=late&from=${from}&until=${end}`);
      return answer.tables.includes(table);
    });
    expect(await differences(server, late)).toEqual({ lost: [], wrong: [] });
  }
  await server.end();
  for (const [table, seconds] of [
    ['profiles_5m', 300],
    ['profiles_1h', 3600],
  ] as const) {
    const [{ buckets, wrong }] = compareWithBase(options.dataDir, table, seconds);
    expect({ table, wrong }).toEqual({ table, wrong: 0 });
    expect(buckets).toBeGreaterThan(HOURS - 1);
  }
  rmSync(scratch, { recursive: true });
});

function range(): { from: number; until: number } {
  return { from: Date.now() - (HOURS + 4) * HOUR_MS, until: Date.now() };
}

function differences(server: TestServer, load: PushLoad) {
  const { from, until: end } = range();
  return load.differences(server, `from=${from}&until=${end}`);
}

/** What a rollup says of its buckets, and the profiles beneath: computed here by other statements than the server's. */
function compareWithBase(
  dataDir: string,
  table: string,
  seconds: number,
): { buckets: number; wrong: number }[] {
  return inEngine(
    dataDir,
    `SELECT toUInt32(count()) AS buckets, toUInt32(countIf(NOT (rolled = base))) AS wrong FROM (
      SELECT toUnixTimestamp(ts) AS bucket, arraySort(arrayZip(
        (sumMap(stacks, values) AS sums).1, sums.2)) AS rolled
      FROM everflame.${table} FINAL WHERE service = 'late' GROUP BY bucket
    ) AS of_rollup LEFT JOIN (
      SELECT toUInt32(intDiv(toUnixTimestamp(ts), ${seconds}) * ${seconds}) AS bucket, arraySort(groupArray((stack, amount))) AS base
      FROM (
        SELECT ts_bucket AS ts, stack, sum(value) AS amount FROM (
          SELECT toDateTime(intDiv(toUnixTimestamp(ts), ${seconds}) * ${seconds}, 'UTC') AS ts_bucket, stack, value
          FROM everflame.profiles FINAL ARRAY JOIN stacks AS stack, values AS value WHERE service = 'late'
        ) GROUP BY ts, stack
      ) GROUP BY bucket
    ) AS of_base USING (bucket)`,
  );
}
