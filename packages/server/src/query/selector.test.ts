import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSelector } from './selector.ts';

const service = (value: string) => [{ label: 'service_name', operator: '=', value }];

describe('parseSelector', () => {
  it.each([
    ['shop', service('shop'), []],
    [' shop {} ', service('shop'), []],
    ['{service_name="shop"}', service('shop'), []],
    ['{service="shop"}', service('shop'), []],
    ['my shop.eu{env="prod"}', service('my shop.eu'), [{ label: 'env', operator: '=', value: 'prod' }]],
    [
      'shop{a="1", b!="2",c=~"3.*" , d!~"4\\"\\\\",}',
      service('shop'),
      [
        { label: 'a', operator: '=', value: '1' },
        { label: 'b', operator: '!=', value: '2' },
        { label: 'c', operator: '=~', value: '3.*' },
        { label: 'd', operator: '!~', value: '4"\\' },
      ],
    ],
    ['{service_name=~"shop|cart"}', [{ label: 'service_name', operator: '=~', value: 'shop|cart' }], []],
  ])('%s', (text, services, labels) => {
    expect(parseSelector(text)).toEqual({ services, labels });
  });

  it('means every service but its own when it says nothing', () => {
    expect(parseSelector('  ')).toEqual({
      services: [{ label: 'service_name', operator: '!=', value: 'everflame' }],
      labels: [],
    });
    expect(parseSelector('{}')).toEqual({ services: [], labels: [] });
  });

  it.each([
    'shop{',
    'shop{a}',
    'shop{a=b}',
    'shop{a="b"',
    'shop{a="b" c="d"}',
    'shop{a="b"}x',
    'shop{a=="b"}',
  ])('refuses %s', (text) => {
    expect(() => parseSelector(text)).toThrow(
      expect.objectContaining({ code: 'bad_selector', parameter: 'query' }),
    );
  });

  it('never fails otherwise', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseSelector(`{${text}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_selector' });
        }
      }),
    );
  });
});
