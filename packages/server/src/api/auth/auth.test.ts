import { createHmac, timingSafeEqual } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { cookieOf, secretOf } from './credentials.ts';
import { Sessions } from './sessions.ts';
import { allows, digestOf, type Token } from './token.ts';
import { TokenBucket } from './token-bucket.ts';
import { TokenList } from './token-list.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const token = (secret: string, scopes: Token['scopes'] = ['read'], more: Partial<Token> = {}): Token => ({
  name: `token-${secret}`,
  digest: digestOf(secret),
  scopes,
  ...more,
});

beforeEach(() => void vi.mocked(timingSafeEqual).mockClear());

describe('tokens', () => {
  const list = new TokenList(['a', 'b', 'c', 'd'].map((secret) => token(secret)));

  it.each(['a', 'd', 'none of them', '', 'x'.repeat(10_000)])(
    'are compared all of them, in constant time, whatever is sent: %.12s',
    (secret) => {
      const found = list.find(secret);
      expect(found?.name).toBe(/^[a-d]$/.test(secret) ? `token-${secret}` : undefined);
      expect(timingSafeEqual).toHaveBeenCalledTimes(4);
      for (const [left, right] of vi.mocked(timingSafeEqual).mock.calls) {
        expect([left.byteLength, right.byteLength]).toEqual([32, 32]);
      }
    },
  );

  it('may do what their scopes say; admin may do all', () => {
    const may = (scopes: Token['scopes']) =>
      (['ingest', 'read', 'admin'] as const).filter((scope) => allows(token('a', scopes), scope));
    expect(may(['ingest'])).toEqual(['ingest']);
    expect(may(['read'])).toEqual(['read']);
    expect(may(['ingest', 'read'])).toEqual(['ingest', 'read']);
    expect(may(['admin'])).toEqual(['ingest', 'read', 'admin']);
  });

  it('keep what they have used of their rate when others are replaced', () => {
    const slow = token('slow', ['ingest'], { rateLimit: { perSecond: 0.001, burst: 1 } });
    const changing = new TokenList([slow, token('old')]);
    expect(changing.find('slow')?.bucket?.take()).toBe(0);
    changing.replace([slow, token('new')]);
    expect(changing.find('old')).toBeUndefined();
    expect(changing.find('new')?.name).toBe('token-new');
    expect(changing.find('slow')?.bucket?.take()).toBeGreaterThan(900);
    changing.replace([token('slow', ['ingest'], { rateLimit: { perSecond: 0.001, burst: 2 } })]);
    expect(changing.find('slow')?.bucket?.take()).toBe(0);
  });
});

it('takes a burst, then the rate, and says when to come again', () => {
  let now = 0;
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, () => now);
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([0, 0, 0, 0.5]);
  now += 500;
  expect([1, 2].map(() => bucket.take())).toEqual([0, 0.5]);
  now += 3_600_000;
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([0, 0, 0, 0.5]);
});

describe('the Authorization header', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc ', 'abc'],
    [basic('user:abc'), 'abc'],
    [basic(':abc'), 'abc'],
    [basic('user:a:b'), 'a:b'],
    [basic('user:'), undefined],
    [basic('abc'), undefined],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    ['Digest abc', undefined],
    ['abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j', (header, secret) => {
    expect(secretOf(header)).toBe(secret);
  });

  it('is told from cookies, among which ours is found', () => {
    expect(cookieOf('a=1; everflame_session=v1.x; b=2', 'everflame_session')).toBe('v1.x');
    expect(cookieOf('xeverflame_session=1; everflame_session=', 'everflame_session')).toBeUndefined();
    expect(cookieOf(undefined, 'everflame_session')).toBeUndefined();
  });
});

describe('a session', () => {
  let now = Date.UTC(2026, 4, 6);
  const tokens = new TokenList([token('reader'), token('pusher', ['ingest'])]);
  const sessions = new Sessions(tokens, () => now);
  const reader = tokens.all[0];

  it('stands for its token, on every server that knows it, until it is over', () => {
    const session = sessions.start(reader);
    expect(sessions.find(session)?.name).toBe('token-reader');
    expect(new Sessions(new TokenList([token('reader')]), () => now).find(session)?.name).toBe(
      'token-reader',
    );
    expect(new Sessions(new TokenList([token('another')]), () => now).find(session)).toBeUndefined();
    expect(
      new Sessions(new TokenList([token('reader', ['ingest'])]), () => now).find(session),
    ).toBeUndefined();
    expect(timingSafeEqual).toHaveBeenCalled();
    now += 12 * 3_600_000;
    expect(sessions.find(session)).toBeUndefined();
  });

  it('cannot be made up, prolonged or passed to another token', () => {
    const session = sessions.start(reader);
    const [version, end, nonce, mark, signature] = session.split('.');
    const forged = [
      '',
      'v1',
      session.slice(0, -1),
      `${session}0`,
      [version, Number(end) + 1, nonce, mark, signature].join('.'),
      [version, end, nonce.replace(/^./, (c) => (c === '0' ? '1' : '0')), mark, signature].join('.'),
      [version, end, nonce, '0'.repeat(16), signature].join('.'),
      [version, end, nonce, mark, '0'.repeat(64)].join('.'),
      [version, end, nonce, mark, createHmac('sha256', 'guess').update('x').digest('hex')].join('.'),
      sessions.start(tokens.all[1]),
    ];
    for (const one of forged) expect(sessions.find(one), one).toBeUndefined();
    expect(sessions.find(session)).toBeDefined();
  });

  it('is over when it is signed out of; others are not', () => {
    const [first, second] = [sessions.start(reader), sessions.start(reader)];
    expect(first).not.toBe(second);
    sessions.end(first);
    sessions.end('nonsense');
    expect(sessions.find(first)).toBeUndefined();
    expect(sessions.find(second)).toBeDefined();
  });

  it('says nothing of the secret', () => {
    const session = sessions.start(reader);
    expect(session).not.toContain('reader');
    expect(session).not.toContain(reader.digest.toString('hex').slice(0, 8));
  });
});
