import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCES = new URL('..', import.meta.url).pathname;

/** Constants are written large. A pattern that is made while the program runs may come from a user, and holds the thread for as long as it likes. */
const MADE = /\bRegExp\s*\(|\.(match|matchAll|search)\(\s*[a-z]/;

it('makes no regular expression while it runs: those of users go to the engine, which has RE2', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  expect(files.length).toBeGreaterThan(50);
  const guilty = files.filter((file) => MADE.test(readFileSync(join(SOURCES, file), 'utf8')));
  expect(guilty).toEqual([]);
  for (const wrong of ['new RegExp(text)', 'RegExp (text)', 'name.match(text)', 'a.search( pattern )']) {
    expect(MADE.test(wrong), wrong).toBe(true);
  }
  for (const right of [
    'name.match(/a/)',
    '/a/.exec(name)',
    'name.matchAll(PART)',
    'const type: RegExpMatchArray',
  ]) {
    expect(MADE.test(right), right).toBe(false);
  }
});
