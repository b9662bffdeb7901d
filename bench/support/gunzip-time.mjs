import { gunzipSync } from 'node:zlib';
import { median } from './report.mjs';

const ROUNDS = 7;
const BODIES = 200;

/**
 * CPU time that gunzip alone takes for a body, ms: what the work of a server is compared with, in the same run.
 *
 * @param {import('../load/bodies.mjs').Bodies} bodies
 */
export function gunzipMilliseconds(bodies) {
  const some = Array.from({ length: Math.min(BODIES, bodies.count) }, (_, i) => bodies.read(i));
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (const body of some) gunzipSync(body);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / some.length;
  });
  return median(rounds);
}
