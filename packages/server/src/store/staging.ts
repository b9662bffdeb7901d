import { randomBytes } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull } from './disk-reserve.ts';

const MEMORY = '/dev/shm';

/**
 * Files by which blocks reach the engine: in memory where the system has that, in the data directory otherwise, and
 * where memory is short (containers are given 64 MB of it). Whoever holds the data directory holds its staging, and
 * clears away at the start what a process that was killed left there.
 */
export class Staging {
  /** Tried in this order. */
  readonly #dirs: readonly string[];

  constructor(dataDir: string) {
    const onDisk = join(dataDir, 'staging');
    const inMemory = memoryDir(dataDir);
    this.#dirs = inMemory === undefined ? [onDisk] : [inMemory, onDisk];
    for (const dir of this.#dirs) rmSync(dir, { recursive: true, force: true });
  }

  /** @returns the file's path. Whoever reads it takes it away. */
  async write(extension: string, parts: readonly Uint8Array[]): Promise<string> {
    for (const [i, dir] of this.#dirs.entries()) {
      const file = fileIn(dir, extension);
      try {
        const handle = await open(file, 'wx', 0o600);
        try {
          await handle.writev([...parts]);
        } finally {
          await handle.close();
        }
        return file;
      } catch (error) {
        await rm(file, { force: true });
        if (i === this.#dirs.length - 1 || !isDiskFull(error)) throw error;
      }
    }
    throw new Error('unreachable');
  }

  /** The same for a short text, before anything else runs. */
  writeSync(extension: string, text: string): string {
    for (const [i, dir] of this.#dirs.entries()) {
      const file = fileIn(dir, extension);
      try {
        writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
        return file;
      } catch (error) {
        rmSync(file, { force: true });
        if (i === this.#dirs.length - 1 || !isDiskFull(error)) throw error;
      }
    }
    throw new Error('unreachable');
  }

  /** Takes its directories away. */
  close(): void {
    for (const dir of this.#dirs) rmSync(dir, { recursive: true, force: true });
  }
}

function fileIn(dir: string, extension: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return join(dir, `${randomBytes(8).toString('hex')}.${extension}`);
}

/** Named after the data directory itself, however its path is written; undefined where it cannot be ours alone. */
function memoryDir(dataDir: string): string | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  try {
    accessSync(MEMORY, constants.W_OK);
  } catch {
    return undefined;
  }
  const { dev, ino } = statSync(dataDir);
  const dir = join(MEMORY, `everflame-${uid}-${dev}-${ino}`);
  try {
    mkdirSync(dir, { mode: 0o700 });
    return dir;
  } catch {
    // Left over by a process that was killed, or set up by somebody else, who could change what the engine reads.
  }
  const found = lstatSync(dir, { throwIfNoEntry: false });
  const isOurs = found?.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
  return isOurs ? dir : undefined;
}
