import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Staging } from './staging.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'everflame-staging-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

it('writes the parts of a block one after another, where nobody else can read them', async () => {
  const staging = new Staging(dataDir);
  const file = await staging.write('native', [bytes(1, 2), bytes(), bytes(3)]);
  expect([...readFileSync(file)]).toEqual([1, 2, 3]);
  expect(await staging.write('native', [])).not.toBe(file);
  staging.close();
  expect(existsSync(dirname(file))).toBe(false);
});

it('clears away what a process that was killed left there, and nothing else', async () => {
  const killed = new Staging(dataDir);
  const left = await killed.write('native', [bytes(1)]);
  const neighbour = mkdtempSync(join(tmpdir(), 'everflame-staging-'));
  const running = new Staging(neighbour);
  const kept = await running.write('native', [bytes(2)]);
  const staging = new Staging(dataDir);
  expect([existsSync(left), existsSync(kept)]).toEqual([false, true]);
  staging.close();
  running.close();
  rmSync(neighbour, { recursive: true });
});

it.runIf(existsSync('/dev/shm'))('does not use a directory in memory that others may write to', async () => {
  const first = new Staging(dataDir);
  const inMemory = dirname(await first.write('native', []));
  first.close();
  mkdirSync(inMemory, { mode: 0o777 });
  // What mkdir was asked for is less what the umask takes.
  chmodSync(inMemory, 0o777);
  const staging = new Staging(dataDir);
  expect(dirname(await staging.write('native', []))).toBe(join(dataDir, 'staging'));
  expect(readdirSync(inMemory)).toEqual([]);
  staging.close();
  rmSync(inMemory, { recursive: true });
});
