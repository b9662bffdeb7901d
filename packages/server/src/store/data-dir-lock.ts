import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './store-error.ts';

/**
 * Claims a data directory for this process: the engine would let a second one in, and the two would spoil each
 * other's parts. The lock of a process that died is taken over.
 *
 * @returns gives the directory back
 * @throws StoreError `data_dir_in_use`
 */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'everflame.lock');
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = openSync(file, 'wx', 0o600);
      writeSync(handle, lockText(process.pid));
      closeSync(handle);
      return () => {
        try {
          unlinkSync(file);
        } catch {
          // Somebody cleaned up before us: the directory is free either way.
        }
      };
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
    const holder = readLock(file);
    if (attempt > 2 || (holder !== undefined && isRunning(holder))) {
      throw new StoreError(
        'data_dir_in_use',
        `${dataDir} is in use by another Everflame (process ${holder?.pid ?? 'unknown'}). ` +
          'Stop that one, or give this one a directory of its own with --data.',
      );
    }
    try {
      unlinkSync(file);
    } catch {
      // Another process that starts at the same moment took it away: the next attempt decides.
    }
  }
}

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, '' where the system does not say. */
  readonly started: string;
}

/** A pid alone is not enough: after a reboot, or in a container, somebody else may have it. */
function lockText(pid: number): string {
  return `${pid} ${startTime(pid)}\n`;
}

function readLock(file: string): Holder | undefined {
  try {
    const [pid, started = ''] = readFileSync(file, 'utf8').trim().split(' ');
    return /^\d+$/.test(pid) ? { pid: Number(pid), started } : undefined;
  } catch {
    return undefined;
  }
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
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
