import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch, openPage, search, type WatchedPage } from './support/browser.ts';
import { TestServer, until } from './support/server.ts';

const READ = 'read-secret-of-the-page';
const INGEST = 'ingest-secret-of-the-page';
const tokensOf = (read: string) => `tokens:
  - {name: people, token: ${read}, scope: read}
  - {name: agents, token: ${INGEST}, scope: ingest}
`;

const dir = mkdtempSync(join(tmpdir(), 'everflame-sign-in-'));
const file = join(dir, 'tokens.yaml');
let server: TestServer;
let browser: Browser;
let open: WatchedPage | undefined;
/** What the browser itself says about an answer that is 401 or 403; a test that causes one expects it. */
let refusals = 0;

beforeAll(async () => {
  writeFileSync(file, tokensOf(READ));
  server = await TestServer.start({ args: ['--tokens-file', file] });
  browser = await launch();
  const pushed = await server.push('name=shop', 'main;work 30\nmain;idle 5\n', {
    authorization: `Bearer ${INGEST}`,
  });
  expect(pushed.status).toBe(200);
});

afterEach(async () => {
  const complaints = open?.complaints ?? [];
  await open?.page.context().close();
  open = undefined;
  const expected = complaints.filter((text) => /status of 40[13]/.test(text));
  expect(complaints.filter((text) => !expected.includes(text))).toEqual([]);
  expect(expected).toHaveLength(refusals);
  refusals = 0;
});

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

async function visit(path: string): Promise<Page> {
  open = await openPage(browser, server.url + path);
  return open.page;
}

const door = (page: Page) => page.getByRole('heading', { name: 'Sign in' }).waitFor();
const picture = (page: Page) => page.locator('.flame-stage').waitFor();

describe('the page of a server with tokens', () => {
  it('asks for a token, by keyboard alone, and goes on where its address says', async () => {
    const page = await visit('/?query=shop&from=-5minutes');
    await door(page);
    expect(await page.title()).toBe('Sign in · Everflame');
    const field = page.getByLabel('Token');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await field.getAttribute('type')).toBe('password');
    await page.keyboard.type(READ);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in');
    await page.keyboard.press('Enter');
    await picture(page);
    expect(search(page)).toContain('query=shop');
    expect(search(page)).toContain('from=-5minutes');
    expect(await page.title()).toContain('shop');
    expect(page.url()).not.toContain(READ);

    // The session is the browser's: a reload asks for nothing, and no script can read it.
    await page.reload();
    await picture(page);
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).toBe(
      '[{},{}]',
    );
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({
      name: 'everflame_session',
      httpOnly: true,
      sameSite: 'Strict',
      expires: -1,
    });
  });

  it('says what is wrong with a token, and keeps the field', async () => {
    const page = await visit('/?query=shop');
    await door(page);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert');
    await alert.filter({ hasText: 'does not know this token' }).waitFor();
    const field = page.getByLabel('Token');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    // What was wrong is selected: the next try replaces it.
    await page.keyboard.type(INGEST);
    await page.keyboard.press('Enter');
    await alert.filter({ hasText: 'pushes only' }).waitFor();
    refusals = 2;
    await page.keyboard.type(READ);
    await page.keyboard.press('Enter');
    await picture(page);
  });

  it('asks nothing before somebody has signed in', async () => {
    const page = await visit('/?query=shop');
    await door(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.waitForTimeout(4000);
    expect(asked).toEqual([]);
  });

  it('signs out, and shows nothing any more', async () => {
    const page = await visit('/?query=shop');
    await door(page);
    await page.keyboard.type(READ);
    await page.keyboard.press('Enter');
    await picture(page);
    const cookies = await page.context().cookies();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await door(page);
    expect(await page.locator('.flame-stage').count()).toBe(0);
    expect(await page.context().cookies()).toEqual([]);
    const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
    expect((await fetch(`${server.url}/api/v1/services`, { headers })).status).toBe(401);
  });

  it('asks again when the token is taken out of service, and goes on with the new one', async () => {
    const page = await visit('/?query=shop&from=-15minutes');
    await door(page);
    await page.keyboard.type(READ);
    await page.keyboard.press('Enter');
    await picture(page);
    const renewed = 'renewed-secret-of-the-page';
    writeFileSync(file, tokensOf(renewed));
    // The clock of the live page asks every ten seconds.
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 20_000 });
    await page.waitForTimeout(500);
    refusals = open?.complaints.length ?? 0;
    expect(refusals).toBeGreaterThan(0);
    expect(await page.locator('.flame-stage').count()).toBe(0);
    await page.keyboard.type(renewed);
    await page.keyboard.press('Enter');
    await picture(page);
    expect(search(page)).toContain('query=shop');
    expect(await page.getByRole('alert').count()).toBe(0);
    writeFileSync(file, tokensOf(READ));
    await until('the token of before', 10, async () => {
      const headers = { authorization: `Bearer ${READ}` };
      return (await fetch(`${server.url}/api/v1/status`, { headers })).status === 200;
    });
  });
});

it('asks for nothing where there are no tokens', async () => {
  await using free = await TestServer.start();
  await free.push('name=shop', 'main;work 30\n');
  open = await openPage(browser, `${free.url}/?query=shop`);
  await picture(open.page);
  expect(await open.page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
});
