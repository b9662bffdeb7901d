// What the Go agent costs an HTTP service: CPU time and answers per second with it, with nothing, and with runtime/pprof's
// profiler of CPU time alone, in turns, in one process.
//
//   node bench/overhead-go.mjs [--rounds 30] [--seconds 2] [--depth 30] [--json]
//
// CPU time per answer is of the service's process, its agent included; what loads it is another process. The differences
// of each round are taken, and the mean with a 95 % confidence interval. Memory is that of two fresh processes after the
// same load, one with the agent and one without.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    /** Of each third of a round. */
    seconds: { type: 'string', default: '2' },
    /** Frames below those of net/http, of which there are some ten. */
    depth: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

const folder = mkdtempSync(path.join(tmpdir(), 'everflame-overhead-'));
const binary = path.join(folder, 'overhead');
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'overhead', 'go');
const sink = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('{"status":"stored","control":{}}'));
});
/** @type {Set<import('node:child_process').ChildProcess>} */
const services = new Set();

try {
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: source });
  await new Promise((listening) => sink.listen(0, '127.0.0.1', () => listening(undefined)));
  const result = { go: execFileSync('go', ['env', 'GOVERSION']).toString().trim(), ...(await measure()) };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`${result.go}, ${rounds} rounds of 3 × ${seconds} s, ${values.depth} frames of its own`);
    for (const [who, name] of /** @type {const} */ ([
      ['agent', 'the agent'],
      ['plain', 'runtime/pprof alone'],
    ])) {
      console.log(`CPU time per answer, ${name}: ${text(result[who].cpu)}`);
      console.log(`Answers per second, ${name}: ${text(result[who].throughput)}`);
    }
    console.log(`Memory: ${result.memoryMB.without} MB without, ${result.memoryMB.with} MB with the agent`);
  }
} finally {
  for (const child of services) child.kill('SIGKILL');
  sink.close();
  sink.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}

async function measure() {
  const service = await start();
  await load(service.url);
  /** @type {Record<'plain' | 'agent', number[]>} */
  const cpu = { plain: [], agent: [] };
  /** @type {Record<'plain' | 'agent', number[]>} */
  const throughput = { plain: [], agent: [] };
  for (let i = 0; i < rounds; i++) {
    const thirds = new Map();
    for (const who of shuffled(['nothing', 'plain', 'agent'])) {
      // A window is as long as a third: each pays for one whole window.
      if (who !== 'nothing') await ask(`${service.url}/${who}/start?window=${seconds}s`);
      thirds.set(who, await third(service.url));
      if (who !== 'nothing') await ask(`${service.url}/${who}/stop`);
    }
    for (const who of /** @type {const} */ (['plain', 'agent'])) {
      cpu[who].push(thirds.get(who).cpu / thirds.get('nothing').cpu - 1);
      throughput[who].push(thirds.get(who).answers / thirds.get('nothing').answers - 1);
    }
  }
  service.child.kill('SIGKILL');
  return {
    rounds,
    agent: { cpu: summary(cpu.agent), throughput: summary(throughput.agent) },
    plain: { cpu: summary(cpu.plain), throughput: summary(throughput.plain) },
    memoryMB: { without: await memoryOf(false), with: await memoryOf(true) },
  };
}

/** @param {string} url */
async function third(url) {
  const before = Number(await ask(`${url}/cpu`));
  const answers = await load(url);
  return { answers, cpu: (Number(await ask(`${url}/cpu`)) - before) / answers };
}

/** Resident memory of a fresh process after a load, MB. @param {boolean} withAgent */
async function memoryOf(withAgent) {
  const { url, child } = await start();
  if (withAgent) await ask(`${url}/agent/start?window=${seconds}s`);
  for (let i = 0; i < 5; i++) await load(url);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  child.kill('SIGKILL');
  return Math.round((Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024) * 10) / 10;
}

/** @returns {Promise<{ url: string, child: import('node:child_process').ChildProcess }>} */
async function start() {
  const address = /** @type {import('node:net').AddressInfo} */ (sink.address());
  const env = { ...process.env, EVERFLAME_SERVER: `http://127.0.0.1:${address.port}` };
  const child = spawn(binary, [values.depth], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  services.add(child);
  child.once('exit', () => services.delete(child));
  const url = await new Promise((found) => child.stdout.once('data', (line) => found(String(line).trim())));
  return { url, child };
}

/** Answers that came. @param {string} url @returns {Promise<number>} */
function load(url) {
  return new Promise((done, failed) => {
    const child = spawn(binary, ['load', `${url}/orders`, String(seconds)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.once('close', (code) =>
      code === 0 ? done(Number(said)) : failed(new Error(`the load ended with ${code}`)),
    );
  });
}

/** @param {string[]} list */
function shuffled(list) {
  return list
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** @param {string} url */
async function ask(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
  return answer.text();
}

/** Mean of relative differences with its 95 % confidence interval, per cent. @param {number[]} ratios */
function summary(ratios) {
  const mean = ratios.reduce((sum, one) => sum + one, 0) / ratios.length;
  const variance = ratios.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, ratios.length - 1);
  const sorted = [...ratios].sort((a, b) => a - b);
  return {
    meanPercent: rounded(mean),
    ci95Percent: rounded(1.96 * Math.sqrt(variance / ratios.length)),
    medianPercent: rounded(sorted[Math.floor(sorted.length / 2)]),
  };
}

/** @param {number} share */
function rounded(share) {
  return Math.round(share * 10_000) / 100;
}

/** @param {{ meanPercent: number, ci95Percent: number, medianPercent: number }} found */
function text({ meanPercent, ci95Percent, medianPercent }) {
  const signed = (/** @type {number} */ value) => `${value > 0 ? '+' : ''}${value} %`;
  return `${signed(meanPercent)} ± ${ci95Percent} (95 %), median ${signed(medianPercent)}`;
}
