/**
 * The HTTP API with made-up services, for working on the page without a server:
 *
 *     node packages/web/dev/mock-server.mjs [--port 5555] [--empty] [--delay MS]
 *     npm run dev -w @everflame/web
 *
 * Needs packages/profile to be built (`npx tsc -b packages/profile`). With `packages/web/dist` built, serves the page
 * as well, under the policy that the real server sends. Services: shop (busy, all types), worker (mostly waits), legacy
 * (nylas' sampler), deep (300 frames), million (a million boxes), quiet (last seen yesterday), everflame.
 * `POST /mock?empty=1&down=1&delay=500` changes what it plays while it runs.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeFlameGraph, findByPathId, trim } from '@everflame/profile';
import { graphFor, hostsOf, SERVICES, typesOf, unitOf, valueAt } from './mock-services.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '5555' },
    empty: { type: 'boolean', default: false },
    delay: { type: 'string', default: '0' },
  },
});
const play = { empty: options.empty, down: false, delay: Number(options.delay) };
const HOUR = 3_600_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const UNITS = { s: 1e3, m: 6e4, h: HOUR, d: 24 * HOUR, w: 168 * HOUR };

class Bad extends Error {
  constructor(code, message, parameter) {
    super(message);
    this.code = code;
    this.parameter = parameter;
  }
}

function date(text, now, parameter) {
  if (text === 'now') return now;
  if (/^\d+$/.test(text)) return Number(text) * (text.length > 11 ? 1 : 1000);
  const ago = /^-?\s*(\d+(?:\.\d+)?)\s*([a-z])[a-z]*(?:\s+ago)?$/.exec(text);
  if (ago && UNITS[ago[2]]) return now - Number(ago[1]) * UNITS[ago[2]];
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) {
    throw new Bad(
      'bad_date',
      `"${text}" is no date: write -15minutes, 2 hours ago, 2016-05-01 12:00, or unix time.`,
      parameter,
    );
  }
  return parsed;
}

function question(params) {
  const now = Date.now();
  const from = date(params.get('from') ?? '-15minutes', now, 'from');
  const until = date(params.get('until') ?? 'now', now, 'until');
  if (until <= from)
    throw new Bad('bad_range', 'The range ends before it begins: swap from and until.', 'from');
  const query = params.get('query') ?? '';
  const service = query.replace(/\{.*$/, '');
  return { query, service, type: params.get('type') ?? CPU, from, until, now };
}

/** Nothing before the server's first hour, a gap of 4 minutes every hour, and `quiet` ended a day ago. */
function watched(service, at, now) {
  if (service === 'quiet') return at < now - 24 * HOUR && at > now - 26 * HOUR;
  return (
    at > now - 60 * HOUR &&
    !(at % HOUR > 20 * 60_000 && at % HOUR < 24 * 60_000) &&
    SERVICES.includes(service || 'shop')
  );
}

