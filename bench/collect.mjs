/**
 * What it costs to poll nylas' samplers, and whether all that they gave away arrives:
 *
 *     npm run build && node bench/collect.mjs [--full] [--help]
 *
 * A sampler forgets what it has answered, so the sum of all answers must be what the server has.
 */
import { join } from 'node:path';
import { sleep, startChild, until } from './support/child.mjs';
import { EVERFLAME_ROOT } from './support/everflame.mjs';
import { benchOptions } from './support/options.mjs';
import { cpuSeconds, memory } from './support/process-stats.mjs';
import { printTable } from './support/report.mjs';
import { parseObject } from './support/subject.mjs';
import { eachSubject, say } from './support/subjects.mjs';
import { compareTotals, describeTotals } from './support/totals.mjs';

const options = benchOptions('Polling of nylas’ samplers: CPU of collector and server, nothing lost.', {
  samplers: { value: 200, full: 1000, help: 'samplers, each on a port' },
  firstPort: { value: 21_000, help: 'the first of their ports' },
  every: { value: 5, full: 10, help: 'seconds between two polls of one' },
  seconds: { value: 40, full: 120, help: 'how long' },
  stacks: { value: 120, help: 'stacks in an answer' },
});
const SERVICE = 'nylas-bench';

const results = await eachSubject({ ...options, only: 'everflame' }, async ({ start }) => {
  const server = await start();
  const from = Math.floor(Date.now() / 1000) - 600;
  const samplers = startChild(process.execPath, [
    join(import.meta.dirname, 'load/generator.mjs'),
    'nylas',
    JSON.stringify({ ...options, stacksPerProfile: options.stacks, seed: 1 }),
  ]);
  await until('the samplers listen', 60, async () => samplers.log().includes('ready') || undefined);
  const lastPort = options.firstPort + options.samplers - 1;
  const collector = startChild(process.execPath, [
    join(EVERFLAME_ROOT, 'packages/server/bin/everflame.cjs'),
    ...['collect', '--host', '127.0.0.1', '--ports', `${options.firstPort}..${lastPort}`],
    ...[
      '--interval',
      String(options.every),
      '--server',
      server.url,
      '--service',
      SERVICE,
      '--log-level',
      'warn',
    ],
  ]);
  say(`${options.samplers} samplers, polled for ${options.seconds} s`);
  const before = cpuSeconds(server.pid);
  await sleep(options.seconds);
  const collectorCpu = cpuSeconds(collector.pid);
  const collectorMemory = memory(collector.pid).peak;
  const serverCpu = cpuSeconds(server.pid) - before;
  // It delivers what it has before it ends.
  await collector.end();
  await samplers.end();
  const { answers, nanos } = parseObject(samplers.log().trim().split('\n').at(-1) ?? '');
  const range = { from, until: Math.floor(Date.now() / 1000) + 60 };
  const comparison = await compareTotals(server, { [SERVICE]: Number(nanos) }, range);
  if (!comparison.exact) say(`${comparison.wrong.join('; ')}\n${collector.log().slice(-1000)}`);
  await server.stop();
  return {
    answers: Number(answers),
    collectorCpuMs: (collectorCpu / Number(answers)) * 1000,
    serverCpuMs: (serverCpu / Number(answers)) * 1000,
    collectorMemory,
    totals: describeTotals(comparison),
  };
});

if (options.json) {
  console.log(JSON.stringify({ options, results }));
} else {
  const { answers, collectorCpuMs, serverCpuMs, collectorMemory, totals } = results.Everflame;
  const row = (/** @type {string} */ what, /** @type {number | string} */ value, digits = 2) => ({
    what,
    values: { Everflame: value },
    digits,
  });
  printTable(`${options.samplers} samplers every ${options.every} s, ${options.seconds} s`, [
    row('polls', answers, 0),
    row('CPU of the collector per poll, ms', collectorCpuMs),
    row('CPU of the server per poll, ms', serverCpuMs),
    row('CPU of the server ÷ CPU of the collector', serverCpuMs / collectorCpuMs),
    row('peak memory of the collector, MB', collectorMemory / 1e6, 0),
    row('totals', totals),
  ]);
}
