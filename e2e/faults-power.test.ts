import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { HAS_COMPILER } from './support/compile-shim.ts';
import { inEngine } from './support/engine.ts';
import { PowerLoss } from './support/power-loss/power-loss.ts';
import { PushLoad } from './support/push-load.ts';
import { TestServer, until } from './support/server.ts';

const ROUNDS = process.env.EVERFLAME_TEST_LONG ? 20 : 1;
const TABLES = ['profiles', 'series', 'stacks', 'frames'];

/** A server under load whose power goes. */
async function underLoad(power: PowerLoss): Promise<PushLoad> {
  const load = new PushLoad('power');
  const server = await TestServer.start({ dataDir: power.dataDir, env: power.env });
  let gone = false;
  const running = load.run(server, 16, () => gone);
  await until('some pushes', 30, async () => load.acknowledged.size > 100);
  await sleep(Math.random() * 500);
  const ended = server.end('SIGKILL');
  gone = true;
  await Promise.all([ended, running]);
  return load;
}

async function differencesIn(dataDir: string, load: PushLoad) {
  const server = await TestServer.start({ dataDir });
  try {
    return await load.differences(server);
  } finally {
    await server.end('SIGKILL');
  }
}

it.runIf(HAS_COMPILER)(
  `has every acknowledged push once after ${ROUNDS} × loss of power under load`,
  {
    timeout: 60_000 + ROUNDS * 30_000,
  },
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      using power = new PowerLoss();
      const load = await underLoad(power);
      expect(await differencesIn(power.promised(), load)).toEqual({ lost: [], wrong: [] });
      const dataDir = power.journaled();
      const server = await TestServer.start({ dataDir });
      expect(await load.differences(server)).toEqual({ lost: [], wrong: [] });
      // What was not acknowledged may be there all the same, and counts once when it is sent again.
      expect(await load.sendAgain(server)).toEqual([]);
      expect(await load.differences(server)).toEqual({ lost: [], wrong: [] });
      await server.end('SIGKILL');
    }
  },
);

it.runIf(HAS_COMPILER)('would lose pushes if inserts were not synced', async () => {
  using power = new PowerLoss();
  const before = await TestServer.start({ dataDir: power.dataDir });
  await before.end();
  const off = 'MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0';
  inEngine(power.dataDir, ...TABLES.map((table) => `ALTER TABLE everflame.${table} ${off}`));
  const load = await underLoad(power);
  const { lost } = await differencesIn(power.journaled(), load);
  expect(lost.length).toBeGreaterThan(0);
});

it.runIf(HAS_COMPILER)('would lose pushes if the names of new parts were not synced', async () => {
  using power = new PowerLoss({ deaf: true });
  const load = await underLoad(power);
  const { lost } = await differencesIn(power.promised(), load);
  expect(lost.length).toBeGreaterThan(0);
});
