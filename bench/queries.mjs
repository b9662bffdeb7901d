/**
 * How long questions take over HTTP, cold and warm:
 *
 *     npm run build && node bench/queries.mjs [--full] [--data DIR] [--help]
 *
 * 15 minutes, an hour, a day and 30 days; of one process, one service and the fleet; as a tree and as a timeline. The
 * month is pushed first, if --data does not hold it from before. Cold: asked once after a restart, each time in
 * another order. Warm: the median of several times, all questions taking turns.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceName, serviceName } from './load/fleet.mjs';
import { sleep, until } from './support/child.mjs';
import { diskUsage } from './support/disk.mjs';
import { fillWithMonth, monthIn } from './support/month.mjs';
import { MONTH_OPTIONS } from './support/month-options.mjs';
import { benchOptions } from './support/options.mjs';
import { cpuSeconds, memory } from './support/process-stats.mjs';
import { median, printTable } from './support/report.mjs';
import { eachSubject, say } from './support/subjects.mjs';

const options = benchOptions('Time of questions over HTTP, and start-up and memory with a month of data.', {
  ...MONTH_OPTIONS,
  restarts: { value: 1, full: 3, help: 'restarts for the cold times' },
  rounds: { value: 7, full: 15, help: 'rounds for the warm times' },
  rest: { value: 10, full: 40, help: 's without questions before memory at rest is read' },
});

const RANGES = { '15 min': 900, '1 h': 3600, '24 h': 86_400, '30 d': 30 * 86_400 };
const service = serviceName(0);
const SCOPES = { process: { service, instance: instanceName(service, 0) }, service: { service }, fleet: {} };

const home = options.data === '' ? mkdtempSync(join(tmpdir(), 'everflame-bench-')) : options.data;
const month = monthIn(home, options);
const questions = [...allQuestions()];
const results = await eachSubject({ ...options, data: home }, measure).finally(() => {
  if (options.data === '') rmSync(home, { recursive: true, force: true });
});

/** @returns {Generator<{ name: string, question: import('./support/subject.mjs').Question }>} */
function* allQuestions() {
  for (const kind of /** @type {const} */ (['tree', 'timeline'])) {
    for (const [scope, of] of Object.entries(SCOPES)) {
      for (const [range, seconds] of Object.entries(RANGES)) {
        const split = kind === 'timeline' && scope === 'fleet' ? { by: 'service_name' } : {};
        const question = {
          kind,
          ...of,
          ...split,
          from: month.untilSeconds - seconds,
          until: month.untilSeconds,
        };
        yield { name: `${kind} ${scope} ${range}`, question };
      }
    }
  }
}

/** @param {import('./support/subjects.mjs').Candidate} candidate */
async function measure(candidate) {
  await fillWithMonth(candidate, month, options);
  const { name, start } = candidate;
  /** @type {Map<string, { cold: number[], warm: number[], tables: string, refusal: string, bytes: number }>} */
  const answers = new Map(
    questions.map((one) => [one.name, { cold: [], warm: [], tables: '', refusal: '', bytes: 0 }]),
  );
  const starts = [];
  let subject = await start();
  for (let restart = 0; restart < options.restarts; restart++) {
    say(`${name}: cold, restart ${restart + 1}`);
    await subject.stop();
    subject = await start();
    starts.push(subject.startSeconds);
    const first = Math.floor((restart / options.restarts) * questions.length);
    for (const one of [...questions.slice(first), ...questions.slice(0, first)]) {
      const { milliseconds, refusal } = await subject.ask(one.question);
      if (refusal === '') answers.get(one.name)?.cold.push(milliseconds);
    }
  }
  await subject.stop();
  subject = await start();
  const rollupsAfter = await rollupsReadable(subject);
  await sleep(options.rest);
  const atRest = memory(subject.pid);
  const restCpu = cpuSeconds(subject.pid);
  say(`${name}: warm`);
  for (let round = 0; round <= options.rounds; round++) {
    for (const one of questions) {
      const { milliseconds, refusal, tables, bytes } = await subject.ask(one.question);
      const answer = answers.get(one.name);
      if (!answer) continue;
      Object.assign(answer, { refusal, tables: tables.join('+').replaceAll('profiles', 'p'), bytes });
      // The first round warms up.
      if (round > 0 && refusal === '') answer.warm.push(milliseconds);
    }
  }
  const { peak } = memory(subject.pid);
  await subject.stop();
  return {
    startSeconds: median(starts),
    rollupsAfter,
    atRest: atRest.now,
    peak,
    restCpuSeconds: restCpu,
    disk: diskUsage(candidate.dir),
    answers: Object.fromEntries(
      [...answers].map(([what, { cold, warm, ...rest }]) => [
        what,
        {
          cold: cold.length > 0 ? median(cold) : undefined,
          warm: warm.length > 0 ? median(warm) : undefined,
          ...rest,
        },
      ]),
    ),
  };
}

