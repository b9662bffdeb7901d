import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, until } from './child.mjs';
import { parseObject, timed } from './subject.mjs';

/** The repository whose server is measured: another one's with EVERFLAME_ROOT, to compare two states of the code. */
export const EVERFLAME_ROOT = process.env.EVERFLAME_ROOT ?? join(import.meta.dirname, '../..');

/**
 * Profiles themselves are kept so long in benchmarks that push a month at once. What is older than profiles are kept
 * is refused, and the default is a week; a real server has got its month day by day.
 */
export const BENCH_PROFILE_RETENTION = '40d';

const CONFIG = `retention:
  profiles: ${BENCH_PROFILE_RETENTION}
  five_minutes: ${BENCH_PROFILE_RETENTION}
`;

/**
 * @param {string} dataDir kept over a restart
 * @returns {Promise<import('./subject.mjs').Subject>}
 */
export async function startEverflame(dataDir) {
  mkdirSync(dataDir, { recursive: true });
  const config = join(dataDir, 'bench.yaml');
  writeFileSync(config, CONFIG);
  const started = performance.now();
  const child = startChild(process.execPath, [
    ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean),
    ...(process.env.BENCH_CPU_PROFILE
      ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_CPU_PROFILE}`]
      : []),
    join(EVERFLAME_ROOT, 'packages/server/bin/everflame.cjs'),
    ...['serve', '--listen', '127.0.0.1:0', '--data', dataDir, '--config', config, '--no-self-profile'],
  ]);
  const url = await until('everflame says where it listens', 120, async () => {
    if (child.ended()) throw new Error(`everflame ended:\n${child.log()}`);
    return /Page\s+(http:\S+)/.exec(child.log())?.[1];
  });
  await until('everflame is ready', 60, async () => {
    const answer = await timed(`${url}/readyz`);
    if (answer.refusal.startsWith('404')) return (await timed(`${url}/healthz`)).refusal === '' || undefined;
    return answer.refusal === '' || undefined;
  });
  return {
    target: 'everflame',
    name: 'Everflame',
    url,
    pid: child.pid,
    dataDir,
    startSeconds: (performance.now() - started) / 1000,
    ask: (question) => ask(url, question),
    stop: (signal) => child.end(signal),
    log: child.log,
  };
}

/** @param {string} url @param {import('./subject.mjs').Question} question @returns {Promise<import('./subject.mjs').Answer>} */
async function ask(url, { kind, service, instance, from, until: end, by }) {
  const labels = instance === undefined ? '' : `{instance="${instance}"}`;
  const params = new URLSearchParams({
    query: `${service ?? ''}${labels}`,
    from: String(from),
    until: String(end),
  });
  if (by !== undefined) params.set('by', by);
  const path = kind === 'tree' ? 'flamegraph' : 'timeline';
  const { text, ...answer } = await timed(`${url}/api/v1/${path}?${params}`);
  if (answer.refusal !== '') return { ...answer, total: 0, tables: [] };
  const { total, tables } = parseObject(text);
  return {
    ...answer,
    total: typeof total === 'number' ? total : 0,
    tables: Array.isArray(tables) ? tables.map(String) : [],
  };
}
