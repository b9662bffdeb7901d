/** In [0, 1): from the operating system, because the program may have replaced or seeded `Math.random`. */
import { randomBytes } from 'node:crypto';

export function fraction(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}

/** `mean` ± 20 %, so that agents, windows and the program's own rhythm do not fall into step. */
export function spread(mean: number): number {
  return mean * (0.8 + 0.4 * fraction());
}
