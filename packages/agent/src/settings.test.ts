import { describe, expect, it } from 'vitest';
import { formatName, guessServiceName } from './naming.ts';
import { parseServerUrl } from './server-url.ts';
import { resolveSettings } from './settings.ts';

const resolve = (options = {}, env = {}) => {
  const warnings: string[] = [];
  const logger = { info: () => {}, warn: (text: string) => warnings.push(text) };
  return { ...resolveSettings(options, env, logger), warnings };
};

describe('settings', () => {
  it('arguments come before the environment, the environment before defaults', () => {
    const env = {
      EVERFLAME_SERVICE_NAME: 'env',
      EVERFLAME_RATE: '50',
      EVERFLAME_LABELS: 'a=1, b=2',
      EVERFLAME_MEMORY: '1',
    };
    expect(resolve({ serviceName: 'arg', labels: { b: 3 } }, env)).toMatchObject({
      serviceName: 'arg',
      rate: 50,
      wallRate: 20,
      labels: { a: '1', b: '3' },
      memory: 'live',
      warnings: [],
    });
  });

  it('a wrong variable is said, and its default is used', () => {
    const env = {
      EVERFLAME_RATE: 'fast',
      EVERFLAME_WINDOW: '0',
      EVERFLAME_SERVER: 'localhost:5555',
      EVERFLAME_MEMORY: 'all',
      EVERFLAME_ENABLED: 'maybe',
      EVERFLAME_LABELS: 'nonsense',
    };
    const settings = resolve({}, env);
    expect(settings).toMatchObject({ rate: 100, window: 10, memory: 'off', enabled: true });
    expect(settings.server.text).toBe('http://127.0.0.1:5555');
    expect(settings.warnings).toHaveLength(6);
  });

  it.each([
    [{ rate: '100' }, TypeError],
    [{ rate: 2000 }, RangeError],
    [{ server: 'ftp://x' }, RangeError],
    [{ server: 'http://me:secret@x' }, RangeError],
    [{ labels: 'a=1' }, TypeError],
    [{ spans: 'yes' }, TypeError],
    [{ memory: 'all' }, RangeError],
    [{ serviceName: 7 }, TypeError],
  ])('a wrong argument throws: %o', (options, error) => {
    expect(() => resolve(options)).toThrow(error);
  });
});

it.each([
  ['https://host/prefix/', { https: true, host: 'host', port: 443, path: '/prefix', authority: 'host' }],
  ['http://[::1]:5555', { https: false, host: '::1', port: 5555, path: '', authority: '[::1]:5555' }],
])('server %s', (text, parts) => {
  expect(parseServerUrl(text)).toMatchObject(parts);
});

it.each([
  ['/srv/shop/checkout.js', 'checkout'],
  ['/srv/shop/dist/index.mjs', 'shop'],
  ['/srv/shop/server.ts', 'shop'],
  ['', 'node'],
])('the name of %s', (script, name) => {
  expect(guessServiceName(script)).toBe(name);
});

it('names are quoted where they must be', () => {
  expect(formatName('shop', { b: 'x', a: 'y, "z"' })).toBe('shop{a="y, \\"z\\"",b=x}');
});
