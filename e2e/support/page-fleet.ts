import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CPU_TIME, encodePprof, ProfileBuilder } from '@everflame/profile';

const ROOT = join(import.meta.dirname, '..', '..');

/** Whoever takes pushes: the server that a test started. */
interface Sink {
  push(query: string, body: string | Uint8Array): Promise<Response>;
}

/** Stacks of a web shop, and how many samples of 10 ms a window of ten seconds has of each. */
const SHOP: Readonly<Record<string, number>> = {
  'main;serve(app.http);GET /orders(app.routes);load_orders(app.orders);fetch(db.pool);recv(socket)': 60,
  'main;serve(app.http);GET /orders(app.routes);load_orders(app.orders);to_rows(db.rows)': 90,
  'main;serve(app.http);GET /orders(app.routes);render(app.views);encode(json);escape(json)': 120,
  'main;serve(app.http);GET /orders(app.routes);render(app.views);template(jinja2)': 80,
  'main;serve(app.http);POST /cart(app.routes);price(app.pricing);discount(app.pricing);price(app.pricing)': 45,
  'main;serve(app.http);POST /cart(app.routes);price(app.pricing);round(decimal)': 70,
  'main;serve(app.http);read_request(app.http);parse_headers(app.http)': 40,
  'main;gc': 25,
  'main;idle': 5,
};

/** What version 1.8.0 does to it: escaping got five times as dear, and one new function appeared. */
const REGRESSION: Readonly<Record<string, number>> = {
  'main;serve(app.http);GET /orders(app.routes);render(app.views);encode(json);escape(json)': 600,
  'main;serve(app.http);GET /orders(app.routes);render(app.views);audit(app.audit)': 60,
};

export const CULPRIT = 'escape';
export const OLD_VERSION = '1.7.3';
export const NEW_VERSION = '1.8.0';
/** How long ago the new version came, in seconds. */
export const DEPLOYED_AGO = 1200;

const PPROF = '&format=pprof';

const NASTY = [
  '<img src=x onerror=alert(1)>',
  'функция',
  'دالة_طويلة',
  '函数',
  'परीक्षण',
  'x'.repeat(5000),
  '"quoted" & \'both\'',
];

/**
 * Services of every kind that the page must show: one that was deployed and got slower, ones that did not, one that
 * only waits, real profiles of a Go program, one with odd names, and one that was last seen a day ago.
 *
 * @param now unix time in seconds
 */
export async function pushFleet(sink: Sink, now = Math.floor(Date.now() / 1000)): Promise<void> {
  const pushes: (() => Promise<Response>)[] = [];
  const push = (name: string, from: number, body: string | Uint8Array, seconds = 10, format = '') =>
    pushes.push(() =>
      sink.push(`name=${encodeURIComponent(name)}&from=${from}&until=${from + seconds}${format}`, body),
    );

  for (let second = now - 3000; second < now - 10; second += 30) {
    const deployed = second >= now - DEPLOYED_AGO;
    const version = deployed ? NEW_VERSION : OLD_VERSION;
    for (const host of ['web-1', 'web-2', 'web-3']) {
      const load = (0.8 + 0.2 * wave(second, 600)) * (host === 'web-3' ? 0.5 : 1) * 3;
      const name = `shop{version=${version},host=${host},instance=${host}-a,language=python}`;
      push(name, second, pprof(deployed ? { ...SHOP, ...REGRESSION } : SHOP, load), 30, PPROF);
    }
    push('cart{language=go}', second, folded({ 'main;tiny': 60, 'main;add;lock': 25 }, 3), 30);
    push('search{language=java}', second, pprof(tree('search', 5, 4), 1.5 + wave(second, 900)), 30, PPROF);
  }
  for (let second = now - 900; second < now - 10; second += 30) {
    push('waiter', second, 'main;print 2\n');
    push('waiter.wall', second, 'main;wait_for_orders 998\nmain;print 2\n');
  }
  // The hour before, a day ago: search had half of the load, cart the same.
  for (let second = now - 86_400 - 3000; second < now - 86_400; second += 60) {
    push('search{language=java}', second, pprof(tree('search', 5, 4), 0.75), 60, PPROF);
    push('cart{language=go}', second, folded({ 'main;tiny': 60, 'main;add;lock': 25 }, 6), 60);
    push(`shop{version=${OLD_VERSION},host=web-1,language=python}`, second, pprof(SHOP, 14), 60, PPROF);
  }
  push('yesterday', now - 86_400, 'main;gone 100\n');
  push('names', now - 600, NASTY.map((name, i) => `main;${name.replaceAll(';', ',')} ${10 + i}\n`).join(''));
  push('single', now - 600, 'only 100\n');
  for (const kind of ['cpu', 'heap', 'goroutine', 'mutex']) {
    const file = join(ROOT, `packages/profile/src/formats/fixtures/go-${kind}.pb.gz`);
    push('gateway{language=go}', now - 300, readFileSync(file), 10, PPROF);
  }
  const queue = pushes.values();
  const worker = async () => {
    for (const send of queue) {
      const answer = await send();
      if (!answer.ok) throw new Error(`push: ${answer.status} ${await answer.text()}`);
    }
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}

/** Stacks as pprof, so that `function(module)` is both. */
function pprof(stacks: Readonly<Record<string, number>>, load: number): Uint8Array {
  const builder = new ProfileBuilder([CPU_TIME]);
  for (const [stack, count] of Object.entries(stacks)) {
    const frames = stack.split(';').map((text) => {
      const [, name = text, module = ''] = /^(.*)\((.*)\)$/.exec(text) ?? [];
      return builder.frame({ function: name, module });
    });
    builder.sample(builder.stack(frames), [BigInt(Math.round(count * load)) * 10_000_000n]);
  }
  return encodePprof(builder.build());
}

function folded(stacks: Readonly<Record<string, number>>, load: number): string {
  const lines = Object.entries(stacks).map(([stack, count]) => `${stack} ${Math.round(count * load)}`);
  return `${lines.join('\n')}\n`;
}

/** A tree whose boxes get smaller to the right, as a program's do. */
function tree(name: string, depth: number, width: number): Record<string, number> {
  const stacks: Record<string, number> = {};
  const grow = (path: string, level: number, weight: number) => {
    if (level === depth) {
      stacks[path] = weight;
      return;
    }
    for (let i = 0; i < width; i++) {
      grow(
        `${path};${name}_${'abcdef'[level]}${i}(${name}.part${(level + i) % 5})`,
        level + 1,
        weight / (i + 1.6),
      );
    }
  };
  grow('main', 0, 400);
  return stacks;
}

function wave(second: number, period: number): number {
  return Math.sin((second / period) * 2 * Math.PI);
}
