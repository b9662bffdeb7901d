/**
 * What the agent for Node.js costs a real HTTP application:
 *
 *     npm run build && node bench/overhead-node.mjs [--pairs 40] [--seconds 3] [--help]
 *
 * The application (Express; JSON in and out, some work of its own at a depth of about 40 frames) runs twice, at the same
 * time and under the same load, once with the agent and once without; then they change places, and the two turns make
 * a pair. What is compared is the CPU time that a request takes. What the machine does to one (other work, the host's
 * own, its clock) it does to the other in the same second; what V8 has made of one process and not of the other counts
 * once for and once against. Turns begin half a second before they count, which leaves out what starting and stopping
 * cost. Printed are the mean of the pairs' ratios and its 95 % confidence interval (Student's t), and their median; then
 * what the profiler's own thread used, which is exact. Memory is that of processes of their own, with and without.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const self = fileURLToPath(import.meta.url);
const start = fileURLToPath(new URL('../packages/agent/esm/start.mjs', import.meta.url));
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    app: { type: 'boolean' },
    json: { type: 'boolean' },
    pairs: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '3' },
    'memory-seconds': { type: 'string', default: '4' },
    node: { type: 'string', default: process.execPath },
    rate: { type: 'string', default: '100' },
    set: { type: 'string', multiple: true, default: [] },
  },
});

if (values.app) serveApp();
else if (values.help) {
  console.log(`  --pairs N          pairs of turns (40); 0 leaves CPU time out
  --seconds N        measured seconds of a turn (3)
  --memory-seconds N how long a process is under load before its memory is read (4)
  --rate N           samples per second (100)
  --node PATH        another Node
  --set NAME=VALUE   a setting of the agent, as EVERFLAME_NAME=VALUE; several times
  --json             the result as one line of JSON`);
} else await measure(Number(values.pairs), Number(values.seconds));

function serveApp() {
  const express = createRequire(start)('express');
  const app = express();
  app.use(express.json());
  /** @type {(depth: number, order: { lines: { price: number, pieces: number }[] }) => number} */
  const deep = (depth, order) =>
    depth > 0
      ? deep(depth - 1, order)
      : order.lines.reduce((sum, { price, pieces }) => sum + Math.round(price * pieces * 100), 0);
  app.post('/orders/:id', async (/** @type {any} */ incoming, /** @type {any} */ response) => {
    await null;
    let total = 0;
    for (let i = 0; i < 40; i++) total += deep(20, incoming.body);
    response.json({ id: incoming.params.id, total, lines: incoming.body.lines });
  });
  const server = app.listen(0, '127.0.0.1', () => {
    process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
  });
  const agent = createRequire(start)('../dist/index.js');
  process.on('message', async (what) => {
    if (what === 'on') agent.start();
    if (what === 'off') await agent.stop();
    process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
  });
  process.on('disconnect', () => process.exit(0));
}