const routes = {
  session: () => ({ needed: false, signedIn: true }),
  status: () => ({
    version: '0.1.0',
    storage: 'embedded',
    now: Date.now(),
    selfProfile: true,
    server: `http://127.0.0.1:${options.port}`,
  }),
  services() {
    if (play.empty) return { services: [] };
    const now = Date.now();
    const one = (service) => ({
      service,
      types: typesOf(service),
      firstSeen: now - 60 * HOUR,
      lastSeen: service === 'quiet' ? now - 24 * HOUR : now - 4000,
      labels: { language: ['python'] },
    });
    return { services: SERVICES.map(one) };
  },
  labels: () => ({ labels: ['env', 'host', 'version'] }),
  timeline(params) {
    const { query, service, type, from, until, now } = question(params);
    const points = Number(params.get('points') ?? 300);
    const step = Math.max(10_000, Math.ceil((until - from) / points / 10_000) * 10_000);
    const start = Math.floor(from / step) * step;
    const by = params.get('by');
    const labels =
      by === 'service_name' ? SERVICES.filter((one) => one !== 'everflame') : by ? hostsOf(by) : [null];
    const groups = labels.map((label, i) => ({
      label: label === 'others' ? null : label,
      others: label === 'others',
      values: Array.from({ length: Math.ceil((until - start) / step) }, (_, bucket) => {
        const at = start + bucket * step;
        const whose = by === 'service_name' ? label : service;
        return watched(whose, at, now)
          ? valueAt(whose, type, at, i, by === 'service_name' ? 1 : labels.length)
          : null;
      }),
    }));
    return { query, type, ...unitOf(type), from, until, step, start, groups, others: by === 'host' ? 3 : 0 };
  },
  flamegraph(params) {
    const { query, service, type, from, until, now } = question(params);
    let seconds = 0;
    for (let at = from; at < until; at += 10_000)
      if (watched(service, at, now)) seconds += Math.min(10, (until - at) / 1000);
    const base = { query, type, ...unitOf(type), from, until };
    if (seconds === 0 || play.empty || !typesOf(service).includes(type)) {
      const lastSeen = service === 'quiet' ? now - 24 * HOUR : null;
      const message = lastSeen
        ? `${service} sent its last profile on ${new Date(lastSeen).toISOString().slice(0, 16).replace('T', ' ')} UTC.`
        : 'No profile of this kind has ever come in.';
      const graph = {
        version: 1,
        strings: [''],
        boxes: { function: [0], module: [0], file: [0] },
        nodes: { depth: [0], box: [0], self: [0] },
        hidden: [],
      };
      return {
        ...base,
        profiles: 0,
        seconds: 0,
        total: 0,
        graph,
        notes: [{ code: 'no_data', message, lastSeen }],
      };
    }
    const graph = graphFor(service, type, seconds);
    const focus = params.has('focus') ? Math.max(0, findByPathId(graph, params.get('focus'))) : 0;
    const trimmed = trim(graph, { minShare: Number(params.get('min') ?? 1 / 2000), focus });
    const notes = [];
    if (service === 'worker' && type === CPU) {
      const message =
        'worker was on the CPU for 0.4 % of the time that was watched: it mostly waits. Wall time shows for what.';
      notes.push({
        code: 'mostly_waiting',
        message,
        type: 'wall:wall:nanoseconds:wall:nanoseconds',
        share: 0.004,
      });
    }
    if (service === 'legacy') {
      const message =
        "Measured by nylas' sampler, which sees 33 to 45 % of the true CPU time: shares are right, totals are low.";
      notes.push({ code: 'nylas_sampler', message });
    }
    return {
      ...base,
      profiles: Math.ceil(seconds / 10),
      seconds,
      total: graph.total[0],
      graph: encodeFlameGraph(trimmed),
      notes,
    };
  },
};

const CSP =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
const MEDIA = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

async function file(path, response) {
  const name = path === '/' ? '/index.html' : path;
  const body = await readFile(new URL(`../dist${name}`, import.meta.url)).catch(() => undefined);
  const type = MEDIA[extname(name)] ?? 'text/plain';
  response.writeHead(body ? 200 : 404, { 'content-type': type, 'content-security-policy': CSP });
  response.end(body ?? 'not found');
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (url.pathname === '/mock') {
    play.empty = url.searchParams.has('empty');
    play.down = url.searchParams.has('down');
    play.delay = Number(url.searchParams.get('delay') ?? 0);
    response.end('ok\n');
    return;
  }
  if (!url.pathname.startsWith('/api/')) return file(url.pathname, response);
  if (play.down) return request.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, play.delay));
  const route = routes[url.pathname.replace('/api/v1/', '')];
  let status = 200;
  let body;
  try {
    if (!route) throw new Bad('not_found', `There is no ${url.pathname}.`);
    body = route(url.searchParams);
  } catch (error) {
    if (!(error instanceof Bad)) throw error;
    status = 400;
    body = { error: { code: error.code, message: error.message, parameter: error.parameter } };
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
});
server.listen(Number(options.port), '127.0.0.1', () =>
  console.log(`mock API at http://127.0.0.1:${options.port}`),
);
