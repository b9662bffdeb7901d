import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from './error-codes.ts';

it('has every code in the documentation, with its status and what to do', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.*) \|$/gm)].map(([, code, status, advice]) => [
    code,
    { status: Number(status), advice: advice.replaceAll('\\|', '|') },
  ]);
  expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
});
