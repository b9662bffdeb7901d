import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, until } from './child.mjs';
import { parseObject, timed } from './subject.mjs';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const PORT = 4940;
/** Boxes that Pyroscope's own page asks for. */
const MAX_NODES = 8192;
/** Points of a timeline, as Everflame gives them. */
const POINTS = 300;

/** The binary of Grafana Pyroscope: what PYROSCOPE names, else what the PATH has. @returns {string | undefined} */
export function findPyroscope() {
  const named = process.env.PYROSCOPE;
  if (named !== undefined) {
    if (named !== '' && !existsSync(named)) throw new Error(`PYROSCOPE: there is no ${named}`);
    return named || undefined;
  }
  try {
    return execFileSync('sh', ['-c', 'command -v pyroscope'], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * A single process with the second storage, its limits on rates, ages and ranges lifted.
 *
 * @param {string} binary
 * @param {string} dataDir
 * @returns {Promise<import('./subject.mjs').Subject>}
 */
export async function startPyroscope(binary, dataDir) {
  mkdirSync(dataDir, { recursive: true });
  const url = `http://127.0.0.1:${PORT}`;
  const here = [
    'server.http-listen-address',
    'server.grpc-listen-address',
    'memberlist.bind-addr',
    'memberlist.advertise-addr',
    'segment-writer.lifecycler.addr',
    'distributor.ring.instance-addr',
    'overrides-exporter.ring.instance-addr',
    'query-frontend.instance-addr',
  ].map((flag) => `-${flag}=127.0.0.1`);
  const started = performance.now();
  const child = startChild(binary, [
    '-target=all',
    '-architecture.storage=v2',
    '-storage.backend=filesystem',
    `-storage.filesystem.dir=${join(dataDir, 'shared')}`,
    `-metastore.data-dir=${join(dataDir, 'ms/data')}`,
    `-metastore.raft.dir=${join(dataDir, 'ms/raft')}`,
    `-metastore.raft.snapshots-dir=${join(dataDir, 'ms/raft')}`,
    `-compaction-worker.temp-dir=${dataDir}`,
    `-server.http-listen-port=${PORT}`,
    ...here,
    '-self-profiling.disable-push',
    '-usage-stats.enabled=false',
    '-distributor.ingestion-rate-limit-mb=1024',
    '-distributor.ingestion-burst-size-mb=1024',
    '-validation.reject-older-than=0',
    '-validation.max-sessions-per-series=0',
    '-querier.max-query-length=0',
    '-querier.max-query-lookback=0',
  ]);
  await until('pyroscope is ready', 240, async () => {
    if (child.ended()) throw new Error(`pyroscope ended:\n${child.log()}`);
    const answer = await timed(`${url}/ready`).catch(() => undefined);
    return answer?.refusal === '' || undefined;
  });
  return {
    target: 'pyroscope',
    name: 'Pyroscope',
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
  const matchers = [
    ...(service === undefined ? [] : [`service_name="${service}"`]),
    ...(instance === undefined ? [] : [`instance="${instance}"`]),
  ];
  const common = {
    profileTypeID: CPU,
    labelSelector: `{${matchers.join(',')}}`,
    start: from * 1000,
    end: end * 1000,
  };
  const [method, body] =
    kind === 'tree'
      ? ['SelectMergeStacktraces', { ...common, maxNodes: MAX_NODES }]
      : ['SelectSeries', { ...common, groupBy: by === undefined ? [] : [by], step: stepOf(end - from) }];
  const { text, ...answer } = await timed(`${url}/querier.v1.QuerierService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (answer.refusal !== '') return { ...answer, total: 0, tables: [] };
  const { flamegraph } = parseObject(text);
  const total =
    typeof flamegraph === 'object' && flamegraph !== null && 'total' in flamegraph
      ? Number(flamegraph.total)
      : 0;
  return { ...answer, total, tables: [] };
}

/** @param {number} seconds */
function stepOf(seconds) {
  return Math.max(15, Math.round(seconds / POINTS));
}
