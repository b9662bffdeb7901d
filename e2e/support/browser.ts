import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { ensureChromium } from '../../scripts/chromium.mjs';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureChromium(), args: ARGS });
}

export interface WatchedPage {
  readonly page: Page;
  /** What a user would find red in the console, and requests to anywhere but the server. */
  readonly complaints: string[];
}

/** A page whose console and requests are watched. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = { viewport: { width: 1440, height: 900 } },
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const elsewhere = new URL(request.url()).origin !== new URL(url).origin;
    if (elsewhere && !request.url().startsWith('data:')) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** The query of the page's address, decoded. */
export function search(page: Page): string {
  return decodeURIComponent(new URL(page.url()).search.replaceAll('+', ' '));
}

/** What is written in an element as people see it, spaces of all kinds as one. */
export async function words(locator: Locator): Promise<string> {
  return (await locator.innerText()).replace(/\s+/g, ' ');
}
