import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAppName } from './app-name.ts';

describe('parseAppName', () => {
  it.each([
    ['shop', 'shop', {}],
    ['shop.eu', 'shop.eu', {}],
    ['shop{}', 'shop', {}],
    ['shop{env=prod}', 'shop', { env: 'prod' }],
    ['shop{env=prod, host=a b ,version=1.2}', 'shop', { env: 'prod', host: 'a b', version: '1.2' }],
    ['shop{k="a,b}\\"c\\\\"}', 'shop', { k: 'a,b}"c\\' }],
    ['shop{empty=,other=x,}', 'shop', { other: 'x' }],
    ['shop{__session_id__=abc,env=x}', 'shop', { env: 'x' }],
    ['магазин{k=ü}', 'магазин', { k: 'ü' }],
  ])('%s', (text, service, labels) => {
    expect(parseAppName(text)).toEqual({ service, labels, profileName: undefined });
  });

  it('takes the name of the type from __name__', () => {
    expect(parseAppName('shop{__name__=mutex}').profileName).toBe('mutex');
  });

  it.each([
    '',
    '{a=b}',
    'shop{a',
    'shop{a=b',
    'shop{a="b}',
    'shop{1a=b}',
    'shop{=b}',
    'shop{a=b}x',
    'shop{service_name=x}',
    'a\nb',
  ])('refuses %j with a sentence', (text) => {
    expect(() => parseAppName(text)).toThrow(expect.objectContaining({ code: 'bad_name' }));
  });

  it('reads back whatever is quoted', () => {
    const value = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.length < 2000);
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_.]{0,10}$/), value, { maxKeys: 5 }),
        (labels) => {
          delete labels.service_name;
          const inside = Object.entries(labels).map(([k, v]) => `${k}="${v.replace(/[\\"]/g, '\\$&')}"`);
          expect(parseAppName(`shop{${inside.join(',')}}`).labels).toEqual(labels);
        },
      ),
    );
  });

  it('never fails otherwise', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseAppName(`s{${text}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_name' });
        }
      }),
    );
  });
});
