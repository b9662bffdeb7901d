import { parseArgs } from 'node:util';

/** @typedef {Record<string, { value: number, full?: number, help: string }>} NumberOptions */

/**
 * Options of a benchmark: numbers with a default, another with --full, and a line of help each; and the switches that
 * all of them have.
 *
 * @template {NumberOptions} T
 * @param {string} about what the benchmark measures, for --help
 * @param {T} numbers
 * @returns {{ json: boolean, full: boolean, only: string, data: string } & { [K in keyof T]: number }}
 */
export function benchOptions(about, numbers) {
  const names = Object.keys(numbers);
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      full: { type: 'boolean' },
      only: { type: 'string' },
      data: { type: 'string' },
      ...Object.fromEntries(names.map((name) => [name, { type: /** @type {const} */ ('string') }])),
    },
  });
  if (values.help) {
    console.log(`${about}\n`);
    for (const name of names) {
      const { value, full, help } = numbers[name];
      console.log(
        `  --${name} N`.padEnd(18),
        `${help} (${value}${full === undefined ? '' : `; --full: ${full}`})`,
      );
    }
    console.log(`  --full             a larger load
  --only NAME        everflame or pyroscope alone
  --data DIR         directory for what the servers keep (a temporary one, removed at the end)
  --json             the result as one line of JSON
Pyroscope is measured too where PYROSCOPE names its binary, or the PATH has one.
EVERFLAME_ROOT names another repository whose server is measured; BENCH_CPU_PROFILE a directory for its CPU profile.`);
    process.exit(0);
  }
  const given = Object.entries(values);
  const chosen = Object.fromEntries(
    names.map((name) => {
      const { value, full } = numbers[name];
      const text = given.find(([key]) => key === name)?.[1];
      const number = text === undefined ? (values.full ? (full ?? value) : value) : Number(text);
      if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number`);
      return [name, number];
    }),
  );
  const switches = {
    json: values.json ?? false,
    full: values.full ?? false,
    only: values.only ?? '',
    data: values.data ?? '',
  };
  return /** @type {typeof switches & { [K in keyof T]: number }} */ ({ ...switches, ...chosen });
}
