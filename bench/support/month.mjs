import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LOAD, serviceName } from '../load/fleet.mjs';
import { addTotals } from '../load/tally.mjs';
import { sleep, until } from './child.mjs';
import { generatePushes, prepareBodies } from './generator.mjs';
import { parseObject } from './subject.mjs';
import { say } from './subjects.mjs';
import { compareTotals } from './totals.mjs';

const HOUR = 3600;
const DAY = 24 * HOUR;
export const MONTH = 30 * DAY;

/**
 * A month of data: a fleet with all its windows in the last hour, one service that was watched all the time (with wider
 * gaps in the past, so that a month can be pushed in minutes), and the other services now and then.
 *
 * @typedef {object} MonthShape
 * @property {number} services
 * @property {number} processes of each
 * @property {number} dayEvery seconds between windows of the service's last day
 * @property {number} monthEvery seconds between windows of the service before that
 * @property {number} othersEvery seconds between windows of the other services in the month
 *
 * @typedef {{ load: import('../load/fleet.mjs').Load, untilSeconds: number }} Month
 */

/** @param {MonthShape} shape @param {number} untilSeconds @returns {import('../load/fleet.mjs').Load} */
function monthLoad({ services, processes, dayEvery, monthEvery, othersEvery }, untilSeconds) {
  const one = { firstService: 0, services: 1, processes };
  const before = untilSeconds - DAY;
  const month = MONTH - DAY;
  return {
    ...DEFAULT_LOAD,
    fleets: [
      { ...one, everySeconds: monthEvery, spanSeconds: month, untilSeconds: before },
      {
        ...{ firstService: 1, services: services - 1, processes: 1 },
        ...{ everySeconds: othersEvery, spanSeconds: month, untilSeconds: before },
      },
      { ...one, everySeconds: dayEvery, spanSeconds: DAY - HOUR, untilSeconds: untilSeconds - HOUR },
      { firstService: 0, services, processes, everySeconds: 15, spanSeconds: HOUR, untilSeconds },
    ],
  };
}

/**
 * What a directory holds: what it was filled with before, or what it is to be filled with now.
 *
 * @param {string} home
 * @param {MonthShape} shape
 * @returns {Month}
 */
export function monthIn(home, shape) {
  const file = join(home, 'month.json');
  if (existsSync(file)) {
    const { untilSeconds } = parseObject(readFileSync(file, 'utf8'));
    return { load: monthLoad(shape, Number(untilSeconds)), untilSeconds: Number(untilSeconds) };
  }
  const untilSeconds = Math.floor(Date.now() / 1000 / 15) * 15 - 15;
  mkdirSync(home, { recursive: true });
  writeFileSync(file, JSON.stringify({ untilSeconds, shape }));
  return { load: monthLoad(shape, untilSeconds), untilSeconds };
}

/**
 * Fills a fresh server with the month and waits until it has summed it up, then stops it. A server that was filled
 * before is left alone.
 *
 * @param {import('./subjects.mjs').Candidate} candidate
 * @param {Month} month
 * @param {{ connections: number, settle: number }} options
 */
export async function fillWithMonth({ name, dir, start }, { load, untilSeconds }, { connections, settle }) {
  const done = join(dir, 'month-is-in');
  if (existsSync(done)) return;
  prepareBodies(load);
  const subject = await start();
  const { url, target } = subject;
  const count = Number.MAX_SAFE_INTEGER;
  say(`${name}: pushing a month`);
  const result = await generatePushes({ url, target, load, skip: 0, count, connections, rate: 0 });
  say(`${name}: ${result.acknowledged} profiles in ${Math.round(result.seconds)} s`);
  if (result.failed > 0) throw new Error(`${result.failed} profiles were not taken: ${result.firstFailure}`);
  /** @type {Record<string, number>} */
  const totals = {};
  addTotals(totals, result);
  const range = { from: untilSeconds - MONTH, until: untilSeconds };
  if (target === 'everflame')
    await until('rollups are computed', 1200, () => summedUp(subject, totals, range));
  else await sleep(settle);
  const { wrong } = await compareTotals(subject, totals, range);
  if (wrong.length > 0) say(`${name}: TOTALS ARE WRONG: ${wrong.slice(0, 3).join('; ')}`);
  writeFileSync(done, JSON.stringify({ wrong }));
  await subject.stop();
}

/**
 * Whether whole hours of the past are read as such, and say what was pushed.
 *
 * @param {import('./subject.mjs').Subject} subject
 * @param {Record<string, number>} totals
 * @param {{ from: number, until: number }} range
 */
async function summedUp(subject, totals, range) {
  await sleep(5);
  const service = serviceName(0);
  const past = {
    from: Math.ceil(range.from / HOUR) * HOUR,
    until: Math.floor(range.until / HOUR - 2) * HOUR,
  };
  const { tables } = await subject.ask({ kind: 'tree', service, ...past });
  if (tables.some((table) => table !== 'profiles_1h')) return undefined;
  const { wrong } = await compareTotals(subject, totals, range);
  return wrong.length === 0 || undefined;
}
