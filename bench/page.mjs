/**
 * The page in headless Chromium, by tracing, and speedscope on the same profile beside it:
 *
 *     npm run build && node bench/page.mjs [--nodes 1000000] [--speedscope DIR]
 *
 * DIR is speedscope's `dist/release` (npm pack speedscope, unpacked); without it the page is measured alone. Printed are
 * milliseconds of the main thread's work (script, layout, painting) for each frame while the picture is zoomed and moved,
 * the time from navigation to the first picture, and the heap after a collection. There is no GPU: rasterising is not in it.
 */
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { startChild } from './support/child.mjs';

const { values: options } = parseArgs({
  options: { nodes: { type: 'string', default: '1000000' }, speedscope: { type: 'string' } },
});
const scratch = mkdtempSync(join(tmpdir(), 'everflame-bench-page-'));
const file = join(scratch, 'large.folded.txt');
const root = fileURLToPath(new URL('..', import.meta.url));
const server = startChild(process.execPath, [
  join(root, 'packages/server/bin/everflame.cjs'),
  ...['serve', '--listen', '127.0.0.1:0', '--no-self-profile', '--data', join(scratch, 'data')],
]);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--js-flags=--expose-gc'],
});
try {
  writeFileSync(file, foldedStacks(Number(options.nodes)));
  const url = await addressOf();
  await pushService(url);
  await navigation(url);
  await measure('everflame', `${url}/?view=open`, '.flame-stage', { ctrl: true });
  await table(url);
  if (options.speedscope && existsSync(options.speedscope)) {
    const other = await serveFiles(options.speedscope);
    await measure('speedscope', other.url, 'canvas', { ctrl: true });
    other.close();
  }
} finally {
  await browser.close();
  await server.end();
  rmSync(scratch, { recursive: true, force: true });
}

