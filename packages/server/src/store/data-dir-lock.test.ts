import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataDir } from './data-dir-lock.ts';

let dir: string;
let other: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'everflame-lock-'));
});
afterEach(async () => {
  if (other && other.exitCode === null && other.signalCode === null) {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
});

const lock = (): string => join(dir, 'everflame.lock');
const inUse = expect.objectContaining({ code: 'data_dir_in_use' });

/** Somebody else's lock as it would be written: with the time when its process started. */
async function lockOfOther(change: (text: string) => string = (text) => text): Promise<number> {
  other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  if (other.stdout) await once(other.stdout, 'data');
  const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8').split(' ');
  const { dev, ino } = statSync(dir);
  writeFileSync(lock(), change(`${other.pid} ${stat[21]} ${dev}:${ino}\n`));
  return other.pid ?? 0;
}

it('is held until it is given back', () => {
  const giveBack = lockDataDir(dir);
  expect(() => lockDataDir(dir)).toThrow(inUse);
  giveBack();
  lockDataDir(dir)();
  expect(readdirSync(dir)).toEqual([]);
});

it('names the process that holds it, until that was killed', async () => {
  const pid = await lockOfOther();
  expect(() => lockDataDir(dir)).toThrow(new RegExp(`process ${pid}\\)`));
  other?.kill('SIGKILL');
  if (other) await once(other, 'exit');
  lockDataDir(dir)();
});

it('does not take a process that has the number of a dead one for it', async () => {
  await lockOfOther((text) => text.replace(/ \d+/, ' 1'));
  lockDataDir(dir)();
});

it('is held by nobody where a directory was copied with its lock', async () => {
  await lockOfOther((text) => text.replace(/:\d+/, ':1'));
  lockDataDir(dir)();
});

it.each(['', 'nonsense', '99999999 5\n'])('takes over a lock that says %j', (text) => {
  writeFileSync(lock(), text);
  const giveBack = lockDataDir(dir);
  expect(readFileSync(lock(), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+ \\d+:\\d+\\n$`));
  giveBack();
});
