import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch, openPage, search, type WatchedPage, words } from './support/browser.ts';
import { TestServer, until } from './support/server.ts';

const NASTY = '<img src=x onerror=alert(1)>"&\'';
const ROW = 21;

let server: TestServer;
let browser: Browser;
let open: WatchedPage | undefined;

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launch();
  const now = Math.floor(Date.now() / 1000);
  const pushes: Promise<Response>[] = [];
  const push = (name: string, second: number, body: string) =>
    pushes.push(server.push(`name=${encodeURIComponent(name)}&from=${second}&until=${second + 10}`, body));
  for (let second = now - 600; second < now - 10; second += 10) {
    for (const host of ['web-1', 'web-2']) {
      push(
        `shop{host=${host}}`,
        second,
        `main;serve;parse;scan 300\nmain;serve;render 150\nmain;serve;${NASTY} 40\nmain;idle 10\n`,
      );
    }
    push('cart', second, 'main;tiny 20\n');
    push('waiter', second, 'main;print 2\n');
    push('waiter.wall', second, 'main;wait_for_orders 998\nmain;print 2\n');
  }
  push('yesterday', now - 86_400, 'main;gone 100\n');
  for (const answer of await Promise.all(pushes)) expect(answer.status).toBe(200);
});

afterEach(async () => {
  const complaints = open?.complaints ?? [];
  await open?.page.context().close();
  open = undefined;
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

async function visit(path: string, options?: Parameters<typeof openPage>[2]): Promise<Page> {
  open = await openPage(browser, server.url + path, options);
  return open.page;
}

const picture = (page: Page) => page.locator('.flame-stage').waitFor();
const becomes = (page: Page, what: string | RegExp) =>
  until(`${what} in ${search(page)}`, 10, async () =>
    typeof what === 'string' ? search(page).includes(what) : what.test(search(page)),
  );

/** Clicks the box at `x` (a share of the width) in a row, the root's being 0. */
async function clickBox(page: Page, x: number, row: number): Promise<void> {
  const stage = await page.locator('.flame-stage').boundingBox();
  if (!stage) throw new Error('there is no flame graph');
  await page.mouse.click(stage.x + stage.width * x, stage.y + ROW * row + ROW / 2);
}

describe('the page', () => {
  it('answers the old address with the busiest service', async () => {
    const page = await visit('/?from=-15minutes');
    await picture(page);
    expect(search(page)).toContain('query=shop');
    expect(search(page)).toContain('from=-15minutes');
    expect(await page.title()).toBe('shop · CPU time · Everflame');
    expect(await words(page.locator('.timeline'))).toMatch(/(0.9\d cores|1 core) CPU time/);
  });

  it('zooms by mouse and comes back, by Escape and by the browser', async () => {
    const page = await visit('/?query=shop');
    await picture(page);
    await clickBox(page, 0.3, 3);
    await becomes(page, /focus=[0-9a-f]{16}/);
    const zoomed = search(page);
    expect(await words(page.locator('.crumb-here'))).toContain('parse');
    await page.goBack();
    await until('back', 5, async () => !search(page).includes('focus'));
    await page.goForward();
    await becomes(page, zoomed);
    await page.keyboard.press('Escape');
    await until('out', 5, async () => !search(page).includes('focus'));
    // The address of a zoomed picture is a link to it.
    await page.goto(`${server.url}/${new URL(page.url()).search}&${zoomed.match(/focus=\w+/)?.[0]}`);
    await page.locator('.crumb-here').waitFor();
    expect(await words(page.locator('.crumb-here'))).toContain('parse');
  });

  it('can be used with the keyboard alone', async () => {
    const page = await visit('/?query=shop');
    await picture(page);
    await page.keyboard.press('/');
    await page.keyboard.type('parse');
    await becomes(page, 'search=parse');
    await until('what matches', 5, async () => /60 %/.test(await words(page.locator('#search-result'))));
    await page.keyboard.press('Escape');
    await until('cleared', 5, async () => !search(page).includes('search'));
    await page.locator('.flame-grid').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await becomes(page, 'focus=');
    await page.keyboard.press('Backspace');
    await until('out', 5, async () => !search(page).includes('focus'));
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('says name, module, self and total under the pointer', async () => {
    const page = await visit('/?query=shop');
    await picture(page);
    const stage = await page.locator('.flame-stage').boundingBox();
    if (!stage) throw new Error('there is no flame graph');
    await page.mouse.move(stage.x + stage.width * 0.3, stage.y + ROW * 3.5);
    const card = page.locator('.card');
    await card.waitFor();
    expect(await words(card)).toMatch(/parse .*Total .*min.* 60 %.*Self 0 s 0 %/);
  });

  it('shows names as they are, and runs nothing in them', async () => {
    const page = await visit(`/?query=shop&search=${encodeURIComponent('<img')}`);
    await picture(page);
    await until('the match', 5, async () => /8 %/.test(await words(page.locator('#search-result'))));
    expect(await page.locator('img').count()).toBe(0);
  });

  it('selects a range by dragging, and goes back', async () => {
    const page = await visit('/?query=shop');
    await picture(page);
    const chart = await page.locator('.chart-picture').boundingBox();
    if (!chart) throw new Error('there is no timeline');
    await page.mouse.move(chart.x + chart.width * 0.5, chart.y + 30);
    await page.mouse.down();
    await page.mouse.move(chart.x + chart.width * 0.8, chart.y + 30, { steps: 5 });
    await page.mouse.up();
    await becomes(page, /from=\d{13}&until=\d{13}/);
    await page.keyboard.press('Escape');
    await until('all of it', 5, async () => !/until=\d{13}/.test(search(page)));
  });

  it('splits by a label and narrows to a value', async () => {
    const page = await visit('/?query=shop&by=host');
    await until('two groups', 10, async () => (await page.locator('.legend li').count()) === 2);
    await page.locator('.legend button').first().click();
    await becomes(page, 'query=shop{host="web-');
  });

  it('says of a service that waits that it waits, and leads to where', async () => {
    const page = await visit('/?query=waiter');
    const banner = page.locator('.banner');
    await banner.waitFor();
    expect(await words(banner)).toMatch(/0\.2 %[\s\S]*waits/);
    await banner.getByRole('button').click();
    await becomes(page, 'type=wall:wall:nanoseconds:wall:nanoseconds');
    await picture(page);
    await page.keyboard.press('/');
    await page.keyboard.type('wait_for_orders');
    await until('its wait', 5, async () => /99\.8 %/.test(await words(page.locator('#search-result'))));
  });

  it('says why it is empty, and leads to where there is something', async () => {
    const page = await visit('/?query=yesterday');
    await page
      .getByText(/no profile|nothing/i)
      .first()
      .waitFor();
    await page.locator('.panel .button').first().click();
    await picture(page);
    expect(await page.locator('.panel').count()).toBe(0);
  });

  it('shows what arrives meanwhile, without losing the picture', { timeout: 60_000 }, async () => {
    const page = await visit('/?query=cart');
    await picture(page);
    const now = Math.floor(Date.now() / 1000);
    await server.push(`name=cart&from=${now - 10}&until=${now}`, 'main;newcomer 5000\n');
    await page.keyboard.press('/');
    await page.keyboard.type('newcomer');
    await until('the new function', 30, async () => {
      expect(await page.locator('.flame-stage').count()).toBe(1);
      return / \d\d(\.\d)? %/.test(` ${await words(page.locator('#search-result'))}`);
    });
  });
});

describe('without anything stored', () => {
  it('says how to begin, and becomes the page when the first profile is there', {
    timeout: 90_000,
  }, async () => {
    await using empty = await TestServer.start();
    const own = await openPage(browser, empty.url);
    await own.page.locator('.first-steps').waitFor();
    const text = await words(own.page.locator('.first-steps'));
    expect(text).toContain('everflame-run');
    expect(text).toContain(empty.url);
    await empty.push('name=first', 'main;work 100\n');
    await own.page.locator('.flame-stage').waitFor({ timeout: 30_000 });
    expect(own.complaints).toEqual([]);
    await own.page.context().close();
  });

  it('says when the server is gone, keeps the picture, and comes back', { timeout: 120_000 }, async () => {
    const first = await TestServer.start();
    await first.push('name=stays', 'main;work 100\n');
    const own = await openPage(browser, `${first.url}/?query=stays`);
    await own.page.locator('.flame-stage').waitFor();
    await first.end();
    await own.page.getByText('does not answer').waitFor({ timeout: 40_000 });
    expect(await own.page.locator('.flame-stage').count()).toBe(1);
    await using again = await TestServer.start({
      dataDir: first.dataDir,
      args: ['--listen', new URL(first.url).host],
    });
    expect(again.url).toBe(first.url);
    await own.page.getByText('does not answer').waitFor({ state: 'hidden', timeout: 60_000 });
    await own.page.context().close();
  });
});

describe.each([
  ['desktop', { width: 1440, height: 900 }],
  ['phone', { width: 390, height: 844 }],
] as const)('on a %s', (_device, viewport) => {
  it.each(['light', 'dark'] as const)('fits the screen, %s', async (colorScheme) => {
    const page = await visit('/?query=shop', { viewport, colorScheme, hasTouch: viewport.width < 500 });
    await picture(page);
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const [red] = /\d+/.exec(String(background)) ?? [];
    expect(Number(red) > 128).toBe(colorScheme === 'light');
  });
});
