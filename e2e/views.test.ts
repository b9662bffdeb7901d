import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { launch, openPage, search, type WatchedPage, words } from './support/browser.ts';
import { NEW_VERSION, pushFleet } from './support/page-fleet.ts';
import { TestServer, until } from './support/server.ts';

let server: TestServer;
let browser: Browser;
let open: WatchedPage | undefined;

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launch();
  await pushFleet(server);
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

const becomes = (page: Page, what: string) =>
  until(`${what} in ${search(page)}`, 10, async () => search(page).includes(what));

/** Every view with what shows that it is there. */
const VIEWS: readonly (readonly [name: string, path: string, sign: string])[] = [
  ['home', '/', '.services tbody tr'],
  ['flame graph', '/?query=shop&from=-1h', '.flame-stage'],
];

describe.each(VIEWS)('%s', (_name, path, sign) => {
  it.each(['light', 'dark'] as const)('gives axe nothing to find, %s', async (colorScheme) => {
    const page = await visit(path, { viewport: { width: 1440, height: 900 }, colorScheme });
    await page.locator(sign).first().waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it('fits a phone', async () => {
    const page = await visit(path, { viewport: { width: 390, height: 844 }, hasTouch: true });
    await page.locator(sign).first().waitFor();
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
  });
});

describe('home', () => {
  const names = (page: Page) => page.locator('.services-link').allInnerTexts();

  it('lists all services, the busiest first, and says which changed most', async () => {
    const page = await visit('/');
    await page.locator('.services tbody tr').first().waitFor();
    const all = await names(page);
    expect(all).toHaveLength(8);
    expect(all).toContain('yesterday');
    expect(all.slice(0, 2).sort()).toEqual(['search', 'shop']);
    const most = page.locator('.home-most');
    expect(await words(most)).toMatch(/^search changed most: 1\.\d* cores more than a day ago \(\+\d+ %\)/);
    expect(await words(page.locator('tr', { hasText: 'cart' }))).toContain('about the same');
    expect(await words(page.locator('tr', { hasText: 'yesterday' }))).toMatch(
      /nothing in this range 1 day ago/,
    );
    await most.getByRole('link').click();
    await becomes(page, 'view=diff');
    expect(search(page)).toMatch(/query=search&.*base-from=\d+/);
  });

  it('sorts and filters, and leads to a service and back', async () => {
    const page = await visit('/');
    await page.locator('.services tbody tr').first().waitFor();
    await page.getByRole('button', { name: 'Service' }).click();
    await becomes(page, 'sort=service');
    const sorted = await names(page);
    expect(sorted).toEqual([...sorted].sort());
    await page.getByPlaceholder('Filter services').fill('java');
    await until('one service', 5, async () => (await names(page)).join() === 'search');
    await page.getByRole('link', { name: 'search', exact: true }).click();
    await page.locator('.flame-stage').waitFor();
    expect(await page.title()).toBe('search · CPU time · Everflame');
    await page.goBack();
    await page.locator('.services tbody tr').first().waitFor();
    expect(search(page)).toContain('sort=service');
    expect(await page.title()).toBe('Services · Everflame');
  });
});

describe('the shell', () => {
  it('goes anywhere from the palette, by keyboard alone', async () => {
    const page = await visit('/');
    await page.locator('.services tbody tr').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('sho');
    await until('the service', 5, async () =>
      /shop/.test(await words(page.locator('[role=option][aria-selected=true]'))),
    );
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('.flame-stage').waitFor();
    expect(search(page)).toContain('query=shop');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('looks dark');
    await page.keyboard.press('Enter');
    await becomes(page, 'theme=dark');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  });

  it('keeps looks and time zone in the address', async () => {
    const page = await visit('/?query=shop&from=-1h&theme=contrast&tz=Asia/Kolkata');
    await page.locator('.flame-stage').waitFor();
    expect(await page.evaluate('document.documentElement.dataset.contrast')).toBe('more');
    const zoned = await words(page.locator('.headline'));
    await page.getByRole('button', { name: 'Looks and time zone' }).click();
    await page.locator('.settings-zone select').selectOption('UTC');
    await becomes(page, 'tz=UTC');
    await until('another clock', 5, async () => (await words(page.locator('.headline'))) !== zoned);
    await page.getByLabel('Light').check();
    await becomes(page, 'theme=light');
    expect(await axe(page)).toEqual([]);
  });
});

describe('the timeline', () => {
  it('marks a new version', async () => {
    const page = await visit('/?query=shop&from=-1h');
    const mark = page.locator('.chart-marks button');
    await mark.waitFor();
    expect(await mark.allInnerTexts()).toEqual([NEW_VERSION]);
    await mark.click();
    await becomes(page, `query=shop{version="${NEW_VERSION}"}`);
    expect(search(page)).toContain('base=shop{version="1.7.3"}');
  });

  it('zooms by the wheel', async () => {
    const page = await visit('/?query=shop&from=-1h');
    const chart = await page.locator('.chart-picture').boundingBox();
    if (!chart) throw new Error('there is no timeline');
    await page.mouse.move(chart.x + chart.width / 2, chart.y + 40);
    await page.mouse.wheel(0, -300);
    await until('a shorter range', 10, async () => {
      const [, from, end] = /from=(\d+)&until=(\d+)/.exec(search(page)) ?? [];
      return Number(end) - Number(from) > 0 && Number(end) - Number(from) < 3_000_000;
    });
    await page.keyboard.press('Escape');
    await becomes(page, 'from=-1h');
  });
});