/** @param {number} pairs @param {number} seconds */
async function measure(pairs, seconds) {
  const sink = createServer((incoming, response) => {
    incoming.resume().on('end', () => response.end('{"status":"stored","control":{}}'));
  });
  await new Promise((resolve) => sink.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (sink.address());
  const ratios = pairs > 0 ? await alternate(port, pairs, seconds) : [];
  const memory = [];
  for (let i = 0; i < 3; i++) {
    const rss = [];
    for (const which of ['off', 'on']) {
      const one = await startApp(port);
      await one.tell(which);
      await sleep(Number(values['memory-seconds']) * 1000);
      rss.push((await one.tell('now')).rss / 2 ** 20);
      if (!values.json) console.error(`memory ${which}: ${rss[rss.length - 1].toFixed(0)} MB`);
      await one.stop();
    }
    memory.push(rss[1] - rss[0]);
  }
  sink.close();
  const cpu = pairs > 0 ? interval(ratios) : undefined;
  const median = [...ratios].sort((a, b) => a - b)[ratios.length >> 1];
  const result = { node: values.node, pairs, seconds, cpu, median, memory: interval(memory) };
  if (values.json) return console.log(JSON.stringify(result));
  const percent = (/** @type {number} */ part) => `${(part * 100).toFixed(2)} %`;
  if (cpu)
    console.log(
      `CPU time of a request: ${percent(cpu.mean)} ± ${percent(cpu.half)}, median ${percent(median)}`,
    );
  console.log(
    `resident memory:       ${result.memory.mean.toFixed(1)} MB ± ${result.memory.half.toFixed(1)}`,
  );
}

/** Cost of the agent as a part of a request's CPU time, by pair. @param {number} port @param {number} pairs @param {number} seconds */
async function alternate(port, pairs, seconds) {
  const [one, other] = [await startApp(port), await startApp(port)];
  await sleep(4000);
  const ratios = [];
  let samplerShare = 0;
  for (let i = 0; i < pairs; i++) {
    const first = await turn(one, other, seconds);
    const second = await turn(other, one, seconds);
    ratios.push(Math.sqrt(first.ratio * second.ratio) - 1);
    samplerShare += (first.samplerShare + second.samplerShare) / 2 / pairs;
    if (!values.json)
      console.error(
        `pair ${i + 1}: ${(ratios[i] * 100).toFixed(1)} % (${first.micros.toFixed(1)} µs a request with, ` +
          `${(first.micros / first.ratio).toFixed(1)} without, ${(first.cores * 100).toFixed(0)} % of a core)`,
      );
  }
  console.error(`the profiler's own thread: ${(samplerShare * 100).toFixed(2)} % of the process`);
  await Promise.all([one.stop(), other.stop()]);
  return ratios;
}

/** @typedef {Awaited<ReturnType<typeof startApp>>} App */

/** Both at the same time, the first with the agent. @param {App} on @param {App} off @param {number} seconds */
async function turn(on, off, seconds) {
  await Promise.all([on.tell('on'), off.tell('off')]);
  await sleep(500);
  const look = async (/** @type {App} */ app) => ({
    ...(await app.tell('now')),
    served: app.requests(),
    sampler: samplerNanos(app.pid),
  });
  const before = await Promise.all([look(on), look(off)]);
  await sleep(seconds * 1000);
  const after = await Promise.all([look(on), look(off)]);
  const used = after.map(({ cpu }, i) => cpu.user + cpu.system - before[i].cpu.user - before[i].cpu.system);
  const [micros, without] = used.map((one, i) => one / (after[i].served - before[i].served));
  return {
    micros,
    ratio: micros / without,
    cores: used[0] / seconds / 1e6,
    samplerShare: (after[0].sampler - before[0].sampler) / 1000 / used[0],
  };
}

/** CPU time of V8's thread that takes samples, where the system tells (Linux), ns. @param {number | undefined} pid */
function samplerNanos(pid) {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return 0;
  let sum = 0;
  for (const task of readdirSync(tasks))
    if (readFileSync(`${tasks}/${task}/comm`, 'utf8').startsWith('v8:ProfEvnt'))
      sum += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return sum;
}

/** @typedef {{ mean: number, half: number }} Interval */

/** The application under load. @param {number} port of the agent's server */
async function startApp(port) {
  const settings = Object.fromEntries(
    values.set.map((text) => [`EVERFLAME_${text.split('=')[0]}`, text.split('=')[1]]),
  );
  const child = spawn(values.node, [self, '--app'], {
    env: {
      ...process.env,
      ...settings,
      EVERFLAME_SERVER: `http://127.0.0.1:${port}`,
      EVERFLAME_RATE: values.rate,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const hear = () => new Promise((resolve) => child.once('message', resolve));
  const { port: appPort } = /** @type {{ port: number }} */ (await hear());
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let requests = 0;
  let running = true;
  const body = JSON.stringify({
    lines: Array.from({ length: 20 }, (_, i) => ({ price: i + 0.5, pieces: i, name: `part ${i}` })),
  });
  const one = () =>
    new Promise((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port: appPort,
          agent,
          method: 'POST',
          path: `/orders/${requests++}`,
          headers: { 'content-type': 'application/json', 'content-length': body.length },
        },
        (response) => response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end(body);
    });
  const load = Array.from({ length: 8 }, async () => {
    while (running) await one();
  });
  return {
    pid: child.pid,
    requests: () => requests,
    /** @param {string} what */
    async tell(what) {
      const heard = hear();
      child.send(what);
      return /** @type {{ cpu: NodeJS.CpuUsage, rss: number }} */ (await heard);
    },
    async stop() {
      running = false;
      await Promise.all(load);
      agent.destroy();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await gone;
    },
  };
}

/** @param {number} milliseconds */
function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Mean and half the width of the 95 % confidence interval. @param {number[]} values @returns {Interval} */
function interval(values) {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, values.length - 1);
  // Student's t, 97.5 %, by degrees of freedom.
  const t =
    [12.7, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13][
      values.length - 2
    ] ?? 2.05;
  return { mean, half: t * Math.sqrt(variance / values.length) };
}
