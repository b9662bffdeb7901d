import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Bytes that a directory takes on disk, all of it, in whole blocks as `du` counts them. Files with several names count
 * once; those that go away meanwhile do not count.
 *
 * @param {string} dir
 */
export function diskUsage(dir) {
  /** @type {Set<string>} */
  const seen = new Set();
  const visit = (/** @type {string} */ path) => {
    let bytes = 0;
    try {
      const stat = lstatSync(path);
      const identity = `${stat.dev}:${stat.ino}`;
      if (stat.nlink > 1 && !stat.isDirectory()) {
        if (seen.has(identity)) return 0;
        seen.add(identity);
      }
      bytes = stat.blocks * 512;
      if (stat.isDirectory()) for (const name of readdirSync(path)) bytes += visit(join(path, name));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    return bytes;
  };
  return visit(dir);
}
