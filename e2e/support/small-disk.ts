import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(16 << 10, 1);

/** A disk of a few megabytes (tmpfs) that can be filled up, and freed again. Mounting one needs root. */
export class SmallDisk implements Disposable {
  /** On the disk, made. */
  readonly dataDir: string;
  readonly #mount = mkdtempSync(join(tmpdir(), 'everflame-disk-'));
  readonly #ballast = join(this.#mount, 'ballast');

  constructor(megabytes: number) {
    const { status, stderr } = run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.#mount);
    if (status !== 0) {
      rmSync(this.#mount, { recursive: true });
      throw new Error(`a small disk could not be mounted: ${stderr}`);
    }
    this.dataDir = join(this.#mount, 'data');
    mkdirSync(this.dataDir);
  }

  /** Whether this user may mount one. On CI that is expected, or these tests would go missing without a word. */
  static get isPossible(): boolean {
    if (process.env.CI) return true;
    try {
      new SmallDisk(1)[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  }

  /** Bytes. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.#mount);
    return bavail * bsize;
  }

  /** Until no more than this is free, bytes. */
  fill(leave = 0): void {
    while (this.free > leave) {
      try {
        appendFileSync(this.#ballast, BLOCK.subarray(0, Math.min(BLOCK.length, this.free - leave)));
      } catch {
        // Somebody else wrote meanwhile: full is what was wanted.
        return;
      }
    }
  }

  clear(): void {
    rmSync(this.#ballast, { force: true });
  }

  [Symbol.dispose](): void {
    run('umount', '--lazy', this.#mount);
    rmSync(this.#mount, { recursive: true, force: true });
  }
}

function run(command: string, ...args: string[]) {
  return spawnSync(command, args, { encoding: 'utf8' });
}