/**
 * Seconds from the start until old hours are read as such: until then a month is read from finer tables.
 *
 * @param {import('./support/subject.mjs').Subject} subject
 */
async function rollupsReadable(subject) {
  if (subject.target !== 'everflame') return undefined;
  const began = performance.now();
  const end = Math.floor(month.untilSeconds / 3600 - 3) * 3600;
  await until('hours are read', 300, async () => {
    const { tables } = await subject.ask({ kind: 'tree', service, from: end - 86_400, until: end });
    return tables.join() === 'profiles_1h' || undefined;
  });
  return subject.startSeconds + (performance.now() - began) / 1000;
}

/** @typedef {Awaited<ReturnType<typeof measure>>} Result */

/** @param {(result: Result) => number | string | undefined} of */
function values(of) {
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, of(result) ?? '–']));
}

/** @param {Result} result @param {string} long @param {string} short */
function ratio({ answers }, long, short) {
  const [above, below] = [answers[long].warm, answers[short].warm];
  return above !== undefined && below !== undefined ? above / below : undefined;
}

if (options.json) {
  console.log(JSON.stringify({ options, results }));
} else {
  const less = /** @type {const} */ ('less');
  for (const heat of /** @type {const} */ (['warm', 'cold'])) {
    printTable(
      `Medians over HTTP, ${heat}, ms`,
      questions.map(({ name }) => ({
        what: name,
        values: values((r) => r.answers[name][heat]),
        better: less,
      })),
    );
  }
  printTable('Ratios and a month at rest', [
    {
      what: 'tree service 30 d ÷ 1 h',
      values: values((r) => ratio(r, 'tree service 30 d', 'tree service 1 h')),
      digits: 2,
    },
    {
      what: 'tree fleet 30 d ÷ 1 h',
      values: values((r) => ratio(r, 'tree fleet 30 d', 'tree fleet 1 h')),
      digits: 2,
    },
    { what: 'start to ready, s', values: values((r) => r.startSeconds), better: less },
    { what: 'start until hours are read as such, s', values: values((r) => r.rollupsAfter) },
    { what: 'memory at rest, MB', values: values((r) => r.atRest / 1e6), better: less, digits: 0 },
    {
      what: 'memory after all questions, at its highest, MB',
      values: values((r) => r.peak / 1e6),
      better: less,
      digits: 0,
    },
    { what: 'bytes on disk, MB', values: values((r) => r.disk / 1e6), better: less, digits: 0 },
  ]);
  for (const [name, { answers }] of Object.entries(results)) {
    for (const [what, { tables, refusal }] of Object.entries(answers)) {
      if (refusal !== '') console.log(`${name}, ${what}: ${refusal}`);
      else if (tables !== '' && what.startsWith('tree')) console.log(`${name}, ${what}: read from ${tables}`);
    }
  }
}
