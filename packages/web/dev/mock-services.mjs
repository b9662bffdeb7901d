import { FlameGraphBuilder } from '@everflame/profile';

/** Made-up services: the same picture each time, so that screenshots can be compared. */

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
const ALLOC = 'memory:alloc_space:bytes:space:bytes';
const GOROUTINES = 'goroutines:goroutine:count:goroutine:count';
const ODD = 'gpu:kernel:cycles::';

export const SERVICES = ['deep', 'everflame', 'legacy', 'million', 'quiet', 'shop', 'worker'];

export function typesOf(service) {
  if (service === 'shop') return [CPU, WALL, HEAP, ALLOC, GOROUTINES, ODD];
  if (service === 'worker') return [CPU, WALL];
  return [CPU];
}

export function unitOf(type) {
  const unit = type.split(':')[2];
  return { unit, kind: type === HEAP || type === GOROUTINES ? 'level' : 'flow' };
}

/** What the timeline shows: value per second for flows, the level for levels. */
const SCALES = { [CPU]: 1e9, [WALL]: 4e9, [HEAP]: 180e6, [ALLOC]: 42e6, [GOROUTINES]: 640, [ODD]: 5e6 };

export function valueAt(service, type, at, group, groups) {
  const minutes = at / 60_000;
  const wave = 0.42 + 0.16 * Math.sin(minutes / 37 + group) + 0.08 * Math.sin(minutes / 3.1 + 2 * group);
  const noise = 0.05 * (noiseAt(at / 10_000 + group * 977) - 0.5);
  const busy = { shop: 1, million: 0.3, worker: 0.004, deep: 0.3, legacy: 0.2, quiet: 0.1, everflame: 0.05 }[
    service || 'shop'
  ];
  return Math.max(0, wave + noise) * busy * (SCALES[type] ?? 1) * (groups > 1 ? 1.6 / (group + 2) : 1);
}

export function hostsOf(label) {
  const names = {
    host: ['web-1', 'web-2', 'web-3', 'web-4', 'others'],
    env: ['production', 'staging'],
    version: ['1.4.2', '1.4.1', '1.4.0'],
  };
  return names[label] ?? [''];
}

function noiseAt(x) {
  const s = Math.sin(Math.floor(x) * 12.9898) * 43758.5453;
  return s - Math.floor(s);
}

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Packages and the functions in them; a stack wanders down through them. */
const CODE = [
  ['gunicorn.workers.ggevent', ['run', 'handle', 'handle_request']],
  ['gevent.baseserver', ['_do_read', '_handle']],
  ['flask.app', ['wsgi_app', 'full_dispatch_request', 'dispatch_request', 'make_response']],
  ['shop.views.cart', ['show_cart', 'add_item', 'recalculate', 'apply_discounts']],
  ['shop.views.search', ['search', 'rank_results', 'facets', 'highlight']],
  ['shop.pricing', ['price_of', 'taxes', 'convert_currency', 'round_half_even']],
  ['sqlalchemy.orm.query', ['all', '_execute_and_instances', 'instances', 'first']],
  ['sqlalchemy.engine.base', ['execute', '_execute_clauseelement', '_cursor_execute']],
  ['psycopg2.extensions', ['execute', 'fetchall', 'poll']],
  ['jinja2.environment', ['render', 'root_render_func', 'concat']],
  ['json.encoder', ['encode', 'iterencode', '_make_iterencode']],
  ['redis.connection', ['send_command', 'read_response', 'pack_command']],
  ['zlib', ['compress', 'decompress', 'crc32']],
  ['re', ['match', 'sub', '_compile']],
  ['logging', ['info', '_log', 'handle', 'emit', 'format']],
];

/**
 * Stacks that differ as those of a program do: what a function calls next is drawn from a skewed choice that belongs to
 * it and its caller, so that few paths are hot and many are rare. `breadth` 1 makes all alike, and so a wide graph.
 */
