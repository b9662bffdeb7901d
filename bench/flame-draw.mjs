/**
 * How long one frame of the flame graph takes with a million boxes, in headless Chromium without a GPU:
 *
 *     npx tsc -b packages/profile && npm run build -w @everflame/web && node bench/flame-draw.mjs
 *
 * Plays the page against packages/web/dev/mock-server.mjs with nothing trimmed, clicks its way in, out, and down the
 * page, and prints milliseconds of script and canvas calls per animation frame.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PORT = 5598;
const ROW = 21;
const mock = fileURLToPath(new URL('../packages/web/dev/mock-server.mjs', import.meta.url));
const server = spawn(process.execPath, [mock, '--port', String(PORT)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(server.stdout, 'data');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.route('**/flamegraph*', (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('min', '0');
    return route.continue({ url: url.href });
  });
  await page.addInitScript(() => {
    const ask = window.requestAnimationFrame.bind(window);
    window.frameTimes = [];
    window.requestAnimationFrame = (draw) =>
      ask((now) => {
        const start = performance.now();
        draw(now);
        window.frameTimes.push(performance.now() - start);
      });
  });
  const report = async (what) => {
    const times = await page.evaluate(() => window.frameTimes.splice(0));
    times.sort((a, b) => a - b);
    const at = (share) => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1).padStart(6);
    console.log(
      `${what.padEnd(12)} ${String(times.length).padStart(3)} frames  median ${at(0.5)}  p95 ${at(0.95)} ms`,
    );
  };
  await page.goto(`http://127.0.0.1:${PORT}/?query=million&from=-1h`);
  await page.waitForSelector('.flame-stage canvas', { timeout: 120_000 });
  await page.waitForTimeout(3000);
  await page.evaluate(() => window.frameTimes.splice(0));
  const stage = await page.locator('.flame-stage').boundingBox();
  for (const [x, row] of [
    [0.4, 6],
    [0.5, 9],
    [0.5, 11],
  ]) {
    await page.mouse.click(stage.x + x * stage.width, stage.y + row * ROW + 8);
    await page.waitForTimeout(1500);
    await report(`zoom in, ${row}`);
  }
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Escape');
    await page.waitForTimeout(1500);
    await report('zoom out');
  }
  for (let y = 0; y < 900; y += 15) {
    await page.evaluate((to) => scrollTo(0, to), y);
    await page.waitForTimeout(20);
  }
  await report('scroll');
  for (let x = 0; x < 1200; x += 10) await page.mouse.move(stage.x + x, 500);
  await report('hover');
  await page.locator('#search').fill('execute');
  await page.waitForTimeout(2500);
  console.log(await page.locator('#search-result').textContent());
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const bytes = await page.evaluate(() => performance.memory.usedJSHeapSize);
  console.log(`heap after collection: ${(bytes / 1e6).toFixed(0)} MB`);
} finally {
  await browser.close();
  server.kill();
}
