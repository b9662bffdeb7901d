import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PushLoad } from './support/push-load.ts';
import { TestServer, until } from './support/server.ts';
import { SmallDisk } from './support/small-disk.ts';

const POSSIBLE = SmallDisk.isPossible;
let scratch: string;
let toTheLastByte: readonly string[];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'everflame-disk-config-'));
  const config = join(scratch, 'no-reserve.yaml');
  writeFileSync(config, 'limits: {disk_reserve_bytes: 0}\n');
  toTheLastByte = ['--config', config];
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.runIf(POSSIBLE)(
  'keeps a reserve: refuses pushes, answers questions, and goes on when there is room',
  async () => {
    using disk = new SmallDisk(24);
    const server = await TestServer.start({ dataDir: disk.dataDir });
    const load = new PushLoad('reserve');
    let sent = 0;
    await load.run(server, 4, () => sent++ >= 40);
    expect(load.acknowledged.size).toBe(40);

    // One per cent of 24 MB is 252 kB.
    disk.fill(200_000);
    await until('the disk counts as full', 5, async () => {
      const answer = await server.push('name=reserve-full&from=now-10s', 'main 1');
      const { error } = await answer.json();
      if (answer.status === 200) return false;
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(error.code).toBe('disk_full');
      expect(error.message).toContain('Free some space or shorten the retention.');
      // The disk is asked once a second: until then it is the engine that refuses, which wants a megabyte free.
      return /0\.2 MB are free on the disk of .*, and 0\.3 MB stay so/.test(error.message);
    });
    expect(await load.differences(server)).toEqual({ lost: [], wrong: [] });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    // Said once, however many pushes there were.
    expect(server.log.match(/pushes are refused/g)).toHaveLength(1);

    disk.clear();
    await until('pushes are taken', 5, () => load.send(server, { id: 40, from: Date.now() }));
    expect(server.log).toContain('there is room on the disk again');
    await server.end();
  },
);

it.runIf(POSSIBLE)(
  'loses nothing when the disk becomes full under load, nor when it starts on a full one',
  {
    timeout: 120_000,
  },
  async () => {
    using disk = new SmallDisk(64);
    const options = { dataDir: disk.dataDir, args: toTheLastByte };
    const load = new PushLoad('full', { padding: 40 });
    let server = await TestServer.start(options);
    let over = false;
    const running = load.run(server, 8, () => over);
    await until('some pushes', 30, async () => load.acknowledged.size > 40);
    // Step by step, so that inserts and merges meet the end wherever they are.
    for (let left = disk.free; left > 0; left -= 2 << 20) {
      disk.fill(left);
      await new Promise((wait) => setTimeout(wait, 30));
    }
    disk.fill();
    await until('refusals', 10, async () => (load.refused.get('503 disk_full') ?? 0) > 20);
    disk.clear();
    const before = load.acknowledged.size;
    await until('pushes after there is room', 15, async () => load.acknowledged.size > before + 10);
    expect([...load.refused.keys()]).toEqual(['503 disk_full']);

    disk.fill();
    await server.end('SIGKILL');
    over = true;
    await running;
    disk.fill();
    server = await TestServer.start(options);
    expect(await load.differences(server)).toEqual({ lost: [], wrong: [] });
    expect(await load.send(server, { id: load.sent.length, from: Date.now() })).toBe(false);
    disk.clear();
    await until('a push', 10, () => load.send(server, load.sent[0]));
    expect(await load.sendAgain(server)).toEqual([]);
    expect(await load.differences(server)).toEqual({ lost: [], wrong: [] });
    await server.end();
  },
);
