// What the Go agent costs an HTTP service: CPU time and answers per second with it and with nothing, in turns, in one
// process; with --plain also with runtime/pprof's profiler of CPU time alone.
//
//   node bench/overhead-go.mjs [--rounds 13] [--seconds 10] [--depth 30] [--plain] [--json]
//
// CPU time per answer is of the service's process, its agent included; what loads it is another process. A turn is one
// window of the agent, with what it costs to begin and to end it. The differences of each round are taken, and the mean
// with a 95 % confidence interval (Student's t). Memory is that of two fresh processes after the same load, one with the
// agent and one without.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '13' },
    /** Of each turn. The agent's own window is 10 s: shorter ones cost more. */
    seconds: { type: 'string', default: '10' },
    /** Frames below those of net/http, of which there are some ten. */
    depth: { type: 'string', default: '30' },
    plain: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
/** What the service is compared with, having nothing. */
const compared = /** @type {const} */ ([
  ['agent', 'the agent'],
  ['plain', 'runtime/pprof alone'],
]).slice(0, values.plain ? 2 : 1);

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
    console.log(
      `${result.go}, ${rounds} rounds of ${compared.length + 1} × ${seconds} s, ${values.depth} frames of its own`,
    );
    for (const [who, name] of compared) {
      const found = result[who];
      if (!found) continue;
      console.log(`CPU time per answer, ${name}: ${text(found.cpu)}`);
      console.log(`Answers per second, ${name}: ${text(found.throughput)}`);
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
    const turns = new Map();
    for (const who of shuffled(['nothing', ...compared.map(([name]) => name)])) {
      turns.set(who, await turn(service.url, who));
    }
    for (const [who] of compared) {
      cpu[who].push(turns.get(who).cpu / turns.get('nothing').cpu - 1);
      throughput[who].push(turns.get(who).answers / turns.get('nothing').answers - 1);
    }
  }
  service.child.kill('SIGKILL');
  return {
    rounds,
    agent: { cpu: summary(cpu.agent), throughput: summary(throughput.agent) },
    ...(values.plain && { plain: { cpu: summary(cpu.plain), throughput: summary(throughput.plain) } }),
    memoryMB: { without: await memoryOf(false), with: await memoryOf(true) },
  };
}

/** A window is as long as a turn, which pays for a whole one. @param {string} url @param {string} who */
async function turn(url, who) {
  const before = Number(await ask(`${url}/cpu`));
  if (who !== 'nothing') await ask(`${url}/${who}/start?window=${seconds}s`);
  const answers = await load(url);
  if (who !== 'nothing') await ask(`${url}/${who}/stop`);
  return { answers, cpu: (Number(await ask(`${url}/cpu`)) - before) / answers };
}

/** Resident memory of a fresh process after a load, MB. @param {boolean} withAgent */
async function memoryOf(withAgent) {
  const { url, child } = await start();
  if (withAgent) await ask(`${url}/agent/start?window=${seconds}s`);
  await load(url);
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
    ci95Percent: rounded(student(ratios.length) * Math.sqrt(variance / ratios.length)),
    medianPercent: rounded(sorted[Math.floor(sorted.length / 2)]),
  };
}

/** Student's t, 97.5 %, of so many numbers. @param {number} count */
function student(count) {
  const table = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];
  return table[count - 2] ?? 2.09;
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
