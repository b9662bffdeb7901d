import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileShim } from '../compile-shim.ts';

const SHIM = join(import.meta.dirname, 'shim.c');

/**
 * Loss of power without a machine to switch off. A program runs with shim.c preloaded, which keeps what is synced;
 * once it was killed, the directory is built anew as a disk may have kept it.
 *
 * Preloading was chosen because it needs no rights and no packages but a compiler: the engine calls fsync and fdatasync
 * of the C library (nm -D libchdb.so; strace shows no io_uring, O_SYNC or msync). A FUSE layer needs /dev/fuse, which
 * containers lack, and strace needs the right to trace; a trace of writes would have to be replayed in their order,
 * where what counts is only what was synced.
 */
export class PowerLoss implements Disposable {
  readonly dataDir: string;
  readonly #scratch = mkdtempSync(join(tmpdir(), 'everflame-power-'));
  readonly #shadow = join(this.#scratch, 'shadow');
  readonly #library = join(this.#scratch, 'shim.so');
  readonly #deaf: boolean;
  #built = 0;

  /** @param deaf syncing the directory of a table has no effect: for showing that it is needed */
  constructor({ dataDir, deaf = false }: { readonly dataDir?: string; readonly deaf?: boolean } = {}) {
    this.dataDir = dataDir ?? join(this.#scratch, 'data');
    this.#deaf = deaf;
    for (const dir of [this.dataDir, join(this.#shadow, 'dirs'), join(this.#shadow, 'files')]) {
      mkdirSync(dir, { recursive: true });
    }
    compileShim(SHIM, this.#library);
  }

  /** For the program whose writes count. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      POWER_LOSS_DIR: this.dataDir,
      POWER_LOSS_SHADOW: this.#shadow,
      ...(this.#deaf && { POWER_LOSS_DEAF: '1' }),
    };
  }

  /**
   * What was promised, and no more: contents as last synced of the files that were, in directories as last synced.
   * What a disk keeps lies between this and everything.
   */
  promised(): string {
    const target = this.#target();
    this.#restore(keyOf(this.dataDir), target);
    return target;
  }

  /**
   * What a journaling file system tends to leave: every name there, and of files that were not synced nothing, the
   * first part, or all.
   */
  journaled(random: () => number = Math.random): string {
    const target = this.#target();
    const copy = (from: string, to: string) => {
      mkdirSync(to);
      for (const entry of readdirSync(from, { withFileTypes: true })) {
        const [source, copied] = [join(from, entry.name), join(to, entry.name)];
        if (entry.isDirectory()) copy(source, copied);
        else if (entry.isSymbolicLink())
          symlinkSync(readlinkSync(source).replace(this.dataDir, target), copied);
        else this.#copyFile(keyOf(source), copied, () => cutShort(source, copied, random()));
      }
    };
    copy(this.dataDir, target);
    return target;
  }

  [Symbol.dispose](): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #target(): string {
    return join(this.#scratch, `after-${this.#built++}`);
  }

  #restore(key: string, target: string): void {
    mkdirSync(target);
    const list = join(this.#shadow, 'dirs', key);
    if (!existsSync(list)) return;
    for (const line of readFileSync(list, 'utf8').split('\n').filter(Boolean)) {
      const [type, what, name] = line.split('\t');
      const path = join(target, name);
      if (type === 'd') this.#restore(what, path);
      else if (type === 'l') symlinkSync(what.replace(this.dataDir, target), path);
      else this.#copyFile(what, path, () => writeFileSync(path, ''));
    }
  }

  #copyFile(key: string, target: string, otherwise: () => void): void {
    const synced = join(this.#shadow, 'files', key);
    if (existsSync(synced)) copyFileSync(synced, target);
    else otherwise();
  }
}

/** As shim.c names what it keeps. */
function keyOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${birthtimeNs}`;
}

function cutShort(source: string, target: string, chance: number): void {
  copyFileSync(source, target);
  if (chance < 1 / 3) truncateSync(target, 0);
  else if (chance < 2 / 3) truncateSync(target, Math.floor(statSync(source).size / 2));
}
