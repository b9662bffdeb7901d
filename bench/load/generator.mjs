/**
 * The load generator: a process of its own, so that its CPU can be told from the server's.
 *
 *     node bench/load/generator.mjs push --url http://127.0.0.1:5555 --services 4 --span 600
 *     node bench/load/generator.mjs agents --agents 5000 --seconds 60
 *     node bench/load/generator.mjs nylas --samplers 50 --first-port 16384
 *
 * Prints one line of JSON when it is done. The benchmarks give it what to do as one JSON argument instead.
 */
import { parseArgs } from 'node:util';
import { bodiesOf } from './bodies.mjs';
import { DEFAULT_LOAD } from './fleet.mjs';
import { serveSamplers } from './nylas-samplers.mjs';
import { pushAgents } from './push-agents.mjs';
import { pushLoad } from './push-load.mjs';

const HELP = `node bench/load/generator.mjs push|agents|nylas [options]

  --url URL            server (http://127.0.0.1:5555)
  --target NAME        everflame or pyroscope
  --seed N             the same seed makes the same bytes (1)

push: profiles of a fleet, in the past
  --services N --processes N --every S --span S --until UNIX   (4, 4, 15, 600, now)
  --format F           pprof or folded
  --rate N             pushes a second; 0: as fast as they are taken (0)
  --connections N      (64)

agents: many that push small folded profiles at their own moments
  --agents N --services N --every S --seconds S   (5000, 100, 10, 60)

nylas: samplers for "everflame collect --ports …"; ends with SIGTERM or Ctrl-C
  --samplers N --first-port P   (20, 16384)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    ...Object.fromEntries(
      (
        'url target seed services processes every span until format rate connections agents seconds samplers ' +
        'first-port'
      )
        .split(' ')
        .map((name) => [name, { type: /** @type {const} */ ('string') }]),
    ),
  },
});
const [command, json] = positionals;

/** @param {string} name @param {number} fallback */
function number(name, fallback) {
  const given = Object.entries(values).find(([key]) => key === name)?.[1];
  const value = given === undefined ? fallback : Number(given);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number`);
  return value;
}

/** @param {string} name @param {string} fallback */
function text(name, fallback) {
  const given = Object.entries(values).find(([key]) => key === name)?.[1];
  return typeof given === 'string' ? given : fallback;
}

const url = text('url', 'http://127.0.0.1:5555');
const target = text('target', 'everflame') === 'pyroscope' ? 'pyroscope' : 'everflame';
const seed = number('seed', 1);

/** @returns {import('./fleet.mjs').Load} */
function loadFromFlags() {
  return {
    ...DEFAULT_LOAD,
    seed,
    format: text('format', 'pprof') === 'folded' ? 'folded' : 'pprof',
    fleets: [
      {
        firstService: 0,
        services: number('services', 4),
        processes: number('processes', 4),
        everySeconds: number('every', 15),
        spanSeconds: number('span', 600),
        untilSeconds: number('until', Math.floor(Date.now() / 1000)),
      },
    ],
  };
}

if (values.help || !command) {
  console.log(HELP);
} else if (command === 'push') {
  /** @type {import('./push-load.mjs').PushOptions} */
  const options = json
    ? JSON.parse(json)
    : {
        url,
        target,
        load: loadFromFlags(),
        skip: 0,
        count: Number.MAX_SAFE_INTEGER,
        connections: number('connections', 64),
        rate: number('rate', 0),
      };
  bodiesOf(options.load, (done) => console.error(`${done} profiles made`)).close();
  print(await pushLoad(options));
} else if (command === 'agents') {
  print(
    await pushAgents(
      json
        ? JSON.parse(json)
        : {
            url,
            target,
            agents: number('agents', 5000),
            services: number('services', 100),
            everySeconds: number('every', 10),
            seconds: number('seconds', 60),
            stacksPerProfile: 30,
            seed,
          },
    ),
  );
} else if (command === 'nylas') {
  const samplers = await serveSamplers(
    json
      ? JSON.parse(json)
      : {
          samplers: number('samplers', 20),
          firstPort: number('first-port', 16384),
          stacksPerProfile: 120,
          seed,
        },
  );
  console.log('ready');
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => print(samplers.stop()));
} else {
  console.error(HELP);
  process.exitCode = 2;
}

/** @param {unknown} result */
function print(result) {
  console.log(JSON.stringify(result));
}
