import { statfsSync } from 'node:fs';
import { StoreError } from './store-error.ts';

/** Of the disk's size, where nothing else is set. */
const SHARE = 0.01;
/** More is never kept free by default, bytes. */
const MOST = 200 << 20;
/** A disk is not asked more often, ms. */
const FRESH_MS = 1000;

export interface Disk {
  /** Bytes. */
  readonly size: number;
  /** Bytes that this process may still write. */
  readonly free: number;
}

export interface DiskReserveOptions {
  /** Bytes that stay free; undefined: one per cent of the disk, 200 MB at the most. */
  readonly reserve?: number | undefined;
  /** Hears when the disk becomes full, and with undefined when there is room again. */
  readonly onChange?: ((full: StoreError | undefined) => void) | undefined;
  readonly measure?: (dir: string) => Disk;
  /** Monotonic time in ms. */
  readonly now?: () => number;
}

/**
 * Keeps a little of the disk free: pushes are refused before it is quite full, because merging parts, deleting and
 * dropping what has expired need some room themselves. A disk filled to the last byte can only be helped from outside.
 */
export class DiskReserve {
  readonly #dir: string;
  readonly #reserve: number | undefined;
  readonly #measure: (dir: string) => Disk;
  readonly #now: () => number;
  readonly #onChange: ((full: StoreError | undefined) => void) | undefined;
  #isFull = false;
  #disk: Disk | undefined;
  #at = Number.NEGATIVE_INFINITY;

  constructor(
    dir: string,
    { reserve, onChange, measure = measureDisk, now = () => performance.now() }: DiskReserveOptions = {},
  ) {
    this.#dir = dir;
    this.#reserve = reserve;
    this.#onChange = onChange;
    this.#measure = measure;
    this.#now = now;
  }

  /** @throws StoreError `disk_full` where less is free than is to stay free */
  check(): void {
    const now = this.#now();
    if (!this.#disk || now - this.#at >= FRESH_MS) {
      this.#disk = this.#measure(this.#dir);
      this.#at = now;
    }
    const { size, free } = this.#disk;
    const reserve = this.#reserve ?? Math.min(MOST, size * SHARE);
    if (free < reserve) {
      throw this.full(
        `${megabytes(free)} are free on the disk of ${this.#dir}, and ${megabytes(reserve)} stay so`,
      );
    }
  }

  /** For what was noticed while writing. @returns what to throw */
  full(what: string, cause?: unknown): StoreError {
    const error = diskFull(what, cause);
    if (!this.#isFull) {
      this.#isFull = true;
      this.#onChange?.(error);
    }
    return error;
  }

  /** Something was written to the end. */
  stored(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#onChange?.(undefined);
  }
}

/** What the system or the engine says when there was no room after all. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // 243: NOT_ENOUGH_SPACE, asked for before an insert begins; the others come from the middle of one.
  if ('code' in error && (error.code === '243' || error.code === 'ENOSPC' || error.code === 'EDQUOT'))
    return true;
  return /No space left on device|Disk quota exceeded|not enough space/i.test(error.message);
}

export function diskFull(what: string, cause?: unknown): StoreError {
  return new StoreError(
    'disk_full',
    `The disk of the store is full: ${what.replace(/\.\s*$/, '')}. Free some space or shorten the retention.`,
    { cause },
  );
}

function measureDisk(dir: string): Disk {
  const { blocks, bavail, bsize } = statfsSync(dir);
  return { size: blocks * bsize, free: bavail * bsize };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