/** About `nodes` boxes: 40 frames deep, each place with its own few callees, as text. */
function foldedStacks(/** @type {number} */ nodes) {
  const lines = [];
  let state = 7;
  const random = (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let made = 0;
  while (made < nodes) {
    const depth = 12 + random(28);
    const shared = 4 + random(7);
    const frames = Array.from({ length: depth }, (_, d) =>
      d < shared ? `pkg${d}.f${random(2 + d)}` : `pkg${random(40)}.f${random(900)}`,
    );
    made += depth - shared;
    lines.push(`${frames.join(';')} ${1 + random(50)}`);
  }
  return `${lines.join('\n')}\n`;
}

async function addressOf() {
  for (;;) {
    const match = /Page\s+(https?:\S+)/.exec(server.log());
    if (match) return match[1];
    if (server.ended()) throw new Error(server.log());
    await new Promise((wait) => setTimeout(wait, 100));
  }
}

/** A service with an hour of profiles: what somebody opens the page for. */
async function pushService(/** @type {string} */ url) {
  const body = foldedStacks(20_000);
  const now = Math.floor(Date.now() / 1000);
  for (let from = now - 3600; from < now; from += 120) {
    await fetch(`${url}/ingest?name=shop&from=${from}&until=${from + 60}`, { method: 'POST', body });
  }
}

/** From the start of a navigation to the first flame graph, the server and its caches warm. */
async function navigation(/** @type {string} */ url) {
  const times = [];
  for (let i = 0; i < 6; i++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${url}/?query=shop&from=-1h`);
    const ms = await page.evaluate(async () => {
      const drawn = () => {
        const canvas = document.querySelector('.flame-window canvas');
        return canvas instanceof HTMLCanvasElement && canvas.height > 20;
      };
      while (!drawn()) await new Promise((next) => requestAnimationFrame(next));
      return performance.now();
    });
    if (i > 0) times.push(ms);
    await page.close();
  }
  print('first picture after navigation', times, 'ms');
}

/**
 * @param {string} name
 * @param {string} url
 * @param {string} sign
 * @param {{ ctrl: boolean }} how
 */
async function measure(name, url, sign, { ctrl }) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  const started = Date.now();
  const input = page.locator('input[type=file]').first();
  await input.waitFor({ state: 'attached' });
  await input.setInputFiles(file);
  await page.locator(sign).first().waitFor({ timeout: 180_000 });
  await page.waitForTimeout(4000);
  console.log(`${name}: opened in about ${((Date.now() - started - 4000) / 1000).toFixed(1)} s`);
  const box = await page.locator(sign).first().boundingBox();
  if (!box) throw new Error(`${name}: nothing is drawn`);
  await page.mouse.move(box.x + box.width * 0.45, box.y + Math.min(200, box.height / 2));
  if (ctrl) await page.keyboard.down('Control');
  const zooming = await frames(page, () => page.mouse.wheel(0, -60));
  const out = await frames(page, () => page.mouse.wheel(0, 60));
  if (ctrl) await page.keyboard.up('Control');
  print(`${name}: zooming in`, zooming, 'ms a frame');
  print(`${name}: zooming out`, out, 'ms a frame');
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize } = await client.send('Runtime.getHeapUsage');
  console.log(`${name}: ${((usedSize + (backingStorageSize ?? 0)) / 1e6).toFixed(0)} MB of heap and buffers`);
  await page.close();
}

/** Scrolling the table of the same file's functions. */
async function table(/** @type {string} */ url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}/?view=open`);
  await page.locator('input[type=file]').setInputFiles(file);
  await page.locator('.flame-stage').waitFor({ timeout: 180_000 });
  await page.getByRole('link', { name: 'Functions' }).click();
  await page.locator('.vgrid-row').first().waitFor();
  const rows = await page.locator('.vgrid').getAttribute('aria-rowcount');
  await page.locator('.vgrid').hover();
  print(
    `everflame: scrolling ${rows} rows`,
    await frames(page, () => page.mouse.wheel(0, 900)),
    'ms a frame',
  );
  await page.close();
}

/**
 * Main-thread work of each frame while something is done sixty times.
 *
 * @param {import('playwright-core').Page} page
 * @param {() => Promise<void>} act
 */
async function frames(page, act) {
  await browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
  for (let i = 0; i < 60; i++) {
    await act();
    await page.waitForTimeout(16);
  }
  /** @type {{ traceEvents: { name: string, ph: string, ts: number, dur?: number, pid: number, tid: number, args?: { name?: string } }[] }} */
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  // The thread that lays out is the page's; a task of it that paints, or that scripts ran in, is a frame's work.
  const layout = traceEvents.find(({ name }) => name === 'PrePaint' || name === 'UpdateLayerTree');
  const onMain = traceEvents.filter(
    ({ pid, tid, ph }) => ph === 'X' && pid === layout?.pid && tid === layout.tid,
  );
  const times = onMain
    .filter(({ name, dur = 0 }) => /RunTask$/.test(name) && dur > 500)
    .filter(({ ts, dur = 0 }) =>
      onMain.some(({ name, ts: at }) => name === 'PrePaint' && at >= ts && at <= ts + dur),
    )
    .map(({ dur = 0 }) => dur / 1000);
  return times;
}

/** @param {string} what @param {number[]} times @param {string} unit */
function print(what, times, unit) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  console.log(`${what}: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)} ${unit} (${times.length})`);
}

/** @param {string} dir */
async function serveFiles(dir) {
  const types = /** @type {Record<string, string>} */ ({
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
  });
  const files = createServer((request, response) => {
    const path = join(dir, normalize(new URL(request.url ?? '/', 'http://h').pathname));
    const found = path.endsWith('/') ? join(path, 'index.html') : path;
    response.setHeader('content-type', types[extname(found)] ?? 'application/octet-stream');
    createReadStream(found)
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise((listening) => files.listen(0, '127.0.0.1', () => listening(undefined)));
  const address = files.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => files.close() };
}