function wander(builder, seed, stacks, depth, breadth = 4) {
  const next = random(seed);
  const frames = CODE.map(([module, names]) =>
    names.map((name) =>
      builder.box({ function: name, module, file: `/srv/app/${module.replaceAll('.', '/')}.py` }),
    ),
  );
  const top = [
    builder.box({ function: '<module>', module: '__main__', file: '/srv/app/main.py' }),
    frames[0][0],
    frames[1][1],
    frames[0][1],
  ];
  for (let i = 0; i < stacks; i++) {
    const stack = next() < 0.04 ? [top[0], frames[14][0]] : [...top];
    const length = 2 + Math.floor(next() ** 1.5 * depth);
    let layer = 2;
    for (let level = 0; level < length; level++) {
      const turn = noiseAt(seed + layer * 31 + stack.length * 7);
      layer = Math.min(CODE.length - 1, layer + Math.floor(((turn + next() ** breadth) % 1) * 3.2));
      const of = frames[layer];
      stack.push(of[Math.floor(((turn * 7 + next() ** breadth) % 1) * of.length)]);
    }
    builder.add(stack, 1 + Math.floor(next() ** 6 * 4000));
  }
}

const made = new Map();

export function graphFor(service, type, seconds) {
  const key = `${service} ${type}`;
  if (!made.has(key)) made.set(key, shapeOf(service, type));
  const shape = made.get(key);
  const perSecond = valueAt(service || 'shop', type, 0, 0, 1);
  const level = unitOf(type).kind === 'level';
  const factor = (perSecond * (level ? 1 : seconds)) / shape.total[0];
  const scale = (values) => values.map((value) => Math.round(value * factor));
  // Rounded self values must add up: totals are computed anew by whoever reads them.
  return { ...shape, self: scale(shape.self), total: shape.total.map((value) => value * factor) };
}

function shapeOf(service, type) {
  const builder = new FlameGraphBuilder();
  if (service === 'million') wander(builder, 7, 72_000, 40, 1);
  else if (service === 'deep') {
    const recurse = ['walk', 'visit', 'visit_children'].map((name) =>
      builder.box({ function: name, module: 'ast', file: 'ast.py' }),
    );
    const next = random(3);
    for (let i = 0; i < 200; i++) {
      const stack = Array.from(
        { length: 20 + Math.floor(next() ** 2 * 280) },
        (_, at) => recurse[(at + (next() < 0.03 ? 1 : 0)) % 3],
      );
      builder.add(stack, 10);
    }
  } else if (service === 'worker' && type === WALL) {
    const box = (name, module) => builder.box({ function: name, module, file: `/srv/${module}.py` });
    const hub = [box('<module>', '__main__'), box('serve_forever', 'worker'), box('run', 'gevent.hub')];
    builder.add([...hub, box('wait', 'gevent._socket3'), box('recv', 'socket')], 7000);
    builder.add([...hub, box('sleep', 'gevent.hub')], 2200);
    builder.add([hub[0], hub[1], box('print_results', 'worker'), box('write', 'io')], 40);
  } else if (service === 'worker') {
    const box = (name, module) => builder.box({ function: name, module, file: `/srv/${module}.py` });
    builder.add(
      [box('<module>', '__main__'), box('serve_forever', 'worker'), box('print_results', 'worker')],
      5,
    );
    builder.add([box('<module>', '__main__'), box('serve_forever', 'worker'), box('run', 'gevent.hub')], 9);
  } else if (service === 'everflame') {
    const frame = (name, file) => builder.box({ function: name, module: '', file });
    const loop = frame('processTimers', 'node:internal/timers');
    builder.add([loop, frame('flush', '/srv/everflame/packages/server/dist/store/writer.js')], 40);
    builder.add(
      [
        loop,
        frame('poll', '/srv/everflame/packages/server/dist/collect/target.js'),
        frame('decode', '/srv/everflame/packages/profile/dist/formats/pprof.js'),
      ],
      25,
    );
    builder.add([frame('(garbage collector)', '')], 12);
    builder.add([frame('onRequest', '/srv/everflame/node_modules/fastify/lib/route.js')], 18);
  } else wander(builder, service.length * 31 + type.length, 1500, 16);
  return builder.build();
}
