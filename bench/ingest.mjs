/**
 * What it costs to take profiles in, over HTTP, stored, acknowledged:
 *
 *     npm run build && node bench/ingest.mjs [--full] [--help]
 *
 * A fresh server gets the profiles of a fleet: first some to warm up, then some at a rate below what it can take, then
 * the rest as fast as it takes them. What it says afterwards is compared with what was acknowledged.
 */
import { bodiesOf } from './load/bodies.mjs';
import { DEFAULT_LOAD, pushCount } from './load/fleet.mjs';
import { addTotals } from './load/tally.mjs';
import { outputOf, sleep } from './support/child.mjs';
import { diskUsage } from './support/disk.mjs';
import { generatePushes, prepareBodies } from './support/generator.mjs';
import { gunzipMilliseconds } from './support/gunzip-time.mjs';
import { benchOptions } from './support/options.mjs';
import { cpuSeconds, memory } from './support/process-stats.mjs';
import { printTable, round } from './support/report.mjs';
import { parseObject } from './support/subject.mjs';
import { eachSubject, say } from './support/subjects.mjs';
import { compareTotals, describeTotals } from './support/totals.mjs';

const options = benchOptions(
  'Cost of ingest: CPU, profiles a second, acknowledgement, memory, bytes on disk.',
  {
    services: { value: 10, full: 20, help: 'services, of 4 processes with a window of 15 s each' },
    span: { value: 1500, full: 3600, help: 'seconds of windows' },
    rate: { value: 50, help: 'profiles a second below saturation' },
    seconds: { value: 20, full: 60, help: 'how long at that rate' },
    connections: { value: 64, full: 400, help: 'connections at saturation' },
    settle: { value: 75, full: 300, help: 'seconds for merges and rollups before the size is taken' },
  },
);
const WARM_UP = 200;
const MINUTE = 60;

const untilSeconds = Math.floor(Date.now() / 1000 / MINUTE - 1) * MINUTE;
const hour = {
  firstService: 0,
  services: options.services,
  processes: 4,
  everySeconds: 15,
  spanSeconds: options.span,
  untilSeconds,
};
/** One more service, for a day: other windows, other partitions. */
const day = { ...hour, firstService: 90, services: 1, processes: 5, everySeconds: 60, spanSeconds: 86_400 };
/** @type {import('./load/fleet.mjs').Load} */
const load = { ...DEFAULT_LOAD, fleets: options.full ? [hour, day] : [hour] };
const range = { from: untilSeconds - 86_400, until: untilSeconds + MINUTE };
const atRate = Math.min(options.rate * options.seconds, pushCount(hour) - WARM_UP);

prepareBodies(load);
const bodies = bodiesOf(load);
const rawKilobytes = bodies.rawBytes / bodies.count / 1000;
const packedKilobytes = bodies.sizes.reduce((sum, size) => sum + size, 0) / bodies.count / 1000;

const results = await eachSubject(options, measure);

/** @param {import('./support/subjects.mjs').Candidate} candidate */
async function measure({ name, start }) {
  say(`${name}: starting`);
  const subject = await start();
  const { pid, dataDir, target, url } = subject;
  const emptyBytes = diskUsage(dataDir);
  /** @type {Record<string, number>} */
  const totals = {};
  const push = async (
    /** @type {number} */ skip,
    /** @type {number} */ count,
    /** @type {number} */ rate,
  ) => {
    const connections = options.connections;
    const before = cpuSeconds(pid);
    const result = await generatePushes({ url, target, load, skip, count, rate, connections });
    addTotals(totals, result);
    return { ...result, serverCpuSeconds: cpuSeconds(pid) - before };
  };
  const startCpu = cpuSeconds(pid);
  const warm = await push(0, WARM_UP, 0);
  say(`${name}: ${options.rate} profiles/s`);
  const below = await push(WARM_UP, atRate, options.rate);
  say(`${name}: as fast as it goes`);
  const gunzip = [gunzipMilliseconds(bodies)];
  const full = await push(WARM_UP + atRate, bodies.count, 0);
  gunzip.push(gunzipMilliseconds(bodies));
  const acknowledged = warm.acknowledged + below.acknowledged + full.acknowledged;
  const atOnce = await compareTotals(subject, totals, range);
  if (!atOnce.exact) say(`${name}: ${atOnce.wrong.slice(0, 3).join('; ')}`);

  say(`${name}: ${options.settle} s for merges and rollups`);
  await sleep(options.settle);
  const settled = await compareTotals(subject, totals, range);
  const upkeepCpu = cpuSeconds(pid) - startCpu;
  const { peak } = memory(pid);
  await subject.stop();
  const asLeft = diskUsage(dataDir) - emptyBytes;
  const merged = target === 'everflame' ? await mergedSize(dataDir) : undefined;
  const gunzipMs = (gunzip[0] + gunzip[1]) / 2;
  const cpuMs = (full.serverCpuSeconds / full.acknowledged) * 1000;
  return {
    cpuMs,
    gunzipMs,
    timesGunzip: cpuMs / gunzipMs,
    upkeepCpuMs: (upkeepCpu / acknowledged) * 1000,
    perSecond: full.acknowledged / full.seconds,
    coresBusy: full.serverCpuSeconds / full.seconds,
    generatorCpuMs: (full.generatorCpuSeconds / full.acknowledged) * 1000,
    below: below.acknowledgedAfter,
    belowCpuMs: (below.serverCpuSeconds / below.acknowledged) * 1000,
    saturated: full.acknowledgedAfter,
    refusals: full.refusals,
    failed: warm.failed + below.failed + full.failed,
    firstFailure: full.firstFailure,
    peakMemory: peak,
    bytesPerPairAsLeft: asLeft / bodies.pairs,
    ...(merged && {
      bytesPerPair: merged.bytes / bodies.pairs,
      pairsMissing: bodies.pairs - merged.pairs,
      tables: merged.tables,
    }),
    totals: describeTotals(atOnce),
    totalsSettled: describeTotals(settled),
  };
}

