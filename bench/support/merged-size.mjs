/**
 * What the tables of a stopped server take once everything is merged, as a process of its own:
 *
 *     node bench/support/merged-size.mjs DATA-DIRECTORY
 *
 * Prints JSON: bytes and rows of each table, and the number of (stack, value) pairs.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EVERFLAME_ROOT } from './everflame.mjs';

const [dataDir] = process.argv.slice(2);
const require = createRequire(join(EVERFLAME_ROOT, 'packages/server/package.json'));
const { Session } = require('chdb');
const session = new Session(join(dataDir, 'engine'));
const rows = (/** @type {string} */ sql) =>
  String(session.query(sql, 'JSONEachRow'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const tables = rows(
  `SELECT name FROM system.tables WHERE database = 'everflame' AND engine LIKE '%MergeTree'`,
);
for (const { name } of tables) session.query(`OPTIMIZE TABLE everflame.${name} FINAL`);
const sizes = rows(
  `SELECT table, sum(bytes_on_disk) AS bytes, sum(rows) AS rows, count() AS parts FROM system.parts
   WHERE database = 'everflame' AND active GROUP BY table ORDER BY table`,
);
const [{ pairs }] = rows('SELECT sum(length(stacks)) AS pairs FROM everflame.profiles FINAL');
const result = {
  tables: Object.fromEntries(
    sizes.map(({ table, bytes, rows: count, parts }) => [
      table,
      { bytes: Number(bytes), rows: Number(count), parts: Number(parts) },
    ]),
  ),
  pairs: Number(pairs),
};
console.log(JSON.stringify(result));
session.close();
