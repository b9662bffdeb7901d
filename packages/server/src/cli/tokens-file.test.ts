import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { digestOf } from '../api/auth/token.ts';
import { TokenSource } from './token-source.ts';
import { parseTokens, readTokensOf } from './tokens-file.ts';

const SECRET = 'hunter2-hunter2-hunter2';
const OTHER = 'another-one-of-24-chars';

const dir = mkdtempSync(join(tmpdir(), 'everflame-tokens-'));
afterAll(() => rmSync(dir, { recursive: true }));

const file = (...entries: string[]) => `tokens:\n${entries.map((entry) => `  - {${entry}}`).join('\n')}\n`;
const parse = (text: string) => parseTokens(text, 'tokens.yaml');

describe('a file of tokens', () => {
  it('holds names, secrets or their hashes, scopes and rates', () => {
    const sha256 = digestOf(OTHER).toString('hex').toUpperCase();
    const tokens = parse(
      file(
        `name: agents, token: ${SECRET}, scope: ingest, rate_limit: {per_second: 50}`,
        `name: ops, sha256: ${sha256}, scope: [read, admin], rate_limit: {per_second: 0.5, burst: 9}`,
      ),
    );
    expect(tokens).toEqual([
      {
        name: 'agents',
        digest: digestOf(SECRET),
        scopes: ['ingest'],
        rateLimit: { perSecond: 50, burst: 100 },
      },
      {
        name: 'ops',
        digest: digestOf(OTHER),
        scopes: ['read', 'admin'],
        rateLimit: { perSecond: 0.5, burst: 9 },
      },
    ]);
  });

  it.each([
    ['', 'object'],
    ['tokens: []', 'tokens: '],
    [`tokens: {${SECRET}: ingest}`, 'tokens: '],
    [`tokens: ${SECRET}`, 'tokens: '],
    [`${SECRET}: [\n`, 'is no YAML'],
    [`{"${SECRET}\n`, 'is no YAML'],
    [file(`name: a, token: ${SECRET}`), 'tokens.0.scope: '],
    [file(`name: a, token: ${SECRET}, scope: write`), 'tokens.0.scope: '],
    [file(`name: a, token: ${SECRET}, scope: []`), 'tokens.0.scope: '],
    [file(`name: a, scope: read`), 'either token or sha256'],
    [file(`name: a, token: ${SECRET}, sha256: ${'a'.repeat(64)}, scope: read`), 'either token or sha256'],
    [file(`name: a, sha256: ${SECRET}, scope: read`), 'tokens.0.sha256: '],
    [file(`name: "${SECRET} ", token: ${SECRET}, scope: read`), 'tokens.0.name: '],
    [file('name: a, token: hunter2, scope: read'), 'openssl rand -hex 32'],
    [file('name: a, token: "hunter2 hunter2 hunter2", scope: read'), 'printable ASCII'],
    [file(`name: a, token: ${SECRET}, scope: read, ${SECRET}: 1`), 'a key that is not known'],
    [file(`name: a, token: ${SECRET}, scope: read, rate_limit: {per_second: 0}`), 'rate_limit.per_second'],
    [
      file(`name: a, token: ${SECRET}, scope: read`, `name: a, token: ${OTHER}, scope: read`),
      'name a is there twice',
    ],
    [
      file(`name: a, token: ${SECRET}, scope: read`, `name: b, token: ${SECRET}, scope: read`),
      'a and b have the same',
    ],
  ])('is refused with what is wrong, and without its text: %j', (text, mentions) => {
    let message = '';
    try {
      parse(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('ConfigError: tokens_file: tokens.yaml');
    expect(message).toContain(mentions);
    expect(message).not.toContain('hunter2');
  });
});

describe('tokens of the environment', () => {
  it('are several in a variable, and one where two variables hold the same', () => {
    const tokens = readTokensOf({
      EVERFLAME_INGEST_TOKEN: `${SECRET}, ${OTHER}`,
      EVERFLAME_READ_TOKEN: OTHER,
      EVERFLAME_ADMIN_TOKEN: '',
    });
    expect(tokens).toEqual([
      { name: 'ingest-1', digest: digestOf(SECRET), scopes: ['ingest'] },
      { name: 'ingest-2', digest: digestOf(OTHER), scopes: ['ingest', 'read'] },
    ]);
  });

  it.each(['hunter2', ',', `${SECRET},`, `${SECRET},a b c d e f g h i j k`])('are refused: %j', (text) => {
    expect(() => readTokensOf({ EVERFLAME_READ_TOKEN: text })).toThrow('EVERFLAME_READ_TOKEN: a token must');
    expect(() => readTokensOf({ EVERFLAME_READ_TOKEN: text })).not.toThrow('hunter2');
  });
});

it('reads the file again when it changes; a broken one changes nothing but the log, once', () => {
  const path = join(dir, 'tokens.yaml');
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const given = readTokensOf({ EVERFLAME_ADMIN_TOKEN: 'of-the-environment' });
  writeFileSync(path, file(`name: a, token: ${SECRET}, scope: ingest`));
  const source = new TokenSource({ given, file: path }, logger);
  const known = () => [SECRET, OTHER, 'of-the-environment'].map((secret) => source.list.find(secret)?.name);
  expect(known()).toEqual(['a', undefined, 'admin-1']);
  source.reload();
  expect(lines).toEqual([]);

  for (const broken of ['tokens: [', `tokens: ${SECRET}`]) {
    writeFileSync(path, broken);
    source.reload();
    source.reload();
  }
  rmSync(path);
  source.reload();
  writeFileSync(
    path,
    file(`name: a, token: ${SECRET}, scope: ingest`, 'name: b, token: of-the-environment, scope: read'),
  );
  source.reload();
  expect(known()).toEqual(['a', undefined, 'admin-1']);
  expect(lines.map((line) => JSON.parse(line).level)).toEqual([50, 50, 50, 50]);

  writeFileSync(path, file(`name: b, token: ${OTHER}, scope: ingest`));
  source.reload();
  expect(known()).toEqual([undefined, 'b', 'admin-1']);
  expect(JSON.parse(lines[4])).toMatchObject({ level: 30, tokens: ['admin-1', 'b'] });
  for (const secret of [SECRET, OTHER, 'of-the-environment']) expect(lines.join('')).not.toContain(secret);
  source.stop();
});
