import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePprof, flameGraphOf } from '@everflame/profile';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { launch, openPage, search, type WatchedPage, words } from './support/browser.ts';
import { inEngine } from './support/engine.ts';
import { FakeAgent } from './support/fake-agent.ts';
import { CULPRIT, NEW_VERSION, pushFleet } from './support/page-fleet.ts';
import { ROOT, TestServer, until } from './support/server.ts';

let server: TestServer;
let browser: Browser;
let open: WatchedPage | undefined;

beforeAll(async () => {
  const config = join(mkdtempSync(join(tmpdir(), 'everflame-views-')), 'everflame.yaml');
  writeFileSync(config, 'cost: {core_hour: 0.05, currency: EUR}\n');
  server = await TestServer.start({ args: ['--config', config] });
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
  ['functions', '/?query=shop&from=-1h&view=table', '.vgrid-row'],
  ['call tree', '/?query=shop&from=-1h&view=tree', '.vgrid-row'],
  ['sandwich', '/?query=shop&from=-1h&view=sandwich', '.flame-stage'],
  ['fleet', '/?view=fleet&from=-1h', '.vgrid-row'],
  ['profiles', '/?query=shop&from=-1h&view=profiles', '.vgrid-row'],
  ['open', '/?view=open', '.open-zone'],
  ['comparison', '/?query=shop&from=-15minutes&view=diff', '.change-columns .vgrid-row'],
];

it.each(VIEWS)('%s: axe finds nothing, in both themes, and it fits a phone', async (_name, path, sign) => {
  const page = await visit(path);
  await page.locator(sign).first().waitFor();
  expect(await axe(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await until('the dark theme', 5, async () =>
    page.evaluate('document.documentElement.dataset.theme === "dark"'),
  );
  expect(await axe(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await until('a page as wide as the screen', 5, async () =>
    page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
  );
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

  it('explores every label: what a value is worth, and narrowing to it', async () => {
    const page = await visit('/?query=shop&from=-1h&by=*');
    const hosts = page.locator('.explorer-label', {
      has: page.getByRole('button', { name: 'host', exact: true }),
    });
    await until('three hosts', 10, async () => (await hosts.locator('li').count()) === 3);
    // Two full ones and one of half their load.
    expect((await words(hosts)).match(/[\d.]+ %/g)).toEqual(['40 %', '40 %', '20 %']);
    expect(await axe(page)).toEqual([]);
    await hosts.locator('li button').last().click();
    await becomes(page, 'query=shop{host="web-3"}');
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

/** The first cells of the rows that are seen. */
const firstCells = (page: Page, grid = '.vgrid') =>
  page.locator(`${grid} .vgrid-row .fn-name`).allInnerTexts();

describe('the flame graph', () => {
  it('is a tree grid for those who do not see it, in step with the keys', async () => {
    const page = await visit('/?query=shop&from=-1h');
    await page.locator('.flame-stage').waitFor();
    const grid = page.locator('.flame-grid');
    await grid.focus();
    const active = async () => {
      const id = await grid.getAttribute('aria-activedescendant');
      return words(page.locator(`#${id}`));
    };
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    await until('the largest callee', 5, async () => /^GET \/orders, app\.routes/.test(await active()));
    expect(await active()).toMatch(/ min.*, \d+(\.\d)? % of all ?self 0 s$/);
    const row = page.locator('.flame-grid [aria-selected=true]');
    expect(await row.getAttribute('aria-level')).toBe('4');
    expect(await row.getAttribute('aria-setsize')).toBe('3');
    await page.keyboard.press('ArrowUp');
    await until('its caller', 5, async () => /^serve, app\.http/.test(await active()));
    await page.keyboard.press('Enter');
    await becomes(page, 'focus=');
  });

  it('steps through what a search found', async () => {
    const page = await visit('/?query=shop&from=-1h&search=/^price/');
    await page.locator('.flame-stage').waitFor();
    await until('both places', 5, async () => /2 boxes/.test(await words(page.locator('#search-result'))));
    const at = () => page.locator('.flame-grid').getAttribute('aria-activedescendant');
    await page.keyboard.press('n');
    await until('the first', 5, async () => /^price/.test(await words(page.locator(`#${await at()}`))));
    const first = await at();
    await page.keyboard.press('n');
    await until('the second', 5, async () => (await at()) !== first);
    await page.keyboard.press('N');
    await until('the first again', 5, async () => (await at()) === first);
  });

  it('says what it cannot read in a pattern', async () => {
    const page = await visit('/?query=shop&from=-1h&search=/(/');
    await page.getByText(/not a regular expression/i).waitFor();
  });

  it('turns over and is coloured otherwise, in the address', async () => {
    const page = await visit('/?query=shop&from=-1h');
    await page.locator('.flame-stage').waitFor();
    const picture = () => page.locator('.flame-window canvas').first().screenshot();
    const before = await picture();
    await page.keyboard.press('f');
    await becomes(page, 'root=foot');
    const turned = await picture();
    expect(turned.equals(before)).toBe(false);
    await page.getByLabel('Colour by').selectOption('self');
    await becomes(page, 'colour=self');
    await until('other colours', 5, async () => !(await picture()).equals(turned));
  });

  it('shows names in every script as they are', async () => {
    const page = await visit('/?query=names&from=-1h&view=table');
    await page.locator('.vgrid-row').first().waitFor();
    const names = await firstCells(page);
    for (const name of ['<img src=x onerror=alert(1)>', 'функция', 'دالة_طويلة', '函数', 'परीक्षण'])
      expect(names).toContain(name);
    expect(Math.max(...names.map((name) => name.length))).toBe(5000);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('draws a graph of one box, and real profiles of every type', async () => {
    const page = await visit('/?query=single&from=-1h');
    await page.locator('.flame-stage').waitFor();
    await page.goto(`${server.url}/?query=gateway&from=-1h&type=memory:inuse_space:bytes:space:bytes`);
    await page.locator('.flame-stage').waitFor();
    expect(await words(page.locator('.crumbs'))).toMatch(/Heap in use .*iB on average/);
  });
});

describe('what is done to the picture', () => {
  it('stacks up in the address, and is undone one by one', async () => {
    const page = await visit('/?query=shop&from=-1h&view=table');
    await page.locator('.vgrid-row').first().waitFor();
    await page.locator('.vgrid-row', { hasText: 'encode' }).click({ button: 'right' });
    const menu = page.getByRole('menu');
    expect(await axe(page)).toEqual([]);
    await menu.getByRole('menuitem', { name: 'Only this function' }).click();
    await becomes(page, 'do=focus:encode(json)');
    await until('two functions', 5, async () => (await firstCells(page)).length === 2);
    await page.locator('.vgrid').focus();
    await page.keyboard.press('m');
    await menu.waitFor();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    await page.keyboard.press('m');
    await menu.getByRole('menuitem', { name: 'Merge it into its callers' }).click();
    await until('one function', 5, async () => (await firstCells(page)).join() === 'encode');
    expect(await page.locator('.transforms li').allInnerTexts()).toHaveLength(2);
    await page.keyboard.press('u');
    await until('undone', 5, async () => (await firstCells(page)).length === 2);
    await page.goBack();
    await until('back', 5, async () => (await firstCells(page)).length === 1);
    await page.goto(`${server.url}/?v=1&query=shop&from=-1h&view=table&do=hide:escape(json)`);
    await page.locator('.vgrid-row').first().waitFor();
    expect(await firstCells(page)).not.toContain('escape');
  });

  it('is what it says: each transform, by what is on top of the table', async () => {
    const page = await visit('/?query=shop&from=-1h&view=table');
    for (const [transform, first, other] of [
      ['invert', 'main', 'escape'],
      ['module:json', 'render', 'to_rows'],
      ['merge:escape(json)', 'encode', 'to_rows'],
      ['only:json', 'escape', 'encode'],
      ['collapse', 'escape', 'to_rows'],
      ['trim:0.2', 'escape', 'GET /orders'],
    ]) {
      await page.goto(`${server.url}/?query=shop&from=-1h&view=table&do=${encodeURIComponent(transform)}`);
      await page.locator('.transforms li').waitFor();
      await page.locator('.vgrid-row').first().waitFor();
      const names = await firstCells(page);
      expect([transform, names[0]]).toEqual([transform, first]);
      expect(names).toContain(other);
    }
  });
});

describe('the table of functions', () => {
  it('sorts, filters and leads to callers and callees', async () => {
    const page = await visit('/?query=shop&from=-1h&view=table');
    await page.locator('.vgrid-row').first().waitFor();
    expect((await firstCells(page))[0]).toBe('escape');
    await page.getByRole('button', { name: 'Total' }).click();
    await becomes(page, 'sort=total');
    await until('main', 5, async () => (await firstCells(page))[0] === 'main');
    await page.keyboard.press('/');
    await page.keyboard.type('price');
    await until('one row', 5, async () => (await firstCells(page)).join() === 'price');
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Enter');
    await becomes(page, 'view=sandwich');
    await until('the function', 5, async () => (await words(page.locator('.sandwich-what h2'))) === 'price');
    expect(await words(page.locator('.sandwich-what'))).toMatch(/app\.pricing .* in 2 places/);
    expect(await page.locator('.flame-stage').count()).toBe(2);
  });

  it('has only what is seen in the document', async () => {
    const page = await visit('/?query=search&from=-1h&view=tree');
    await page.locator('.vgrid-row').first().waitFor();
    await page.locator('.vgrid').focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press(i % 2 ? 'ArrowDown' : 'ArrowRight');
    expect(await page.locator('.vgrid-row').count()).toBeLessThan(80);
    expect(Number(await page.locator('.vgrid').getAttribute('aria-rowcount'))).toBeGreaterThan(10);
  });
});

describe('the history of a function', () => {
  it('says when it got dear, and for which version', async () => {
    const page = await visit(`/?query=shop&from=-1h&view=sandwich&fn=${encodeURIComponent('escape(json)')}`);
    const history = page.locator('.history');
    await history.locator('.chart-line').first().waitFor();
    await history.getByLabel('by').selectOption('version');
    await until('both versions', 10, async () => (await history.locator('.legend li').count()) === 2);
    const shares = (await history.locator('.legend li').allInnerTexts()).map((text) =>
      text.replace(/\s+/g, ' '),
    );
    // 120 of 535 samples before, 600 of 1075 since.
    expect(shares.sort()).toEqual(['1.7.3 22.4 %', '1.8.0 55.8 %']);
  });
});

describe('the fleet', () => {
  it('ranks functions and modules over all services, in cores and money, and opens into services', async () => {
    const page = await visit('/?view=fleet&from=-1h');
    await page.locator('.vgrid-row').first().waitFor();
    expect(await words(page.locator('.fleet h1'))).toMatch(/cores in \d services, \d+(\.\d+)? EUR a month$/);
    const rows = await page.locator('.vgrid-row').allInnerTexts();
    const culprit = rows.find((row) => row.includes('escape'))?.replace(/\s+/g, ' ') ?? '';
    expect(culprit).toMatch(/escape ?json 0\.\d+ cores \d+(\.\d)? % .* EUR 1$/);
    await page.getByPlaceholder('Filter functions').fill('escape');
    await until('one row', 5, async () => (await page.locator('.vgrid-row').count()) === 1);
    await page.locator('.vgrid').focus();
    await page.keyboard.press('ArrowRight');
    await until('its service', 5, async () => (await page.locator('.vgrid-row').count()) === 2);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await becomes(page, 'view=sandwich&query=shop');
    await until('there', 10, async () => (await words(page.locator('.sandwich-what h2'))) === 'escape');
    await page.goto(`${server.url}/?view=fleet&from=-1h&by=module`);
    await page.locator('.vgrid-row', { hasText: 'app.pricing' }).waitFor();
  });
});

describe('single profiles', () => {
  it('are a heat map and a list; each opens alone, against all, and as a file', async () => {
    const page = await visit('/?query=shop&from=-1h&view=profiles');
    await page.locator('.vgrid-row').first().waitFor();
    const [, count] = /([\d,]+) profiles/.exec(await words(page.locator('.panel-bar'))) ?? [];
    const cells = await page.locator('.heat-cell title').allTextContents();
    const counted = cells.reduce((sum, text) => sum + Number(/^[\d,]+/.exec(text)?.[0].replace(',', '')), 0);
    expect(counted).toBe(Number(count.replace(',', '')));
    await page.locator('.heat-cell').last().click();
    await page.getByText(/in the cell/).waitFor();
    const waiting = page.waitForEvent('download');
    await page.locator('.single-actions button').first().click();
    const download = await waiting;
    expect(download.suggestedFilename()).toMatch(/^shop-.*\.pb$/);
    const profile = decodePprof(readFileSync(await download.path()));
    expect(flameGraphOf(profile).total[0]).toBeGreaterThan(1e9);
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Enter');
    await page.locator('.flame-stage').waitFor();
    await until('that profile alone', 10, async () =>
      (await words(page.locator('.crumbs'))).includes('from 1 profile over 30 s'),
    );
    await page.goBack();
    await page.locator('.single-actions a').first().click();
    await becomes(page, 'base=shop');
    await page.locator('.change-columns .vgrid-row').first().waitFor();
  });
});

describe('capture now', () => {
  it('looks at one process closely, and leads to exactly that profile', async () => {
    const agent = new FakeAgent(server.url, 'shop{instance="web-9-a"}', 'cpu').start(500);
    try {
      await until('the agent is known', 20, async () => {
        const { instances } = await server.json('/api/v1/instances?query=shop');
        return instances.length === 1;
      });
      const page = await visit('/?query=shop&from=-1h');
      await page.getByRole('button', { name: 'Capture now' }).click();
      expect(await axe(page)).toEqual([]);
      await page.getByLabel('Seconds').fill('1');
      await page.getByRole('button', { name: 'Capture', exact: true }).click();
      await page.getByRole('link', { name: 'Show the profile' }).click({ timeout: 20_000 });
      await becomes(page, 'query=shop{instance="web-9-a"}');
      await page.keyboard.press('2');
      await until('what was captured', 10, async () => (await firstCells(page))[0] === 'captured');
    } finally {
      await agent.stop();
    }
  });
});

describe('the call tree', () => {
  it('opens and closes by keys, and turns round', async () => {
    const page = await visit('/?query=shop&from=-1h&view=tree');
    await page.locator('.vgrid-row').first().waitFor();
    // The way that most of the time takes is open.
    expect((await firstCells(page)).slice(0, 4)).toEqual(['main', 'serve', 'GET /orders', 'render']);
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    await until('closed', 5, async () => (await firstCells(page)).join() === 'main');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await until('into it', 5, async () =>
      /^serve/.test(await words(page.locator('.vgrid-row[aria-selected=true]'))),
    );
    await page.getByRole('link', { name: 'From the functions up' }).click();
    await becomes(page, 'up=1');
    await until('the dearest function', 5, async () => (await firstCells(page))[0] === 'escape');
  });
});

describe('the comparison', () => {
  it('of two versions has the culprit on top', async () => {
    const page = await visit('/?query=shop&from=-1h');
    await page.locator('.chart-marks button').click();
    await page.locator('.change-columns .vgrid-row').first().waitFor();
    const [first, second] = await firstCells(page);
    expect([first, second]).toEqual([CULPRIT, 'audit']);
    const row = await words(page.locator('.change-columns .vgrid-row').first());
    // A selection by a label is not said to be of nylas' sampler.
    expect(await page.locator('.banner').count()).toBe(0);
    expect(row).toMatch(/\+0\.\d+ cores 0\.\d+ cores \d(\.\d+)? cores/);
    expect(await words(page.locator('.diff-summary'))).toMatch(/1\.7\.3.*1\.8\.0.*\+\d{2,3}(\.\d)? %/);
    await page.getByRole('link', { name: 'Shares' }).click();
    await becomes(page, 'relative=1');
    await until('shares', 5, async () =>
      /\+\d+(\.\d)? %/.test(await words(page.locator('.change-columns .vgrid-row').first())),
    );
    await page.getByRole('link', { name: 'Side by side' }).click();
    await until('two graphs', 5, async () => (await page.locator('.flame-stage').count()) === 2);
    expect(await axe(page)).toEqual([]);
  });

  it('of times shows both on the timeline, and takes another with Shift', async () => {
    const page = await visit('/?query=shop&from=-15minutes&view=diff');
    await page.locator('.change-columns .vgrid-row').first().waitFor();
    await until('both times', 5, async () => (await page.locator('.chart-band').count()) === 2);
    const chart = await page.locator('.chart-picture').boundingBox();
    if (!chart) throw new Error('there is no timeline');
    await page.keyboard.down('Shift');
    await page.mouse.move(chart.x + 40, chart.y + 40);
    await page.mouse.down();
    await page.mouse.move(chart.x + 240, chart.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await until('another time', 5, async () => /base-from=\d{13}&base-until=\d{13}/.test(search(page)));
    expect(search(page)).toContain('from=-15minutes');
  });

  it('with a time in which there was nothing says so', async () => {
    const page = await visit('/?query=single&from=-1h&view=diff&base-from=-5h&base-until=-4h');
    await page.getByText('There is nothing on the other side').waitFor();
  });
});

describe('a file', () => {
  const CPU_FILE = join(ROOT, 'packages/profile/src/formats/fixtures/go-heap.pb.gz');

  it('is opened, looked at in every way, and goes nowhere', async () => {
    const page = await visit('/?view=open');
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET') sent.push(request.url());
    });
    await page.locator('.open-zone').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.locator('input[type=file]').setInputFiles(CPU_FILE);
    await page.locator('.flame-stage').waitFor();
    expect(search(page)).toContain('file=go-heap.pb.gz');
    expect(await words(page.locator('.crumbs'))).toMatch(/iB/);
    const types = page.getByLabel('Profile type');
    await types.selectOption({ label: 'Allocated space' });
    await becomes(page, 'type=memory:alloc_space:bytes:space:bytes');
    await page.getByRole('link', { name: 'Functions' }).click();
    await page.locator('.vgrid-row').first().waitFor();
    const rows = await page.locator('.vgrid').getAttribute('aria-rowcount');
    expect(Number(rows)).toBeGreaterThan(5);
    await page.goBack();
    await page.locator('.flame-stage').waitFor();
    expect(sent).toEqual([]);
    // The address of a file that is not here says so, and how to go on.
    await page.reload();
    await page.getByText('go-heap.pb.gz is not open here').waitFor();
  });

  it('is compared with what is stored', async () => {
    const page = await visit('/?view=open');
    await page.locator('input[type=file]').setInputFiles({
      name: 'before.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('main;tiny 60\nmain;add;lock 25\nmain;dear 85\n'),
    });
    await page.locator('.flame-stage').waitFor();
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByLabel('Compared with').selectOption('cart');
    await page.locator('.change-columns .vgrid-row').first().waitFor();
    // The file says nothing of its time: shares are compared. It is this side; the store is the other.
    expect((await firstCells(page, '.change-columns'))[0]).toBe('dear');
    expect(await words(page.locator('.change-columns .vgrid-row').first())).toContain('+50 %');
  });

  it('can be dropped anywhere; one that is no profile is refused with what is wrong', async () => {
    const page = await visit('/');
    await page.locator('.services tbody tr').first().waitFor();
    const drop = (name: string, content: string) =>
      page.evaluate(
        ([file, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], file));
          for (const type of ['dragover', 'drop'])
            document.body.dispatchEvent(
              new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
            );
        },
        [name, content],
      );
    await drop('notes.txt', 'this is no profile at all\nnor this\n');
    await page.getByRole('alert').waitFor();
    expect(await words(page.getByRole('alert'))).toMatch(/notes\.txt: .*line 1/);
    await drop('stacks.txt', 'main;work 30\nmain;idle 10\n');
    await page.locator('.flame-stage').waitFor();
    expect(await words(page.locator('.crumbs'))).toContain('400 ms');
  });
});

describe('export', () => {
  it('saves what is shown, in every format', async () => {
    const page = await visit('/?query=shop&from=-1h&do=focus:price(app.pricing)');
    await page.locator('.flame-stage').waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    expect(await axe(page)).toEqual([]);
    const saved = async (name: string) => {
      const waiting = page.waitForEvent('download');
      await page.locator('.export-files').getByRole('button', { name, exact: true }).click();
      const download = await waiting;
      return { file: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const folded = await saved('Folded');
    expect(folded.file).toMatch(/^shop-cpu-\d{4}-.*\.folded\.txt$/);
    const lines = folded.bytes.toString().trim().split('\n').sort();
    expect(lines.map((line) => line.replace(/ \d+$/, ''))).toEqual([
      'price(app.pricing);discount(app.pricing);price(app.pricing)',
      'price(app.pricing);round(decimal)',
    ]);
    const total = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    const pprof = decodePprof((await saved('pprof')).bytes);
    expect(flameGraphOf(pprof).total[0]).toBe(total);
    const json = JSON.parse((await saved('JSON')).bytes.toString());
    expect(json.root.value).toBe(total);
    const speedscope = JSON.parse((await saved('speedscope')).bytes.toString());
    expect(speedscope.profiles[0].endValue).toBe(total);
    expect((await saved('SVG')).bytes.toString()).toMatch(/^<svg .*<title>price\(app\.pricing\): /s);
    const png = (await saved('PNG')).bytes;
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(3200);
  });

  it('says the question for a shell, and it answers the same', async () => {
    const page = await visit('/?query=cart&from=-1h&view=table');
    await page.locator('.vgrid-row').first().waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    const [curl, sql] = await page.locator('.export pre').allInnerTexts();
    const url = /'(.*)'/.exec(curl)?.[1] ?? '';
    const { root } = await (await fetch(url)).json();
    expect(root.children[0].name).toBe('main');
    expect(sql).toContain("service = 'cart'");
  });
});

// The last one: it stops the server.
it('says the question in SQL that the store answers with the same sum', async () => {
  const page = await visit('/?query=shop{version="1.8.0",host!="web-3"}&from=-50minutes&until=-2minutes');
  await page.locator('.flame-stage').waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  const [curl, sql] = await page.locator('.export pre').allInnerTexts();
  const { total } = await (await fetch(/'(.*)'/.exec(curl)?.[1] ?? '')).json();
  await page.goto('about:blank');
  await server.end();
  const [{ sum }] = inEngine<{ sum: string }>(
    server.dataDir,
    `SELECT toString(sum(value)) AS sum FROM (${sql})`,
  );
  expect(Number(sum)).toBe(total);
  expect(total).toBeGreaterThan(1e9);
});
