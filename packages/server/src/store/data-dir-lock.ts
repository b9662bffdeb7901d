import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './store-error.ts';

/**
 * Claims a data directory for this process: the lock says who has it, and that of a process that died is taken over.
 *
 * The engine beneath holds a lock of the kernel's (flock on engine/status) for as long as its process lives. That one
 * cannot be got round, whatever happens here: two that start at the same moment, or containers that do not see each
 * other's processes. This one is for saying clearly who is in the way, before anything is touched.
 *
 * @returns gives the directory back
 * @throws StoreError `data_dir_in_use`
 */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'everflame.lock');
  for (let attempt = 0; ; attempt++) {
    if (claim(file, dataDir)) return () => removeIfThere(file);
    const holder = readLock(file);
    if (attempt > 2 || (holder !== undefined && holder.of === identityOf(dataDir) && isRunning(holder)))
      throw inUse(dataDir, holder?.pid);
    takeAway(file, holder);
  }
}

/** Why the engine did not open. It writes the reason to stderr and tells us nothing. */
export function whyNotOpened(engine: string, cause: unknown): StoreError {
  const holder = flockHolder(join(engine, 'status'));
  if (holder !== undefined) return inUse(engine, holder);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(
    'engine_failed',
    `${engine} could not be opened; the engine's own words stand in the lines above (${message}). Nothing was changed ` +
      'or deleted. docs/operations.md ("When the data cannot be read") says what can be done.',
    { cause },
  );
}

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, '' where the system does not say. */
  readonly started: string;
  /** The data directory that it holds: a copy of the directory, lock and all, is held by nobody. */
  readonly of: string;
}

function inUse(dir: string, pid: number | undefined): StoreError {
  const who = pid === undefined || pid <= 0 ? 'unknown, in another container perhaps' : String(pid);
  return new StoreError(
    'data_dir_in_use',
    `${dir} is in use by another Everflame (process ${who}). ` +
      'Stop that one, or give this one a directory of its own with --data.',
  );
}

/** The lock appears with what it says in it, or not at all. */
function claim(file: string, dataDir: string): boolean {
  const mine = `${file}.${process.pid}`;
  try {
    try {
      writeFileSync(mine, lockText(process.pid, dataDir), { mode: 0o600 });
    } catch (error) {
      // On a full disk there is an empty file: the engine's own lock must do.
      if (codeOf(error) !== 'ENOSPC') throw error;
    }
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    removeIfThere(mine);
  }
}

/** Only the lock that was looked at: another process may have put its own there since. */
function takeAway(file: string, stale: Holder | undefined): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    // Another process that starts at the same moment took it away: the next attempt decides.
    return;
  }
  const taken = readLock(aside);
  if (taken && JSON.stringify(taken) !== JSON.stringify(stale)) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one has claimed it meanwhile; the engine lets one of them in.
    }
  }
  removeIfThere(aside);
}

/** A pid alone is not enough: after a reboot, or in a container, somebody else may have it. */
function lockText(pid: number, dataDir: string): string {
  return `${pid} ${startTime(pid) || '-'} ${identityOf(dataDir)}\n`;
}

function identityOf(dataDir: string): string {
  const { dev, ino } = statSync(dataDir);
  return `${dev}:${ino}`;
}

function readLock(file: string): Holder | undefined {
  try {
    const [pid, started = '-', of = ''] = readFileSync(file, 'utf8').trim().split(' ');
    return /^\d+$/.test(pid) ? { pid: Number(pid), started: started === '-' ? '' : started, of } : undefined;
  } catch {
    return undefined;
  }
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  // Without start times (macOS) our own pid can only be a dead process's: this one is just claiming the directory.
  return started === '' ? pid !== process.pid : startTime(pid) === started;
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses, so count from its end. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Process that holds a lock on a file, 0 where it cannot be seen from here; undefined where nobody does. */
function flockHolder(file: string): number | undefined {
  try {
    const { ino } = statSync(file);
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((one) => /\bFLOCK\b/.test(one) && one.includes(`:${ino} `));
    const pid = Number(/WRITE\s+(-?\d+)/.exec(line ?? '')?.[1]);
    return line === undefined ? undefined : Math.max(0, pid || 0);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Somebody cleaned up before us: it is gone either way.
  }
}
