import { spawnSync } from 'node:child_process';

/** Whether shims can be compiled. On CI a compiler that is missing is a fault, not a reason to leave a test out. */
export const HAS_COMPILER = Boolean(process.env.CI) || spawnSync('cc', ['--version']).status === 0;

/** Compiles a library to be preloaded (LD_PRELOAD). */
export function compileShim(source: string, library: string): void {
  const args = ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'];
  const { status, stderr, error } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(
    `${source} needs a C compiler (apt-get install gcc libc6-dev): ${stderr || error?.message}`,
  );
}