/** @param {string} dataDir */
async function mergedSize(dataDir) {
  const script = new URL('./support/merged-size.mjs', import.meta.url).pathname;
  const { tables, pairs } = parseObject(await outputOf(process.execPath, [script, dataDir]));
  if (typeof tables !== 'object' || tables === null) throw new Error('merged-size gave no tables');
  /** @type {Record<string, { bytes: number, rows: number }>} */
  const sizes = Object.fromEntries(Object.entries(tables));
  return {
    tables: sizes,
    bytes: Object.values(sizes).reduce((sum, { bytes }) => sum + bytes, 0),
    pairs: Number(pairs),
  };
}

/** @typedef {Awaited<ReturnType<typeof measure>>} Result */

/** @param {(result: Result) => number | string | undefined} of */
function values(of) {
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, of(result) ?? '–']));
}

if (options.json) {
  console.log(
    JSON.stringify({ options, profiles: bodies.count, pairs: bodies.pairs, rawKilobytes, results }),
  );
} else {
  const title =
    `${bodies.count} pprof of ${round(rawKilobytes, 0)} KB (${round(packedKilobytes, 0)} KB gzip, ` +
    `${Math.round(bodies.pairs / bodies.count)} stacks), ${options.connections} connections`;
  const less = /** @type {const} */ ('less');
  const more = /** @type {const} */ ('more');
  printTable(title, [
    { what: 'CPU per profile, ms', values: values((r) => r.cpuMs), better: less, digits: 2 },
    { what: 'gunzip alone, ms', values: values((r) => r.gunzipMs), digits: 2 },
    { what: 'CPU per profile ÷ gunzip', values: values((r) => r.timesGunzip), better: less },
    {
      what: 'CPU per profile with merges and rollups, ms',
      values: values((r) => r.upkeepCpuMs),
      better: less,
      digits: 2,
    },
    { what: 'profiles/s', values: values((r) => r.perSecond), better: more, digits: 0 },
    { what: 'cores busy', values: values((r) => r.coresBusy), digits: 2 },
    { what: 'CPU of the generator per profile, ms', values: values((r) => r.generatorCpuMs), digits: 2 },
    { what: `acknowledged p50 at ${options.rate}/s, ms`, values: values((r) => r.below.p50), better: less },
    { what: `acknowledged p99 at ${options.rate}/s, ms`, values: values((r) => r.below.p99), better: less },
    { what: 'acknowledged p50 at saturation, ms', values: values((r) => r.saturated.p50), better: less },
    { what: 'acknowledged p99 at saturation, ms', values: values((r) => r.saturated.p99), better: less },
    { what: '429 and 503, tried again', values: values((r) => r.refusals), digits: 0 },
    { what: 'never taken', values: values((r) => r.failed), digits: 0 },
    { what: 'peak memory, MB', values: values((r) => r.peakMemory / 1e6), better: less, digits: 0 },
    {
      what: 'bytes per (stack, value), as left',
      values: values((r) => r.bytesPerPairAsLeft),
      better: less,
      digits: 2,
    },
    { what: 'bytes per (stack, value), merged', values: values((r) => r.bytesPerPair), digits: 2 },
    { what: '(stack, value) pairs missing', values: values((r) => r.pairsMissing), digits: 0 },
    { what: 'totals at once', values: values((r) => r.totals) },
    { what: 'totals when settled', values: values((r) => r.totalsSettled) },
  ]);
  const { tables } = results.Everflame ?? {};
  if (tables) {
    const size = (/** @type {number} */ bytes) => ({ 'bytes per pair': bytes / bodies.pairs });
    printTable(
      'Everflame, by table',
      Object.entries(tables).map(([what, { bytes }]) => ({ what, values: size(bytes), digits: 3 })),
    );
  }
}
