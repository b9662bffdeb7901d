/**
 * Thousands of agents that push a small folded profile every ten seconds, each at its own moment:
 *
 *     npm run build && node bench/agents.mjs [--full] [--help]
 *
 * A push is timed from the moment at which it was due until it was acknowledged, however often it was tried.
 */
import { addTotals } from './load/tally.mjs';
import { sleep } from './support/child.mjs';
import { generateAgents } from './support/generator.mjs';
import { benchOptions } from './support/options.mjs';
import { cpuSeconds, memory } from './support/process-stats.mjs';
import { printTable } from './support/report.mjs';
import { eachSubject, say } from './support/subjects.mjs';
import { compareTotals, describeTotals } from './support/totals.mjs';

const options = benchOptions(
  'Many agents, small folded profiles: acknowledgement, CPU, memory, nothing lost.',
  {
    agents: { value: 5000, help: 'agents, each with a connection' },
    services: { value: 100, help: 'services that they belong to' },
    every: { value: 10, help: 'seconds between two pushes of an agent' },
    seconds: { value: 40, full: 300, help: 'how long' },
    stacks: { value: 10, help: 'stacks in a profile, of 1.4 KB of text each' },
  },
);

const results = await eachSubject(options, async ({ name, start }) => {
  const subject = await start();
  const { pid, url, target } = subject;
  const from = Math.floor(Date.now() / 1000) - 60;
  say(`${name}: ${options.agents} agents for ${options.seconds} s`);
  const before = cpuSeconds(pid);
  const result = await generateAgents({
    url,
    target,
    agents: options.agents,
    services: options.services,
    everySeconds: options.every,
    seconds: options.seconds,
    stacksPerProfile: options.stacks,
    seed: 1,
  });
  const serverCpuSeconds = cpuSeconds(pid) - before;
  /** @type {Record<string, number>} */
  const totals = {};
  addTotals(totals, result);
  await sleep(2);
  const comparison = await compareTotals(subject, totals, {
    from,
    until: Math.floor(Date.now() / 1000) + 60,
  });
  if (!comparison.exact) say(`${name}: ${comparison.wrong.slice(0, 3).join('; ')}`);
  const { peak } = memory(pid);
  await subject.stop();
  return { ...result, serverCpuSeconds, peak, totals: describeTotals(comparison) };
});

/** @typedef {(typeof results)[string]} Result */

/** @param {(result: Result) => number | string} of */
function values(of) {
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, of(result)]));
}

if (options.json) {
  console.log(JSON.stringify({ options, results }));
} else {
  const less = /** @type {const} */ ('less');
  printTable(
    `${options.agents} agents, ${options.stacks} stacks every ${options.every} s, ${options.seconds} s`,
    [
      { what: 'acknowledged', values: values((r) => r.acknowledged), digits: 0 },
      { what: 'never taken', values: values((r) => r.failed), digits: 0 },
      { what: '429 and 503, tried again', values: values((r) => r.refusals), digits: 0 },
      { what: 'no answer or another 5xx, tried again', values: values((r) => r.errors), digits: 0 },
      { what: 'acknowledged p50, ms', values: values((r) => r.acknowledgedAfter.p50), better: less },
      { what: 'acknowledged p99, ms', values: values((r) => r.acknowledgedAfter.p99), better: less },
      {
        what: 'acknowledged at the latest, ms',
        values: values((r) => r.acknowledgedAfter.max),
        better: less,
      },
      {
        what: 'CPU per push, ms',
        values: values((r) => (r.serverCpuSeconds / r.acknowledged) * 1000),
        better: less,
        digits: 2,
      },
      { what: 'cores busy', values: values((r) => r.serverCpuSeconds / r.seconds), better: less, digits: 2 },
      {
        what: 'cores busy with the generator',
        values: values((r) => r.generatorCpuSeconds / r.seconds),
        digits: 2,
      },
      { what: 'peak memory, MB', values: values((r) => r.peak / 1e6), better: less, digits: 0 },
      { what: 'totals', values: values((r) => r.totals) },
    ],
  );
}
